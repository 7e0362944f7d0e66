"""The `host_metrics` probe: disks, load, memory and uptime, with nothing installed on the host."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from webmon.domain.checks.status import Status
from webmon.domain.durations import in_words
from webmon.probes.base import Outcome, Target
from webmon.probes.over_ssh.commands import Command, OverSsh, Section
from webmon.probes.over_ssh.host_facts import FAR, KERNELS, Disk, Facts, mounts_of, read_facts
from webmon.probes.ssh import probe_by_command
from webmon.probes.wire.families import AddressFamily

TOLD_OF_DISKS = ("mount", "used_percent", "free_bytes", "inodes_percent")

REBOOTED_SECONDS = 600
"""A host that has been up for less than this has been restarted just now."""

DISKS = (
    "hung=; "
    "ends() { if [ -r /proc/$1/stat ]; then read -r _ _ state _ < /proc/$1/stat; "
    'else state=$(ps -o stat= -p $1); fi; case $state in Z*|"") return 0;; esac; return 1; }; '
    "ends_soon() { for nap in 0.01 0.02 0.05 0.1 0.2 0.3 0.4 0.4 0.5; do ends $1 && return 0; "
    "sleep $nap || sleep 1; done; ends $1; }; "
    'ask() { df -P "$@" & job=$!; ends_soon $job && return 0; kill -9 $job; return 1; }; '
    'far() { case "$hung" in *"|$2|"*) return;; esac; '
    '[ -n "$busy" ] || busy=$(ps -A -o args=; echo .); case "$busy" in *"df -P $1 $2"*) ;; '
    '*) ask "$1" "$2" && return;; esac; hung="$hung|$2|"; echo "hung $2"; }; '
    "disks() { flag=$1; busy=; "
    "if [ -r /proc/mounts ]; then shift; while read -r _ dir kind _; do "
    'case $dir in *\\*) dir=$(printf %b. "$dir"); dir=${dir%.};; esac; '
    f'case $kind in {"|".join(KERNELS)}) continue;; {"|".join(FAR)}) far $flag "$dir";; '
    '*) set -- "$@" "$dir";; esac; done < /proc/mounts; set -- $flag "$@"; fi; '
    'ask "$@" || echo "hung local disks"; }; '
)
"""``disks -k`` is ``df`` for every mount of its own accord. A server that is gone makes ``df`` hang
there, perhaps so that nothing can end it: each of those is asked by itself, in the background, for
two seconds, and not at all while an earlier ``df`` still waits for it."""

METRICS = Command(
    "metrics",
    "section uname uname -s; section date date +%s; "
    "section proc_uptime cat /proc/uptime; section proc_loadavg cat /proc/loadavg; "
    "section meminfo cat /proc/meminfo; section getconf getconf _NPROCESSORS_ONLN; "
    "section cpuinfo grep -c ^processor /proc/cpuinfo; section mounts cat /proc/mounts; "
    "if [ ! -r /proc/meminfo ]; then section boottime sysctl -n kern.boottime; "
    "section vm_loadavg sysctl -n vm.loadavg; section uptime uptime; "
    "section ncpu sysctl -n hw.ncpu; section mount mount; section vm_stat vm_stat; "
    "section memsize sysctl -n hw.memsize; section vm_stats sysctl -n hw.physmem "
    "vm.stats.vm.v_page_size vm.stats.vm.v_free_count vm.stats.vm.v_inactive_count "
    "vm.stats.vm.v_laundry_count; fi; "
    "section arcstats cat /proc/spl/kstat/zfs/arcstats; "
    f"{DISKS}section df disks -k; section inodes disks -i;",
)
"""The one script; a step that a system does not have says so by its status."""


def _listed(value: Any) -> Any:
    """Mounts as a list in the file are the same as a text with commas."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value


def _mounts(value: str) -> str:
    names = [name.strip() for name in value.split(",") if name.strip()]
    for name in names:
        if not re.fullmatch(r"/[^\x00-\x1f\x7f]*", name):
            raise ValueError(f"{name!r} is not the path of a mount, such as /var")
    return ", ".join(name.rstrip("/") or "/" for name in names)


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


