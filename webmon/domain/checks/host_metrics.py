"""What a machine says about itself, as numbers over time. Pure.

A *series* is one number that is followed: ``load``, ``memory``, ``booted_at``, and for each mount
``disk /var`` and ``inodes /var``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

LOAD, MEMORY, BOOTED_AT = "load", "memory", "booted_at"
DISK, INODES = "disk ", "inodes "
"""What the name of a mount's series begins with."""

SAME_BOOT_SECONDS = 120
"""The start of a machine is worked out from its uptime; between two looks it may differ by this."""

FEWEST_DAYS = 4
STEADY = 0.8
"""A fill is foretold from so many days at least, and where a line explains so much of it."""

SECONDS_PER_DAY = 86_400


@dataclass(slots=True)
class Values:
    """The values of one series in one hour or day."""

    count: int
    sum: float
    min: float
    max: float
    last: float

    @classmethod
    def of(cls, value: float) -> Self:
        """A single value."""
        return cls(1, value, value, value, value)

    def merge(self, later: "Values") -> None:
        """Add values that were seen later."""
        self.count += later.count
        self.sum += later.sum
        self.min, self.max = min(self.min, later.min), max(self.max, later.max)
        self.last = later.last

    @property
    def average(self) -> float:
        """The mean."""
        return self.sum / self.count


def read_series(evidence: Mapping[str, Any], at: datetime) -> dict[str, float]:
    """The series in the evidence of a `host_metrics` check that was made at ``at``.

    ``load`` is the average of five minutes, ``booted_at`` is in seconds since 1970, the rest is in
    percent. What the host did not tell is not in it.
    """
    found = {LOAD: evidence.get("load_5m"), MEMORY: evidence.get("memory_percent")}
    uptime = evidence.get("os_uptime_seconds")
    found[BOOTED_AT] = None if uptime is None else at.timestamp() - uptime
    for disk in evidence.get("disks", ()):
        found[DISK + disk["mount"]] = disk["used_percent"]
        found[INODES + disk["mount"]] = disk["inodes_percent"]
    return {name: float(value) for name, value in found.items() if value is not None}


def reboots(booted_at: Sequence[Values]) -> list[float]:
    """When the machine was started, in seconds since 1970, without the start that came first.

    ``booted_at`` are the values of that series in the order of time. Of several starts in one hour
    the first and the last are known.
    """
    starts: list[float] = []
    for each in booted_at:
        for value in (each.min, each.last):
            if not starts or value > starts[-1] + SAME_BOOT_SECONDS:
                starts.append(value)
    return starts[1:]


def full_in_days(daily_percent: Sequence[tuple[int, float]]) -> float | None:
    """In how many days a disk is full, by a straight line through its last days.

    Args:
        daily_percent: (day, used percent) in the order of days, the latest last.

    Returns:
        Days from the last one on; None where the fill is not steady, or goes down.
    """
    if len(daily_percent) < FEWEST_DAYS:
        return None
    days = [float(day) for day, _ in daily_percent]
    used = [percent for _, percent in daily_percent]
    middle_day, middle_used = sum(days) / len(days), sum(used) / len(used)
    spread = sum((day - middle_day) ** 2 for day in days)
    rise = sum((day - middle_day) * (percent - middle_used) for day, percent in daily_percent)
    total = sum((percent - middle_used) ** 2 for percent in used)
    if rise <= 0 or not spread or not total or rise**2 / (spread * total) < STEADY:
        return None
    return max(0.0, (100 - used[-1]) / (rise / spread))
