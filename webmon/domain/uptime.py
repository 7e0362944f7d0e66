"""Honest uptime: how much of the time that was observed something was not down. Pure.

It rests on status changes, not on counted results: a check that runs twice as often in an outage
must not make it longer. Time that nobody observed (no data, unknown, paused, planned downtime) is
neither up nor down, it is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from webmon.domain.status import OBSERVED, Status, host_status

ZERO = timedelta(0)


class Period(NamedTuple):
    """From an instant (included) to a later one (not included)."""

    began_at: datetime
    ended_at: datetime


class Stretch(NamedTuple):
    """A period throughout which the status was the same; unknown where there is no data."""

    began_at: datetime
    ended_at: datetime
    status: Status


Timeline = tuple[Stretch, ...]
"""Stretches that follow one another without a gap, the earliest first."""


def timeline(period: Period, first: Status, changes: Iterable[tuple[datetime, Status]]) -> Timeline:
    """How something was in ``period``: ``first``, and after each change (at, status) that.

    The order of the changes does not matter, but of several at the same instant the last one
    stands. Those before the period set how it begins, those after it are of no account.
    """
    stretches = []
    began_at, status = period.began_at, first
    for at, changed in sorted(changes, key=itemgetter(0)):
        at = min(max(at, period.began_at), period.ended_at)
        if changed is not status:
            if at > began_at:
                stretches.append(Stretch(began_at, at, status))
            began_at, status = at, changed
    if period.ended_at > began_at:
        stretches.append(Stretch(began_at, period.ended_at, status))
    return tuple(stretches)


def unobserved(line: Timeline, periods: Iterable[Period]) -> Timeline:
    """``line`` with the time in ``periods`` (they may overlap) as if nobody had looked."""
    steps: list[tuple[datetime, int, Status | None]] = []
    for began_at, ended_at in periods:
        if began_at < ended_at:
            steps += ((began_at, 1, None), (ended_at, -1, None))
    if not steps or not line:
        return line
    steps += ((each.began_at, 0, each.status) for each in line)
    covers, status, changes = 0, Status.UNKNOWN, []
    for at, covered, seen in sorted(steps, key=itemgetter(0)):
        covers += covered
        status = seen or status
        changes.append((at, Status.UNKNOWN if covers else status))
    return timeline(Period(line[0].began_at, line[-1].ended_at), Status.UNKNOWN, changes)


def host_timeline(services: Sequence[tuple[Timeline, bool]]) -> Timeline:
    """The timeline of a host from its services' ``(timeline, critical)``, all of one period.

    At every instant the host is what `host_status` says of its services at that instant; it is
    not observed where none of them is.
    """
    starts = [
        (stretch.began_at, number, stretch.status)
        for number, (line, _) in enumerate(services)
        for stretch in line
    ]
    if not starts:
        return ()
    starts.sort(key=itemgetter(0))
    statuses, marks = [Status.UNKNOWN] * len(services), [critical for _, critical in services]
    changes = []
    for at, starting in groupby(starts, key=itemgetter(0)):
        for _, number, status in starting:
            statuses[number] = status
        # Equal services say the same: the set is much smaller where there are many.
        changes.append((at, host_status(set(zip(statuses, marks, strict=True)))))
    ended_at = max(line[-1].ended_at for line, _ in services if line)
    return timeline(Period(starts[0][0], ended_at), Status.UNKNOWN, changes)


@dataclass(frozen=True, slots=True)
class Uptime:
    """Time that was observed, and how much of it something was not down.

    The uptime of a group is the sum of its members': each counts by the time it was observed.
    """

    observed: timedelta = ZERO
    not_down: timedelta = ZERO

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None where nothing was observed."""
        return self.not_down / self.observed if self.observed else None

    def __add__(self, other: "Uptime") -> "Uptime":
        return Uptime(self.observed + other.observed, self.not_down + other.not_down)


def uptime(line: Timeline, period: Period) -> Uptime:
    """The uptime in ``period``, as far as ``line`` reaches."""
    observed = down = ZERO
    for stretch in _within(line, period):
        if stretch.status in OBSERVED:
            length = stretch.ended_at - stretch.began_at
            observed += length
            if stretch.status is Status.DOWN:
                down += length
    return Uptime(observed, observed - down)


@dataclass(frozen=True, slots=True)
class Outages:
    """The outages of a period; those that reach beyond its edges count with their part."""

    count: int = 0
    total: timedelta = ZERO
    longest: timedelta = ZERO
    mean_to_recovery: timedelta | None = None
    """Of those that ended with a recovery within the period; None where none did."""


def outages(line: Timeline, period: Period) -> Outages:
    """The outages in ``period``, as far as ``line`` reaches.

    What is down before and after a time without data was one outage, and that time is not counted
    as a part of it. An outage that ends because somebody pauses the service did not recover.
    """
    lengths, recovered, ongoing = [], [], ZERO
    for stretch in _within(line, period):
        if stretch.status is Status.DOWN:
            ongoing += stretch.ended_at - stretch.began_at
        elif ongoing and stretch.status is not Status.UNKNOWN:
            lengths.append(ongoing)
            if stretch.status is not Status.PAUSED:
                recovered.append(ongoing)
            ongoing = ZERO
    if ongoing:
        lengths.append(ongoing)
    mean = sum(recovered, ZERO) / len(recovered) if recovered else None
    return Outages(len(lengths), sum(lengths, ZERO), max(lengths, default=ZERO), mean)


def worst(line: Timeline, period: Period) -> Status:
    """The worst status seen in ``period``; unknown where nothing was observed."""
    seen = {stretch.status for stretch in _within(line, period)}
    order = (Status.DOWN, Status.DEGRADED, Status.UP)
    return next((status for status in order if status in seen), Status.UNKNOWN)


def _within(line: Timeline, period: Period) -> Iterable[Stretch]:
    for stretch in line:
        began_at = max(stretch.began_at, period.began_at)
        ended_at = min(stretch.ended_at, period.ended_at)
        if began_at < ended_at:
            yield Stretch(began_at, ended_at, stretch.status)


def credit(interval_seconds: float) -> timedelta:
    """How long one observation speaks for the time after it: until the next one is expected."""
    return timedelta(seconds=interval_seconds)


def tolerance(interval_seconds: float, timeout_seconds: float) -> timedelta:
    """How long after an observation the next one may come without a gap between them.

    Twice the interval and the timeout: a check that was skipped, or that took its whole time, is
    no gap yet. After that, the time beyond the `credit` is *no data*.
    """
    return timedelta(seconds=2 * interval_seconds + timeout_seconds)