Percent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class HostMetricsConfig(OverSsh):
    """From when on a machine has difficulties, and when its disks are too full to work."""

    disk_warn_percent: Percent = Field(
        default=80, title="Disk: warn at (%)", description="Applies to space and inodes"
    )
    disk_down_percent: Percent = Field(default=95, title="Disk: down at (%)")
    mounts: Annotated[str, AfterValidator(_mounts), BeforeValidator(_listed)] = Field(
        default="",
        title="Mounts",
        description="Only these, separated by commas: /, /var. Empty: all real file systems",
        max_length=2000,
    )
    load_warn: Annotated[float | None, BeforeValidator(_none_if_empty)] = Field(
        default=None,
        title="Load: warn at",
        description="Five-minute average of the whole machine; 4 keeps 4 processors busy",
        gt=0,
        allow_inf_nan=False,
    )
    memory_warn_percent: Annotated[Percent | None, BeforeValidator(_none_if_empty)] = Field(
        default=None,
        title="Memory: warn at (%)",
        description="Caches are not counted",
    )
    address_family: AddressFamily = "auto"

    @field_validator("disk_down_percent")
    @classmethod
    def _is_above(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("disk_warn_percent", 0):
            raise ValueError("must not be less than disk_warn_percent")
        return value

    @property
    def command(self) -> Command:
        return METRICS

    @property
    def mount_names(self) -> list[str]:
        return [name.strip() for name in self.mounts.split(",") if name.strip()]


async def probe_host_metrics(config: HostMetricsConfig, target: Target, timeout: float) -> Outcome:
    """Ask the host about itself, within ``timeout`` seconds; nothing it says raises."""

    def judged(told: Mapping[str, Section]) -> tuple[Status, str, dict[str, Any]]:
        return judge(config, read_facts(told))

    return await probe_by_command(config, target, timeout, judged)


def judge(config: HostMetricsConfig, facts: Facts) -> tuple[Status, str, dict[str, Any]]:
    """Status, message and evidence for what a host has told."""
    disks, absent = mounts_of(facts, config.mount_names)
    hung = [each for each in facts.hung if each in absent or not config.mount_names]
    wrong = [(Status.DOWN, f"{name} does not answer: df hangs there") for name in hung]
    wrong += [(Status.DOWN, f"{name} is not mounted") for name in absent if name not in hung]
    wrong += [each for disk in disks for each in _disk_troubles(config, disk)]
    wrong += _busy(config, facts)
    evidence = _evidence(facts, disks)
    for status in (Status.DOWN, Status.DEGRADED):
        if any(each is status for each, _ in wrong):
            wrong.sort(key=lambda each: each[0] is not Status.DOWN)  # the worst stands first
            return status, "; ".join(text for _, text in wrong[:5]), evidence
    if not disks and facts.loads is None and facts.uptime_seconds is None:
        return Status.UNKNOWN, "none of what is looked at is available on this host", evidence
    return Status.UP, _summary(facts, disks), evidence


def _disk_troubles(config: HostMetricsConfig, disk: Disk) -> Iterator[tuple[Status, str]]:
    if disk.is_damaged:
        yield (
            Status.DOWN,
            f"{disk.mount} has damaged counters: how full it is cannot be told (fsck)",
        )
        return
    if disk.is_read_only:
        return  # nobody can write there: it is as full as it was made
    if status := _judged(config, disk.used_percent):
        free = "" if disk.free_bytes is None else f" ({_size(disk.free_bytes)} free)"
        yield status, f"{disk.mount} is {_percent(disk.used_percent)} full{free}"
    if status := _judged(config, disk.inodes_percent):
        yield status, f"{disk.mount} has {_percent(disk.inodes_percent)} of its inodes used"


def _judged(config: HostMetricsConfig, percent: float | None) -> Status | None:
    if percent is None or percent < config.disk_warn_percent:
        return None
    return Status.DOWN if percent >= config.disk_down_percent else Status.DEGRADED


def _busy(config: HostMetricsConfig, facts: Facts) -> Iterator[tuple[Status, str]]:
    if config.load_warn is not None and facts.loads and facts.loads[1] >= config.load_warn:
        cpus = f" ({facts.cpus} processors)" if facts.cpus else ""
        yield Status.DEGRADED, f"the load of the last 5 minutes is {facts.loads[1]:g}{cpus}"
    limit, used = config.memory_warn_percent, facts.memory_percent
    if limit is not None and used is not None and used >= limit:
        yield Status.DEGRADED, f"{_percent(used)} of the memory is used"


def _summary(facts: Facts, disks: list[Disk]) -> str:
    parts = []
    if disks:
        fullest = max(disks, key=lambda disk: (not disk.is_read_only, disk.used_percent or 0))
        parts.append(f"{fullest.mount} is {_percent(fullest.used_percent)} full")
    if facts.loads:
        parts.append(f"load {facts.loads[0]:g}")
    if facts.memory_percent is not None:
        parts.append(f"memory {_percent(facts.memory_percent)} used")
    if facts.uptime_seconds is not None:
        recent = facts.uptime_seconds < REBOOTED_SECONDS
        since = in_words(facts.uptime_seconds)
        parts.append(f"restarted {since} ago" if recent else f"up for {since}")
    return ", ".join(parts)


def _evidence(facts: Facts, disks: list[Disk]) -> dict[str, Any]:
    uptime, loads = facts.uptime_seconds, facts.loads or (None, None, None)
    known = {
        "system": facts.system,
        "os_uptime_seconds": uptime,
        "rebooted": None if uptime is None else uptime < REBOOTED_SECONDS,
        "load_1m": loads[0],
        "load_5m": loads[1],
        "load_15m": loads[2],
        "cpus": facts.cpus,
        "memory_percent": facts.memory_percent,
    }
    wanted = ("os_uptime_seconds", "load_1m", "memory_percent")
    evidence: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    evidence["disks"] = [
        {name: getattr(disk, name) for name in TOLD_OF_DISKS}
        for disk in disks
        if not disk.is_read_only
    ]
    if facts.hung:
        evidence["hung_mounts"] = list(facts.hung)
    not_there = [name for name in wanted if name not in evidence] + ([] if disks else ["disks"])
    if not_there:
        evidence["not_available_on_this_host"] = not_there
    return evidence


def _percent(value: float | None) -> str:
    """Rounded down: 99.6 % is not yet full."""
    return f"{int(value or 0)} %"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
