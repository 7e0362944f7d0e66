"""The evidence of a check, put into words for the admin app. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webmon.domain.checks.status import Status
from webmon.domain.durations import in_words
from webmon.domain.figures import ABBREVIATIONS, UNITS, milliseconds, size

LOADS = ("load_1m", "load_5m", "load_15m")
ELSEWHERE = {"total_ms", "disks", "memory_percent", *LOADS}
"""What stands beside the phases, is drawn as a bar, or is put together."""

TITLES = {
    "body_bytes": "Body size",
    "body": "What it said",
    "cpus": "Processors",
    "days_left": "Days left",
    "last_heartbeat_at": "Last reported",
    "not_after": "Valid until",
    "not_before": "Valid from",
    "rcode": "Answer code",
    "rebooted": "Restarted just now",
    "run_seconds": "Run time",
    "sha256": "SHA-256",
    "rdb_last_bgsave_status": "Last save to disk",
}

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")
LONG_TEXT = 160
LONG_ITEM = 24


@dataclass(frozen=True, slots=True)
class PairView:
    """A name and what it says: a text, or an instant (ISO)."""

    name: str
    value: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class FactView:
    """A piece of evidence: one of a text, an instant (ISO), a list, or a small table."""

    name: str
    value: str = ""
    at: str = ""
    listed: tuple[str, ...] = ()
    rows: tuple[PairView, ...] = ()
    is_long: bool = False
    """A text of several lines, or a long one."""


@dataclass(frozen=True, slots=True)
class BarView:
    """How full something is. ``status`` is empty where that is in order."""

    name: str
    percent: float
    used: str
    note: str = ""
    status: str = ""


def facts(evidence: Mapping[str, Any]) -> tuple[FactView, ...]:
    """What is worth reading, in the order in which the probe says it."""
    return tuple(_facts(evidence))


def _facts(evidence: Mapping[str, Any]) -> Iterator[FactView]:
    loads = [evidence[name] for name in LOADS if evidence.get(name) is not None]
    if loads:
        yield FactView("Load (1, 5, 15 min)", " · ".join(f"{each:g}" for each in loads))
    for name, value in evidence.items():
        if name not in ELSEWHERE and not _says_nothing(value) and not _is_count(name, evidence):
            yield _fact(name, value)


def _says_nothing(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})


def _is_count(name: str, evidence: Mapping[str, Any]) -> bool:
    """Whether this only says how long a list is that is shown in full."""
    listed = evidence.get(name.removesuffix("_total")) if name.endswith("_total") else None
    return isinstance(listed, list) and len(listed) == evidence[name]


def _fact(name: str, value: Any) -> FactView:
    title = _title(name)
    if isinstance(value, dict):
        rows = [_pair(key, each) for key, each in value.items() if not _says_nothing(each)]
        return FactView(title, rows=tuple(rows))
    if isinstance(value, list):
        items = tuple(_listed(name, each) for each in value)
        if any(len(item) > LONG_ITEM for item in items):
            return FactView(title, listed=items)
        return FactView(title, ", ".join(items))
    pair = _pair(name, value)
    is_long = len(pair.value) > LONG_TEXT or "\n" in pair.value.strip()
    return FactView(title, pair.value, pair.at, is_long=is_long)


def _listed(name: str, item: Any) -> str:
    return _title(item) if name.startswith("not_available") else _as_text(name, item)


def _pair(name: str, value: Any) -> PairView:
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return PairView(_title(name), at=value)
    return PairView(_title(name), _as_text(name, value))


def _title(name: str) -> str:
    if name in TITLES:
        return TITLES[name]
    words = str(name).split("_")
    if len(words) > 1 and words[-1] in UNITS:
        words = words[:-1]
    text = " ".join(word.upper() if word in ABBREVIATIONS else word for word in words)
    return text[:1].upper() + text[1:]


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _measured(name, value)
    if isinstance(value, list):
        return ", ".join(_as_text(name, item) for item in value)
    if isinstance(value, dict):
        told = (f"{_title(key).lower()} {_as_text(key, item)}" for key, item in value.items())
        return ", ".join(told)
    return str(value)


def _measured(name: str, value: float) -> str:
    unit = name.rpartition("_")[2]
    if unit == "ms":
        return milliseconds(value * 1000)
    if unit in ("seconds", "ttl"):
        return in_words(value) if value >= 1 else milliseconds(value * 1_000_000)
    if unit == "percent":
        return f"{value:g} %"
    if unit == "bytes":
        return size(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def bars(evidence: Mapping[str, Any], limits: Mapping[str, Any]) -> tuple[BarView, ...]:
    """The disks and the memory of a machine; ``limits`` is the config of its service."""
    disks = evidence.get("disks")
    found = [_disk(each, limits) for each in disks] if isinstance(disks, list) else []
    memory = evidence.get("memory_percent")
    if memory is not None:
        passed = _passed(memory, limits.get("memory_warn_percent"), None)
        found.append(BarView("Memory", memory, f"{memory:.0f} %", status=passed))
    return tuple(found)


def _disk(disk: Mapping[str, Any], limits: Mapping[str, Any]) -> BarView:
    used, inodes = disk.get("used_percent"), disk.get("inodes_percent")
    warn, down = limits.get("disk_warn_percent"), limits.get("disk_down_percent")
    notes = [f"{size(disk['free_bytes'])} free"] if disk.get("free_bytes") is not None else []
    notes += [f"inodes {int(inodes)} %"] if inodes is not None else []
    return BarView(
        name=str(disk.get("mount", "")),
        percent=used or 0,
        used="" if used is None else f"{int(used)} %",
        note=", ".join(notes),
        status=_worse([_passed(each, warn, down) for each in (used, inodes)]),
    )


def _passed(used: float | None, warn: float | None, down: float | None) -> str:
    if used is None or warn is None or used < warn:
        return ""
    return (Status.DOWN if down is not None and used >= down else Status.DEGRADED).value


def _worse(statuses: Sequence[str]) -> str:
    return next((each for each in ("down", "degraded") if each in statuses), "")
