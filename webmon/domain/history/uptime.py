"""Honest uptime: how much of the time that was observed something was not down. Pure.

It rests on status changes, not on counted results: a check that runs twice as often in an outage
must not make it longer. Time that nobody observed (no data, unknown, paused, planned downtime) is
neither up nor down, it is left out.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from webmon.domain.checks.status import OBSERVED, Status, host_status

ZERO = timedelta(0)


class Period(NamedTuple):
    """From an instant (included) to a later one (not included)."""

    began_at: datetime
    ended_at: datetime


Stretch = tuple[datetime, datetime, Status]
"""From an instant to a later one the status was this; unknown where there is no data."""

Timeline = tuple[Stretch, ...]
"""Stretches that follow one another without a gap, the earliest first. Plain tuples: a page may
need ten thousand of them."""


def timeline(
    period: Period,
    first: Status,
    changes: Iterable[tuple[datetime, Status]],
    unobserved: Iterable[tuple[datetime, datetime]] = (),
) -> Timeline:
    """How something was in ``period``: ``first``, and after each change (at, status) that.

    The order of the changes does not matter, but of several at the same instant the last one
    stands. Those before the period set how it begins, those after it are of no account. In the
    periods ``unobserved`` (they may overlap) the status counts as unknown.
    """
    steps: list[tuple[datetime, int, Status | None]] = [(at, 0, status) for at, status in changes]
    for begin, end in unobserved:
        if begin < end:
            steps += ((begin, 1, None), (end, -1, None))
    steps.sort(key=itemgetter(0))
    stretches = []
    began_at, ended_at = period
    shown, beneath, covers = first, first, 0
    for at, covering, changed in steps:
        covers += covering
        beneath = changed or beneath
        status = Status.UNKNOWN if covers else beneath
        if status is shown:
            continue
        if at > ended_at:
            break
        if at > began_at:
            stretches.append((began_at, at, shown))
            began_at = at
        shown = status
    if ended_at > began_at:
        stretches.append((began_at, ended_at, shown))
    return tuple(stretches)


def host_timeline(services: Sequence[tuple[Timeline, bool]]) -> Timeline:
    """The timeline of a host from its services' ``(timeline, critical)``, all of one period.

    At every instant the host is what `host_status` says of its services at that instant; it is
    not observed where none of them is.
    """
    starts = [
        (began_at, number, status)
        for number, (line, _) in enumerate(services)
        for began_at, _, status in line
    ]
    if not starts:
        return ()
    starts.sort(key=itemgetter(0))
    statuses, marks = [Status.UNKNOWN] * len(services), [critical for _, critical in services]
    changes = []
    for at, starting in groupby(starts, key=itemgetter(0)):
        for _, number, status in starting:
            statuses[number] = status
        # Equal services say the same: there are few such sets, however many services there are.
        changes.append((at, _host_status(frozenset(zip(statuses, marks, strict=True)))))
    ended_at = max(line[-1][1] for line, _ in services if line)
    return timeline(Period(starts[0][0], ended_at), Status.UNKNOWN, changes)


_host_status = cache(host_status)


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

    @property
    def down(self) -> timedelta:
        """How much of it something was down."""
        return self.observed - self.not_down

    def __add__(self, other: "Uptime") -> "Uptime":
        return Uptime(self.observed + other.observed, self.not_down + other.not_down)


def uptime(line: Timeline, period: Period) -> Uptime:
    """The uptime in ``period``, as far as ``line`` reaches."""
    observed = down = ZERO
    for began_at, ended_at, status in _within(line, period):
        if status in OBSERVED:
            observed += ended_at - began_at
            if status is Status.DOWN:
                down += ended_at - began_at
    return Uptime(observed, observed - down)


def unobserved(line: Timeline, period: Period) -> timedelta:
    """How much of ``period`` nobody observed; time before the line begins counts."""
    observed = uptime(line, period).observed
    return max(ZERO, period.ended_at - period.began_at - observed)


def planned_within(
    line: Timeline, planned: Iterable[tuple[datetime, datetime]], period: Period
) -> timedelta:
    """How much of ``period`` nobody observed because it was ``planned``.

    The times may overlap. Of a host they are those of its services: where another service was
    observed all the same, the host was too.
    """
    unseen = [each[:2] for each in _within(line, period) if each[2] not in OBSERVED]
    meant = [each for each in planned if each[0] < period.ended_at and each[1] > period.began_at]
    if not meant:
        return ZERO

    def length(*parts: tuple[datetime, datetime]) -> timedelta:
        return unobserved(timeline(period, Status.UP, (), parts), period)

    return length(*unseen) + length(*meant) - length(*unseen, *meant)


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
    for began_at, ended_at, status in _within(line, period):
        if status is Status.DOWN:
            ongoing += ended_at - began_at
        elif ongoing and status is not Status.UNKNOWN:
            lengths.append(ongoing)
            if status is not Status.PAUSED:
                recovered.append(ongoing)
            ongoing = ZERO
    if ongoing:
        lengths.append(ongoing)
    mean = sum(recovered, ZERO) / len(recovered) if recovered else None
    return Outages(len(lengths), sum(lengths, ZERO), max(lengths, default=ZERO), mean)


def worst(line: Timeline, period: Period) -> Status:
    """The worst status seen in ``period``; unknown where nothing was observed."""
    seen = {status for _, _, status in _within(line, period)}
    order = (Status.DOWN, Status.DEGRADED, Status.UP)
    return next((status for status in order if status in seen), Status.UNKNOWN)


def _within(line: Timeline, period: Period) -> Iterable[Stretch]:
    """The parts of ``line`` that lie in ``period``."""
    begin, end = period
    first = bisect_right(line, begin, key=itemgetter(1))
    behind = bisect_left(line, end, key=itemgetter(0))
    for stretch in line[first:behind]:
        began_at, ended_at, status = stretch
        if began_at >= begin and ended_at <= end:
            yield stretch
        else:
            yield max(began_at, begin), min(ended_at, end), status


def silence(
    observed_at: datetime,
    at: datetime,
    *,
    credit_seconds: float,
    patience_seconds: float,
) -> Period | None:
    """The time before ``at`` in which nobody looked; None: it is too short to count.

    The last observation, at ``observed_at``, speaks for its credit: until the next one is
    expected. If nothing comes within the `patience_seconds` after that either, all since then is
    *no data*.
    """
    if at <= observed_at + timedelta(seconds=credit_seconds + patience_seconds):
        return None
    return Period(observed_at + timedelta(seconds=credit_seconds), at)


def patience_seconds(interval_seconds: float, timeout_seconds: float) -> float:
    """How much later than expected an observation may come without a gap before it.

    A check that was skipped, or that took its whole time, is no gap yet.
    """
    return interval_seconds + timeout_seconds
