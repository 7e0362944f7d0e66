"""How much time a chart shows, and in which steps: at most 300 points. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

HOUR_SECONDS, DAY_SECONDS = 3_600, 86_400

MOST_POINTS = 300
OUTLIER = 3.0
"""A value is an outlier where it exceeds the 98th percentile of all points by this factor."""


class Range(StrEnum):
    """The ranges that a chart offers."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    YEAR = "1y"


@dataclass(frozen=True, slots=True)
class Steps:
    """Points of equal length, counted from 1970, that cover a range up to now.

    Attributes:
        first: the number of the first point.
        count: how many there are.
        seconds: the length of a point.
    """

    first: int
    count: int
    seconds: int

    def number(self, seconds: float) -> int:
        """The point, from 0 on, that an instant (seconds since 1970) falls into."""
        return int(seconds // self.seconds) - self.first

    def begin(self, number: int) -> int:
        """When a point begins, in seconds since 1970."""
        return (self.first + number) * self.seconds


LENGTHS = {
    Range.DAY: (DAY_SECONDS, 300),
    Range.WEEK: (7 * DAY_SECONDS, HOUR_SECONDS),
    Range.MONTH: (30 * DAY_SECONDS, 3 * HOUR_SECONDS),
    Range.YEAR: (366 * DAY_SECONDS, 2 * DAY_SECONDS),
}
"""How long a range is, and one point of it: the raw results, hours, three hours, two days."""


def steps(chosen: Range, now: float, *, shortest: int = 0) -> Steps:
    """The points of ``chosen``, none shorter than ``shortest`` seconds.

    The last one is the one that ``now`` falls into.
    """
    length, seconds = LENGTHS[chosen]
    seconds = max(seconds, shortest)
    count = length // seconds
    return Steps(int(now // seconds) - count + 1, count, seconds)


def axis_top(values: Sequence[float]) -> float | None:
    """Where the axis of a chart should end, so that one outlier does not flatten the rest.

    Returns:
        The highest value that is no outlier; None without values.
    """
    if not values:
        return None
    ordered = sorted(values)
    usual = ordered[int(0.98 * (len(ordered) - 1))]
    return max(value for value in ordered if value <= OUTLIER * usual)
