"""The `cron` probe: the daemon runs, and the job has left a fresh file, or its unit succeeded."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from webmon.domain.checks.status import Status
from webmon.domain.durations import in_words, parse_duration
from webmon.probes.base import Outcome, Target
from webmon.probes.over_ssh.commands import NOTHING, Command, OverSsh, Section
from webmon.probes.ssh import probe_by_command
from webmon.probes.wire.families import AddressFamily

DAEMONS = ("cron", "crond", "cronie", "fcron", "dcron", "busybox-crond")
LONGEST = 366 * 24 * 3600
FUTURE_SECONDS = 300
"""Clocks may differ by this; what was written later than that tells nothing about its age."""

HANGING_SECONDS = 7 * 24 * 3600
"""A job of a timer that runs for longer hangs, where no other age is given."""

NONE = "-"
"""Stands for an argument that is not given."""

_SHOWN = (
    "Id,LoadState,ActiveState,Result,ExecMainStatus,ExecMainStartTimestamp,ExecMainExitTimestamp,"
    "NextElapseUSecRealtime,NextElapseUSecMonotonic"
)
STEPS = (
    'units=; for name in $1; do units="$units $name.service"; done; section date date +%s; '
    "section zone date +%z; "
    "daemons() { for each in /proc/[0-9]*; do read -r name < $each/comm || continue; "
    'case " $1 " in *" $name "*) read -r _ _ state _ < $each/stat; '
    'echo "$name $state $(head -n 1 $each/cgroup)";; esac; done; }; '
    'if [ "$1" != - ]; then section active systemctl is-active $units; '
    "section loaded systemctl show -p Id,LoadState,ActiveState $units; "
    'section daemons daemons "$1"; '
    'section comm sh -c "cat /proc/[0-9]*/comm"; section ps ps -A -o comm=; '
    "section busybox_ps ps -o comm; section launchd launchctl print system/com.vix.cron; fi; "
    'if [ "$2" != - ]; then section file ls -d "$2"; section folder ls -d "${2%/*}/"; '
    'section stat stat -L -c %Y "$2"; section bsd_stat stat -L -f %m "$2"; '
    'section date_r date -r "$2" +%s; fi; '
    'if [ "$3" != - ]; then run=$(systemctl show -p Unit "$3" 2>/dev/null); run=${run#Unit=}; '
    f'section unit systemctl show -p {_SHOWN} "$3"; '
    f'section run systemctl show -p {_SHOWN} "${{run:-$3}}"; fi;'
)


def _name(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_@.:-]{0,99}", value):
        raise ValueError("must be a name of letters, digits and . _ - @ :")
    return value


def _path(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"/[A-Za-z0-9_@.:+,=~%/ -]{1,500}", value):
        raise ValueError(
            "must be an absolute path of letters, digits, spaces and . _ - @ : + , = ~ %"
        )
    return value


def _age(value: str | None) -> str | None:
    if value is not None and not 1 <= parse_duration(value) <= LONGEST:
        raise ValueError("must be between 1s and 366d")
    return value


def _none_if_empty(value: Any) -> Any:
    value = value.strip() if isinstance(value, str) else value
    return None if value == "" else value


class CronConfig(OverSsh):
    """What shows that jobs run; without file and unit, that the daemon runs."""

    service_name: Annotated[str | None, AfterValidator(_name), BeforeValidator(_none_if_empty)] = (
        Field(
            default=None,
            title="Daemon",
            description="Process name; empty: cron or crond, or none with a systemd unit",
        )
    )
    job_file: Annotated[str | None, AfterValidator(_path), BeforeValidator(_none_if_empty)] = Field(
        default=None,
        title="Job file",
        description="A file that the job writes on every run, such as its log",
    )
    max_age: Annotated[str | None, AfterValidator(_age), BeforeValidator(_none_if_empty)] = Field(
        default=None,
        title="Maximum age",
        description="Of the file, or of the unit's last run, such as 25h for a nightly job",
        validate_default=True,
    )
    unit: Annotated[str | None, AfterValidator(_name), BeforeValidator(_none_if_empty)] = Field(
        default=None,
        title="systemd unit",
        description="A timer or a service whose last run must have succeeded: backup.timer",
        validate_default=True,
    )
    address_family: AddressFamily = "auto"

    @field_validator("max_age")
    @classmethod
    def _goes_with_a_file(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("job_file") is not None:
            raise ValueError("is required with job_file")
        return value

    @field_validator("unit")
    @classmethod
    def _gives_the_age_a_meaning(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("max_age") and info.data.get("job_file", "") is None:
            raise ValueError("max_age needs job_file or unit")
        return value

    @property
    def daemons(self) -> tuple[str, ...]:
        """The daemon is whichever of these is there; none is needed where a timer is looked at."""
        if self.service_name is not None:
            return (self.service_name.removesuffix(".service"),)
        return () if self.unit and not self.job_file else DAEMONS

    @property
    def command(self) -> Command:
        names = " ".join(self.daemons) or NONE
        return Command("cron", STEPS, (names, self.job_file or NONE, self.unit or NONE))


Verdict = tuple[Status, str]


async def probe_cron(config: CronConfig, target: Target, timeout: float) -> Outcome:
    """Look at daemon, file and unit, within ``timeout`` seconds; nothing the host says raises."""

    def judged(told: Mapping[str, Section]) -> tuple[Status, str, dict[str, Any]]:
        return judge(config, told)

    return await probe_by_command(config, target, timeout, judged)


def judge(config: CronConfig, told: Mapping[str, Section]) -> tuple[Status, str, dict[str, Any]]:
    """Status, message and evidence for what a host has told."""
    evidence: dict[str, Any] = {}
    verdicts: list[Verdict] = []
    if config.daemons:
        verdicts.append(_daemon(config, told, evidence))
    if config.job_file is not None and config.max_age is not None:
        verdicts.append(_file(config.job_file, parse_duration(config.max_age), told, evidence))
    if config.unit is not None:
        max_age = None if config.max_age is None else parse_duration(config.max_age)
        verdicts.append(_unit(config.unit, max_age, told, evidence))
    for status in (Status.DOWN, Status.UNKNOWN, Status.UP):
        texts = [text for each, text in verdicts if each is status]
        if texts:
            return status, "; ".join(texts), evidence
    return Status.UNKNOWN, "there is nothing to look at", evidence


def _section(told: Mapping[str, Section], name: str) -> Section:
    return told.get(name, NOTHING)


# --- the daemon


def _daemon(config: CronConfig, told: Mapping[str, Section], evidence: dict[str, Any]) -> Verdict:
    wanted = config.daemons
    active = _section(told, "active").text.split()
    for name, state in zip(wanted, active, strict=False):
        if state == "active" and len(active) == len(wanted):
            evidence["daemon"] = name
            return Status.UP, f"{name} is running"
    known = _loaded(told)
    if known:
        name, state = known[0]
        return Status.DOWN, f"{name} is not running: systemd says that it is {state[:30]}"
    processes = _processes(told)
    for name in wanted:
        if name in processes:
            evidence["daemon"] = name
            return Status.UP, f"{name} is running"
    launchd = _section(told, "launchd")
    if "cron" in wanted and launchd.status == 0 and "com.vix.cron" in launchd.text:
        evidence["daemon"] = "com.vix.cron"
        return Status.UP, "cron is started by launchd when it is needed"
    if not processes and not active and not _section(told, "daemons").is_there:
        return Status.UNKNOWN, "this host does not show which processes run"
    if config.service_name is not None:
        return Status.DOWN, f"{wanted[0]} is not running"
    return Status.DOWN, "no cron daemon is running (looked for cron and crond)"


def _loaded(told: Mapping[str, Section]) -> list[tuple[str, str]]:
    """The daemons that systemd knows, and what it says of them: its word stands over a name in the
    list of processes, which may be one in a container."""
    blocks = _section(told, "loaded").text.split("\n\n")
    shown = (_properties(Section(block.strip(), 0)) for block in blocks)
    return [
        (each.get("Id", "")[:100].removesuffix(".service"), each.get("ActiveState", ""))
        for each in shown
        if each.get("LoadState") == "loaded"
    ]


_CONTAINER = re.compile(r"docker|containerd|kubepods|libpod|crio|lxc|machine\.slice|nspawn")


def _processes(told: Mapping[str, Section]) -> set[str]:
    """The names of what runs on the host itself; a whole path is cut to its last part."""
    seen = _section(told, "daemons")
    if seen.is_there and seen.text.strip():
        words = (line.split(" ", 2) for line in seen.text.strip().split("\n"))
        return {
            each[0]
            for each in words
            if len(each) == 3 and each[1] not in "ZX" and not _CONTAINER.search(each[2])
        }
    text = "\n".join(_section(told, name).text for name in ("comm", "ps", "busybox_ps"))
    return {line.strip().rpartition("/")[2] for line in text.split("\n") if line.strip()}


# --- the file


def _file(
    path: str, max_age: float, told: Mapping[str, Section], evidence: dict[str, Any]
) -> Verdict:
    now = _seconds(_section(told, "date"))
    stats = ("stat", "bsd_stat", "date_r")
    changed = next((at for name in stats if (at := _seconds(_section(told, name)))), None)
    if changed is None:
        if _section(told, "folder").status == 0 and _section(told, "file").status != 0:
            return Status.DOWN, f"{path} does not exist, or may not be seen"
        if _section(told, "file").status != 0:
            return Status.DOWN, f"the folder of {path} does not exist, or may not be seen"
        return Status.UNKNOWN, "the age of a file is not available on this host"
    if now is None:
        return Status.UNKNOWN, "the time of day is not available on this host"
    if changed - now > FUTURE_SECONDS:
        ahead = in_words(changed - now)
        return Status.DOWN, f"{path} says that it was written in the future, {ahead} from now"
    age = max(0, now - changed)
    evidence["file_age_seconds"] = age
    shown = f"{path} was written {in_words(age)} ago"
    if age > max_age:
        return Status.DOWN, f"{shown}, allowed are {in_words(max_age)}"
    return Status.UP, shown


def _seconds(section: Section) -> int | None:
    """An instant, in seconds since 1970."""
    text = section.text.strip()
    known = section.status == 0 and re.fullmatch(r"\d{1,11}", text, re.ASCII)
    return int(text) if known else None


# --- the unit


def _unit(
    unit: str, max_age: float | None, told: Mapping[str, Section], evidence: dict[str, Any]
) -> Verdict:
    shown, run = _properties(_section(told, "unit")), _properties(_section(told, "run"))
    if "LoadState" not in shown:
        return Status.UNKNOWN, "systemd is not available on this host"
    evidence["unit"] = {key: value[:100] for key, value in run.items() if value}
    if shown["LoadState"] == "not-found":
        return Status.DOWN, f"there is no unit {unit}"
    if shown["LoadState"] not in ("loaded", ""):
        return Status.DOWN, f"{unit} cannot be used: it is {shown['LoadState'][:30]}"
    is_timer = unit.endswith(".timer")
    if is_timer and shown.get("ActiveState") != "active":
        return Status.DOWN, f"{unit} is not active: it starts nothing"
    name = (run.get("Id") or unit)[:100]
    ended = run.get("ExecMainExitTimestamp", "")
    result = run.get("Result", "")
    if run.get("ActiveState") == "failed" or result not in ("success", ""):
        why = f"exit status {run.get('ExecMainStatus', '?')[:10]}"
        why = why if result in ("exit-code", "success", "") else result[:30]
        return Status.DOWN, f"the last run of {name} failed: {why}{_at(ended)}"
    age = _age_of(ended, told)
    if run.get("ActiveState") in ("active", "activating", "reloading"):
        return _running(run, name, max_age, told, is_job=is_timer)
    if is_timer and not _has_next_run(shown):
        last = f"the last was {in_words(age)} ago" if age is not None else "it has never run"
        return Status.DOWN, f"{unit} has no next run; {last}"
    if not ended:
        return Status.UP, f"{name} has not run yet"
    if max_age is not None and age is not None and age > max_age:
        return (
            Status.DOWN,
            f"the last run of {name} was {in_words(age)} ago, allowed are {in_words(max_age)}",
        )
    return Status.UP, f"the last run of {name} succeeded{_at(ended)}"


def _running(
    run: Mapping[str, str],
    name: str,
    max_age: float | None,
    told: Mapping[str, Section],
    *,
    is_job: bool,
) -> Verdict:
    since = _age_of(run.get("ExecMainStartTimestamp", ""), told)
    limit = max_age or HANGING_SECONDS
    if is_job and run.get("ActiveState") != "active" and since is not None and since > limit:
        return Status.DOWN, f"{name} hangs: it has been running for {in_words(since)}"
    return Status.UP, f"{name} is running"


def _at(ended: str) -> str:
    return f" ({ended[:40]})" if ended else ""


def _has_next_run(timer: Mapping[str, str]) -> bool:
    """A systemd that does not say when is believed to have one."""
    names = ("NextElapseUSecRealtime", "NextElapseUSecMonotonic")
    told = [timer[name] for name in names if name in timer]
    return not told or any(each not in ("", "0", "infinity", "n/a") for each in told)


def _age_of(instant: str, told: Mapping[str, Section]) -> float | None:
    """The seconds since what systemd shows as ``Thu 2026-03-12 03:09:03 CET``."""
    now = _seconds(_section(told, "date"))
    found = re.search(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?: (UTC|GMT))?", instant, re.ASCII)
    if now is None or found is None:
        return None
    zone = re.fullmatch(r"([+-])(\d\d)(\d\d)", _section(told, "zone").text.strip(), re.ASCII)
    offset = 0
    if zone and not found[3]:
        offset = (int(zone[2]) * 3600 + int(zone[3]) * 60) * (-1 if zone[1] == "-" else 1)
    try:
        at = datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00").timestamp() - offset
    except ValueError:
        return None
    return max(0.0, now - at)


def _properties(section: Section) -> dict[str, str]:
    lines = (line.partition("=") for line in section.text.split("\n")[:50] if "=" in line)
    return {name.strip(): value.strip() for name, _, value in lines}
