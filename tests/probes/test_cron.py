"""Cron: is the daemon there, is the job's file fresh, did its unit succeed."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.probes.host_samples import told
from tests.probes.ssh_servers import RealServer, sshd
from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, Target
from webmon.probes.cron import CronConfig, judge, probe_cron
from webmon.probes.over_ssh.commands import authorized_keys_line, sections
from webmon.probes.ssh_access import SshTarget

INACTIVE = "inactive\ninactive\ninactive\ninactive\ninactive\ninactive"
PROCESSES = "systemd\nsshd\nbash"


def judged(output: str, **config: object) -> tuple[Status, str]:
    status, message, _ = judge(CronConfig.model_validate(config), sections(output))
    return status, message


def test_a_daemon_that_systemd_knows_is_up() -> None:
    states = INACTIVE.replace("inactive", "active", 1)
    assert judged(told(active=(states, 0))) == (Status.UP, "cron is running")
    second = "inactive\nactive\n" + "inactive\n" * 4
    assert judged(told(active=(second, 0))) == (Status.UP, "crond is running")


@pytest.mark.parametrize(
    "output",
    [
        told(active=("", 127), comm="init\ncrond\nsh"),
        told(active=("", 127), comm=("", 1), ps="/sbin/launchd\n/usr/sbin/cron"),
        told(active=("", 127), ps=("", 1), busybox_ps="COMMAND\ninit\ncrond"),
        told(active=("", 127), launchd=("com.vix.cron = {\n  state = waiting\n}", 0)),
    ],
)
def test_a_daemon_is_found_without_systemd(output: str) -> None:
    assert judged(output)[0] is Status.UP


def test_a_daemon_that_is_not_there_is_down() -> None:
    output = told(active=(INACTIVE, 3), comm=PROCESSES)
    assert judged(output) == (
        Status.DOWN,
        "no cron daemon is running (looked for cron and crond)",
    )
    assert judged(told(active="inactive", comm=PROCESSES), service_name="fcron.service") == (
        Status.DOWN,
        "fcron is not running",
    )


INACTIVE_CRON = "Id=cron.service\nLoadState=loaded\nActiveState=failed"
NOT_FOUND = "Id=crond.service\nLoadState=not-found\nActiveState=inactive"


def test_the_word_of_systemd_stands_over_the_name_of_a_process() -> None:
    output = told(active=(INACTIVE, 3), loaded=f"{INACTIVE_CRON}\n\n{NOT_FOUND}", comm="cron")
    assert judged(output) == (
        Status.DOWN,
        "cron is not running: systemd says that it is failed",
    )
    assert judged(told(active=(INACTIVE, 3), loaded=NOT_FOUND, comm="cron"))[0] is Status.UP


@pytest.mark.parametrize(
    ("process", "status"),
    [
        ("cron S 0::/system.slice/other.scope", Status.UP),
        ("cron Z 0::/", Status.DOWN),
        ("cron S 0::/system.slice/docker-0123.scope", Status.DOWN),
        ("cron S 12:pids:/kubepods/besteffort/pod1", Status.DOWN),
        ("cron S 0::/machine.slice/libpod-1.scope/container", Status.DOWN),
    ],
)
def test_who_runs_in_a_container_or_is_dead_is_not_the_hosts_daemon(
    process: str, status: Status
) -> None:
    output = told(active=(INACTIVE, 3), daemons=process, comm="cron", ps="cron")
    assert judged(output)[0] is status


def test_a_host_that_does_not_show_its_processes_is_not_down() -> None:
    assert judged(told(active=("", 127), ps=("", 127)))[0] is Status.UNKNOWN


FRESH = {"job_file": "/var/log/job.log", "max_age": "25h", "service_name": "crond"}
RUNS = {"active": "active", "date": "1000000"}


def test_a_fresh_file_is_up_and_an_old_one_down() -> None:
    assert judged(told(**RUNS, stat="996400"), **FRESH) == (
        Status.UP,
        "crond is running; /var/log/job.log was written 1 h ago",
    )
    assert judged(told(**RUNS, stat=("", 1), bsd_stat="900000"), **FRESH) == (
        Status.DOWN,
        "/var/log/job.log was written 1 d 3 h ago, allowed are 1 d 1 h",
    )
    assert (
        judged(told(**RUNS, stat=("", 127), bsd_stat=("", 127), date_r="999999"), **FRESH)[0]
        is Status.UP
    )


@pytest.mark.parametrize(
    ("ahead", "status"), [(30, Status.UP), (299, Status.UP), (400 * 86400, Status.DOWN)]
)
def test_a_file_from_the_future_is_not_fresh(ahead: int, status: Status) -> None:
    output = told(**RUNS, stat=str(1000000 + ahead), file="x", folder="x")
    found, message = judged(output, **FRESH)
    assert found is status
    assert ("in the future" in message) is (status is Status.DOWN)


def test_a_file_that_is_not_there_is_down() -> None:
    gone = told(**RUNS, file=("", 2), folder="/var/log/", stat=("", 1))
    assert judged(gone, **FRESH) == (
        Status.DOWN,
        "/var/log/job.log does not exist, or may not be seen",
    )
    assert "the folder of" in judged(told(**RUNS, file=("", 2), folder=("", 2)), **FRESH)[1]
    assert judged(told(**RUNS, file="/var/log/job.log"), **FRESH)[0] is Status.UNKNOWN


TIMER = "Id=backup.timer\nLoadState=loaded\nActiveState=active\nResult=success"
RUN = (
    "Id=backup.service\nLoadState=loaded\nActiveState=inactive\nResult=success\n"
    "ExecMainStatus=0\nExecMainExitTimestamp=Mon 2026-11-23 02:00:05 UTC"
)


@pytest.mark.parametrize(
    ("unit", "run", "status", "message"),
    [
        (
            TIMER,
            RUN,
            Status.UP,
            "the last run of backup.service succeeded (Mon 2026-11-23 02:00:05 UTC)",
        ),
        (
            TIMER,
            RUN.replace("Result=success", "Result=exit-code").replace("Status=0", "Status=3"),
            Status.DOWN,
            "the last run of backup.service failed: exit status 3 (Mon 2026-11-23 02:00:05 UTC)",
        ),
        (
            TIMER,
            RUN.replace("Result=success", "Result=timeout"),
            Status.DOWN,
            "the last run of backup.service failed: timeout (Mon 2026-11-23 02:00:05 UTC)",
        ),
        (
            TIMER,
            RUN.partition("ExecMainExit")[0],
            Status.UP,
            "backup.service has not run yet",
        ),
        (
            TIMER.replace("=active", "=inactive"),
            RUN,
            Status.DOWN,
            "backup.timer is not active: it starts nothing",
        ),
        (
            "Id=backup.timer\nLoadState=not-found",
            "",
            Status.DOWN,
            "there is no unit backup.timer",
        ),
        ("", "", Status.UNKNOWN, "systemd is not available on this host"),
    ],
)
def test_a_unit_is_judged_by_its_last_run(
    unit: str, run: str, status: Status, message: str
) -> None:
    assert judged(told(unit=unit, run=run), unit="backup.timer") == (status, message)


NOW = "1795428000"  # Mon 2026-11-23 10:00:00 UTC
NEXT = "\nNextElapseUSecRealtime={}\nNextElapseUSecMonotonic={}"
TOMORROW = TIMER + NEXT.format("Tue 2026-11-24 02:00:00 UTC", "infinity")
NEVER = TIMER + NEXT.format("", "infinity")
STARTED = "ExecMainStartTimestamp={}\nExecMainExitTimestamp="


@pytest.mark.parametrize(
    ("unit", "run", "config", "status", "message"),
    [
        (TOMORROW, RUN, {}, Status.UP, "succeeded"),
        (TOMORROW, RUN, {"max_age": "25h"}, Status.UP, "succeeded"),
        (TOMORROW, RUN, {"max_age": "7h"}, Status.DOWN, "was 7 h 59 min ago, allowed are 7 h"),
        (NEVER, RUN, {}, Status.DOWN, "backup.timer has no next run; the last was 7 h 59 min ago"),
        (
            NEVER,
            RUN.partition("ExecMainExit")[0],
            {},
            Status.DOWN,
            "backup.timer has no next run; it has never run",
        ),
        (
            NEVER,
            RUN.partition("ExecMainExit")[0].replace("inactive", "activating")
            + STARTED.format("Thu 2026-03-12 03:09:01 CET"),
            {},
            Status.DOWN,
            "backup.service hangs: it has been running for 256 d",
        ),
        (
            NEVER,
            RUN.partition("ExecMainExit")[0].replace("inactive", "activating")
            + STARTED.format("Mon 2026-11-23 09:00:00 UTC"),
            {"max_age": "25h"},
            Status.UP,
            "backup.service is running",
        ),
    ],
)
def test_a_timer_has_an_age(
    unit: str, run: str, config: dict[str, str], status: Status, message: str
) -> None:
    output = told(unit=unit, run=run, date=NOW, zone="+0100")
    found, said = judged(output, unit="backup.timer", **config)
    assert (found, message in said) == (status, True), said


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"job_file": "/x"}, "is required with job_file"),
        ({"max_age": "1h"}, "needs job_file"),
        ({"job_file": "/x", "max_age": "0s"}, "between 1s and 366d"),
        ({"job_file": "x", "max_age": "1h"}, "must be an absolute path"),
        ({"job_file": "/x'; reboot; '", "max_age": "1h"}, "must be an absolute path"),
        ({"job_file": "/x\ny", "max_age": "1h"}, "must be an absolute path"),
        ({"job_file": "/$(reboot)", "max_age": "1h"}, "must be an absolute path"),
        ({"unit": "a b"}, "must be a name"),
        ({"unit": "--all"}, "must be a name"),
        ({"service_name": "cron`id`"}, "must be a name"),
        ({"command": "reboot"}, "Extra inputs"),
    ],
)
def test_what_could_be_a_command_is_refused(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CronConfig.model_validate(config)


@given(st.text())
def test_all_that_is_accepted_is_harmless_in_a_shell(text: str) -> None:
    try:
        config = CronConfig(job_file="/" + text, max_age="1h", unit=text, service_name=text)
    except ValidationError:
        return
    assert not set("'\"$`\\\n!;&|<>*?") & set("".join(config.command.arguments))


@given(
    st.dictionaries(
        st.sampled_from(["active", "comm", "ps", "stat", "date", "unit", "run", "launchd"]),
        st.text(max_size=100) | st.text("0123456789=²\n", max_size=20),
    )
)
def test_garbage_never_raises(garbage: dict[str, str]) -> None:
    judged(told(**garbage), job_file="/x", max_age="1h", unit="x.timer")


# --- a real machine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


async def look(server: RealServer, **config: object) -> Outcome:
    target = Target("127.0.0.1", ssh=SshTarget(server.access))
    return await probe_cron(CronConfig.model_validate(config), target, 8)


@pytest.mark.parametrize("is_forced", [False, True])
async def test_a_real_machine_is_looked_at(
    server: RealServer, tmp_path: Path, is_forced: bool
) -> None:
    file = tmp_path / "job one.log"
    file.write_text("done")
    two_hours_ago = time.time() - 7200
    os.utime(file, (two_hours_ago, two_hours_ago))
    fresh = {"service_name": "sshd", "job_file": str(file), "max_age": "3h"}
    old, gone = fresh | {"max_age": "1h"}, fresh | {"job_file": f"{file}.1"}
    wanted = [fresh, old, gone, {"service_name": "no-such-daemon"}]
    if is_forced:
        configs = [CronConfig.model_validate(each) for each in wanted]
        server.authorized.write_text(authorized_keys_line(server.access, configs) + "\n")
    outcomes = [await look(server, **each) for each in wanted]
    assert [re.sub(r"2 h \d+ s", "2 h", each.message) for each in outcomes] == [
        f"sshd is running; {file} was written 2 h ago",
        f"{file} was written 2 h ago, allowed are 1 h",
        f"{file}.1 does not exist, or may not be seen",
        "no-such-daemon is not running",
    ]
    assert [each.status for each in outcomes] == [Status.UP, *[Status.DOWN] * 3]
    if is_forced:
        other = await look(server, service_name="sshd")
        assert other.message == (
            "the line in authorized_keys does not allow this check: install the present line"
        )
        server.authorized.write_text(f"{server.access.public_key}\n")
