"""Host metrics: read on several systems, judged by thresholds, and asked of a real machine."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.probes import host_samples
from tests.probes.host_samples import told
from tests.probes.ssh_servers import Manners, RealServer, misbehaving, sshd
from tests.product import eventually
from webmon.commands.validation import validated
from webmon.domain.checks.status import Status
from webmon.errors import Invalid
from webmon.probes.base import Outcome, Target
from webmon.probes.host_metrics import METRICS, HostMetricsConfig, judge, probe_host_metrics
from webmon.probes.over_ssh import session
from webmon.probes.over_ssh.commands import authorized_keys_line, sections
from webmon.probes.over_ssh.host_facts import read_facts
from webmon.probes.ssh_access import SshAccess, SshTarget

DEFAULTS = HostMetricsConfig()


def facts(output: str):
    return read_facts(sections(output))


def judged(output: str, **config: object) -> tuple[Status, str]:
    status, message, _ = judge(HostMetricsConfig.model_validate(config), facts(output))
    return status, message


def test_debian_tells_everything() -> None:
    seen = facts(host_samples.DEBIAN)
    assert (seen.system, seen.uptime_seconds, seen.cpus) == ("Linux", 1036800, 4)
    assert (seen.loads, seen.memory_percent) == ((0.42, 1.1, 2.35), 25.0)
    assert [(disk.mount, disk.used_percent, disk.inodes_percent) for disk in seen.disks] == [
        ("/", 95.4, 7.0),
        ("/srv/big data", 10.5, 91.0),
    ]
    assert seen.disks[0].free_bytes == 1780004 * 1024


def test_busybox_tells_what_it_has() -> None:
    seen = facts(host_samples.BUSYBOX)
    assert (seen.uptime_seconds, seen.cpus, seen.loads) == (321, 1, (0.0, 0.01, 0.05))
    assert seen.memory_percent == 39.5
    assert [(disk.mount, disk.used_percent) for disk in seen.disks] == [
        ("/overlay", 21.7),
        ("/", 21.7),
    ]


def test_freebsd_tells_by_sysctl() -> None:
    seen = facts(host_samples.FREEBSD)
    assert (seen.uptime_seconds, seen.cpus, seen.loads) == (604800, 2, (0.25, 0.31, 0.28))
    assert seen.memory_percent == 31.2
    assert [(disk.mount, disk.used_percent, disk.inodes_percent) for disk in seen.disks] == [
        ("/", 40.0, 0.4),
        ("/usr/home", 20.0, 0.0),
    ]


def test_macos_tells_by_sysctl_and_vm_stat() -> None:
    seen = facts(host_samples.MAC)
    assert (seen.system, seen.uptime_seconds, seen.loads) == ("Darwin", 86400, (1.89, 2.04, 2.11))
    assert seen.memory_percent == 81.0
    assert [disk.mount for disk in seen.disks] == ["/", "/System/Volumes/Data"]


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (" 10:00:00 up 12 days,  3:04,  1 user,  load average: 0.1, 0.2, 0.3", 1047840),
        ("10:00  up 5 mins, 2 users, load averages: 1.00 1.00 1.00", 300),
        ("10:00AM  up 2 hrs, 1 user, load averages: 1.00, 1.00, 1.00", 7200),
        ("up since yesterday", None),
    ],
)
def test_the_words_of_uptime_are_the_last_resort(line: str, seconds: int | None) -> None:
    assert facts(told(uptime=line)).uptime_seconds == seconds


def test_full_disks_and_used_up_inodes_are_named() -> None:
    assert judged(host_samples.DEBIAN) == (
        Status.DOWN,
        "/ is 95 % full (1.8 GB free); /srv/big data has 91 % of its inodes used",
    )
    assert judged(host_samples.DEBIAN, disk_down_percent=99)[0] is Status.DEGRADED
    assert judged(host_samples.DEBIAN, disk_warn_percent=96, disk_down_percent=99)[0] is Status.UP


def test_only_the_mounts_that_are_wanted_count_of_any_kind() -> None:
    assert judged(host_samples.DEBIAN, mounts="/run") == (
        Status.UP,
        "/run is 0 % full, load 0.42, memory 25 % used, up for 12 d",
    )
    assert judged(host_samples.DEBIAN, mounts=["/run", "/backup/"]) == (
        Status.DOWN,
        "/backup is not mounted",
    )


HEAD = "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
ROOT = "/dev/sda1 1000 200 800 20% /\n"


@pytest.mark.parametrize(
    ("rows", "mounts"),
    [
        ("composefs 5888 5888 0 100% /\n", "composefs / overlay ro,relatime 0 0"),
        ("/dev/root 223 223 0 100% /\n", "/dev/root / erofs ro,relatime 0 0"),
        (ROOT + "/dev/loop3 14 14 0 100% /media/x\n", "/dev/loop3 /media/x erofs ro 0 0"),
        (ROOT + "/dev/sr0 14 14 0 100% /media/x\n", "/dev/sr0 /media/x udf ro 0 0"),
        (ROOT + "a.AppImage 9 9 0 100% /tmp/.m\n", "a.AppImage /tmp/.m fuse.a.AppImage ro 0 0"),
        (ROOT + "/dev/md0 9 9 0 100% /x\n", "/dev/md0 on /x (ufs, local, read-only)"),
    ],
)
def test_what_nobody_can_write_to_is_not_full(rows: str, mounts: str) -> None:
    table = {"mount": mounts} if " on " in mounts else {"mounts": mounts}
    assert judged(told(df=HEAD + rows, proc_uptime="9000.1 1", **table))[0] is Status.UP


def test_a_disk_that_can_be_written_to_is_full_of_any_kind() -> None:
    output = told(df=HEAD + "/dev/root 223 223 0 100% /\n", mounts="/dev/root / erofs rw 0 0")
    assert judged(output)[0] is Status.DOWN


def test_numbers_below_zero_are_read() -> None:
    """BSD counts what is reserved for root below zero."""
    rows = ROOT + "/dev/ada0p4 3096462 2989082 -140336 105% /usr\n"
    for config in ({}, {"mounts": ["/usr"]}):
        assert judged(told(df=HEAD + rows), **config) == (
            Status.DOWN,
            "/usr is 100 % full (0 B free)",
        )
    rows = ROOT + "/dev/sdg1 3904559104 -13780984 3918340088 - /srv\n"
    status, message = judged(told(df=HEAD + rows))
    assert status is Status.DOWN
    assert message.startswith("/srv has damaged counters")


def test_binds_and_subvolumes_are_mounted() -> None:
    mounts = "/dev/sda1 / ext4 rw 0 0\n/dev/sda1 /srv/my\\040data ext4 rw 0 0\n/dev/b /b xfs rw 0 0"
    output = told(df=HEAD + ROOT, mounts=mounts)
    assert judged(output, mounts=["/srv/my data"])[0] is Status.UP
    assert judged(output, mounts=["/b"]) == (Status.DOWN, "/b is not mounted")


def test_a_mount_that_hangs_is_named_and_takes_no_other_facts_along() -> None:
    output = told(df=HEAD + ROOT + "hung /mnt/far away\n", proc_loadavg="0.42 1.10 2.35 2/5 1")
    status, message, evidence = judge(DEFAULTS, facts(output))
    assert (status, message) == (Status.DOWN, "/mnt/far away does not answer: df hangs there")
    assert (evidence["load_1m"], evidence["disks"][0]["mount"]) == (0.42, "/")
    assert judged(output, mounts=["/"])[0] is Status.UP
    assert judged(output, mounts=["/mnt/far away"])[0] is Status.DOWN


def is_gone(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_df_that_hangs_is_ended(tmp_path: Path, shell: str) -> None:
    """Run for real, with a ``df`` that hangs for every argument."""
    df = tmp_path / "df"
    df.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/started\nexec sleep 600\n")
    df.chmod(0o755)
    line = METRICS.line.replace("0.4 0.4 0.5", "").replace("0.1 0.2 0.3", "0.1")
    done = subprocess.run(
        [shell, "-c", line],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    seen = facts(done.stdout)
    assert seen.hung[-1] == "local disks"
    assert seen.loads is not None
    assert done.stdout.endswith("@@ end\n")
    for pid in (tmp_path / "started").read_text().split():
        eventually(lambda pid=pid: is_gone(pid))  # a killed process still has to end


def test_the_cache_of_zfs_can_be_had_back() -> None:
    sizes = "c_min 4 1048576\nsize 4 3145728000\nhits 4 12"
    output = told(meminfo="MemTotal: 8000000 kB\nMemAvailable: 2000000 kB", arcstats=sizes)
    assert facts(output).memory_percent == pytest.approx(36.6, abs=0.1)


def test_load_and_memory_count_where_a_limit_is_given() -> None:
    only = {"mounts": "/run"}
    assert judged(host_samples.DEBIAN, **only, load_warn=1.0, memory_warn_percent=20) == (
        Status.DEGRADED,
        "the load of the last 5 minutes is 1.1 (4 processors); 25 % of the memory is used",
    )
    assert judged(host_samples.DEBIAN, **only, load_warn=1.2)[0] is Status.UP


def test_a_restart_is_evidence() -> None:
    status, message, evidence = judge(DEFAULTS, facts(host_samples.BUSYBOX))
    assert (status, evidence["rebooted"]) == (Status.UP, True)
    assert message.endswith("restarted 5 min 21 s ago")


def test_what_a_host_cannot_tell_is_not_available_and_not_down() -> None:
    status, message, evidence = judge(DEFAULTS, facts(told(uname="Minix", df=("", 127))))
    assert (status, message) == (
        Status.UNKNOWN,
        "none of what is looked at is available on this host",
    )
    assert "disks" in evidence["not_available_on_this_host"]
    assert judged(told(proc_uptime="5000.0 1.0")) == (Status.UP, "up for 1 h 23 min")


@given(st.text())
def test_garbage_never_raises(text: str) -> None:
    judge(DEFAULTS, facts(text))


NAMES = ["df", "inodes", "mounts", "mount", "meminfo", "vm_stat", "memsize", "vm_stats", "uptime"]
NAMES += ["proc_uptime", "proc_loadavg", "vm_loadavg", "boottime", "date", "getconf", "uname"]
LIKELY = st.text("0123456789 /%:.,-={}\n²٣abMTu()\x00\t", max_size=200)


@given(st.dictionaries(st.sampled_from(NAMES), LIKELY | st.binary(max_size=50).map(repr)))
def test_garbage_in_a_section_never_raises(garbage: dict[str, str]) -> None:
    judge(DEFAULTS, facts(told(**garbage)))
    judge(
        DEFAULTS,
        facts(
            told(
                df=host_samples.DEBIAN_DF + garbage.get("df", ""),
                **{name: text for name, text in garbage.items() if name != "df"},
            )
        ),
    )


@pytest.mark.parametrize(
    "config",
    [
        {"disk_warn_percent": 101},
        {"disk_warn_percent": 90, "disk_down_percent": 80},
        {"mounts": "var"},
        {"mounts": "/a\x00b"},
        {"load_warn": 0},
        {"command": "reboot"},
    ],
)
def test_impossible_settings_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HostMetricsConfig.model_validate(config)


def test_what_must_be_more_than_nothing_is_not_said_to_begin_with_it() -> None:
    with pytest.raises(Invalid, match=r"^load_warn: must be more than 0$"):
        validated(HostMetricsConfig, {"load_warn": 0})


# --- a real machine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


async def look(access: SshAccess, *, timeout: float = 8, **config: object) -> Outcome:
    target = Target("127.0.0.1", ssh=SshTarget(access))
    return await probe_host_metrics(HostMetricsConfig.model_validate(config), target, timeout)


async def test_a_real_machine_is_read(server: RealServer) -> None:
    outcome = await look(server.access, mounts="/", disk_warn_percent=100, disk_down_percent=100)
    assert outcome.status is Status.UP, outcome
    assert outcome.evidence["os_uptime_seconds"] == pytest.approx(
        float(Path("/proc/uptime").read_text().split()[0]), abs=10
    )
    assert outcome.evidence["disks"][0]["mount"] == "/"
    assert 0 < outcome.evidence["memory_percent"] < 100
    assert outcome.evidence["login_ms"] > 0


async def test_the_forced_command_allows_this_and_nothing_else(server: RealServer) -> None:
    server.authorized.write_text(authorized_keys_line(server.access, [DEFAULTS]) + "\n")
    try:
        assert (await look(server.access, mounts="/proc")).status in (Status.UP, Status.DOWN)
        key = server.authorized.parent / "client_key"
        key.write_text(server.access.private_key.get_secret_value())
        key.chmod(0o600)
        for command in ("id", "id # webmon-metrics", f"{METRICS.label} ; id", "sh", ""):
            attempt = subprocess.run(
                [
                    "ssh",
                    "-F",
                    "none",
                    "-i",
                    key,
                    "-p",
                    str(server.port),
                    "-o",
                    "BatchMode=yes",
                    "-o",
                    "StrictHostKeyChecking=no",
                    "-o",
                    "UserKnownHostsFile=/dev/null",
                    f"{server.access.user}@127.0.0.1",
                    command,
                ],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
            assert (attempt.stdout, attempt.returncode) == ("@@ refused\n", 1), command
    finally:
        server.authorized.write_text(f"{server.access.public_key}\n")


FREE = {87: "13 MB", 99: "1.0 MB"}
STEPS = [(50, Status.UP), (87, Status.DEGRADED), (99, Status.DOWN), (10, Status.UP)]
"""How full a disk becomes, in percent, and what follows."""


def test_a_disk_that_fills_is_degraded_then_down_and_then_up_again() -> None:
    for percent, status in STEPS:
        row = f"/dev/sdc1 100000 {percent * 1000} {(100 - percent) * 1000} {percent}% /x\n"
        assert judged(told(df=row)) == (
            status,
            f"/x is {percent} % full" + ("" if status is Status.UP else f" ({FREE[percent]} free)"),
        )


@contextmanager
def mounted(folder: Path) -> Iterator[bool]:
    """A small file system at ``folder``, where this user and machine allow it."""
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    can = subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
    try:
        yield can
    finally:
        if can:
            subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_real_disk_that_fills_does_the_same(
    server: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LINGER_SECONDS", 0)
    with mounted(tmp_path) as is_mounted:
        for percent, status in STEPS if is_mounted else []:  # else: as with the samples above
            (tmp_path / "filling").write_bytes(bytes(percent * 1024 * 1024 // 100))
            outcome = await look(server.access, mounts=str(tmp_path))
            assert outcome.status is status, outcome


# --- servers that answer otherwise


async def answered(manners: Manners, **config: object) -> Outcome:
    with misbehaving(manners) as port:
        access = SshAccess(user="webmon", port=port, password="right")
        return await look(access, timeout=1, **config)


async def test_a_busybox_is_read_over_the_wire() -> None:
    manners = Manners()
    manners.output = host_samples.BUSYBOX.encode()
    outcome = await answered(manners)
    assert (outcome.status, outcome.evidence["memory_percent"]) == (Status.UP, 39.5)
    assert manners.asked == [METRICS.line]


async def test_a_host_that_runs_no_commands_is_down_and_says_so() -> None:
    manners = Manners()
    manners.takes_commands = False
    outcome = await answered(manners)
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith("the host runs no commands")


async def test_an_account_without_shell_is_quoted() -> None:
    manners = Manners()
    manners.output = b"This account is currently not available.\n"
    outcome = await answered(manners)
    assert outcome.message == (
        "the host did not run the commands: “This account is currently not available.”"
    )


@pytest.mark.parametrize("output", [b"\xff\xfe\x00@@ ", b"@@ end", b"\n@@ df\n" * 99, b""])
async def test_garbage_over_the_wire_is_an_outcome(output: bytes) -> None:
    manners = Manners()
    manners.output = output
    assert (await answered(manners)).status in (Status.DOWN, Status.UNKNOWN)


async def test_a_command_that_hangs_ends_with_the_check_and_names_the_step() -> None:
    manners = Manners()
    manners.output = b"@@ uname\nLinux\n@= 0\n@@ df\n"
    manners.hangs_before_output = True
    outcome = await answered(manners)
    assert (outcome.status, outcome.message) == (
        Status.DOWN,
        "no answer within 1 s (running a command, which hangs at df)",
    )


async def test_without_access_nothing_is_tried() -> None:
    outcome = await probe_host_metrics(DEFAULTS, Target("127.0.0.1"), 1)
    assert (outcome.status, outcome.message) == (
        Status.UNKNOWN,
        "the host has no SSH access: give it a user, and a key or a password",
    )
