"""From news to lines: what a message says, each service once, in the order in which it arose."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from webmon.domain.checks.status import Status
from webmon.domain.notifications.news import Event, Message, News


class Kind(StrEnum):
    """What a line says; the value is its word in capitals. The most serious stands first."""

    DOWN = "DOWN"
    AFTER_DOWNTIME = "STILL DOWN AFTER PLANNED DOWNTIME"
    STILL_DOWN = "STILL DOWN"
    FLAPPING = "FLAPPING"
    DEGRADED = "DIFFICULTIES"
    EASED = "NO LONGER DOWN"
    UPDATE = "UPDATE"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    WAS_DOWN = "WAS DOWN"
    HAD_DIFFICULTIES = "HAD DIFFICULTIES"
    UP = "UP"
    UNWATCHED = "NO LONGER WATCHED"
    DOWNTIME = "DOWNTIME"
    MONITOR = "MONITOR"
    TEST = "TEST"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a message says. ``since`` and ``until`` bound the outage that it is about."""

    kind: Kind
    news: News
    since: datetime | None = None
    until: datetime | None = None

    @property
    def length_seconds(self) -> float:
        """How long the outage lasted, or has lasted; 0 if that is not known."""
        if self.since is None or self.until is None:
            return 0.0
        return max(0.0, (self.until - self.since).total_seconds())


_KINDS = {
    Event.DOWN: Kind.DOWN,
    Event.UP: Kind.UP,
    Event.REMINDER: Kind.STILL_DOWN,
    Event.DEGRADED: Kind.DEGRADED,
    Event.DOWNTIME: Kind.DOWNTIME,
    Event.INCIDENT_UPDATE: Kind.UPDATE,
    Event.ACKNOWLEDGED: Kind.ACKNOWLEDGED,
    Event.FLAPPING: Kind.FLAPPING,
    Event.MONITOR: Kind.MONITOR,
    Event.TEST: Kind.TEST,
}
_ENDS = {Status.DEGRADED: Kind.EASED, Status.PAUSED: Kind.UNWATCHED}
"""What an ``up`` says of a service with difficulties, and of one that is no longer watched."""
_NEW = (Kind.DOWN, Kind.AFTER_DOWNTIME)
_OUTAGE = frozenset({*_NEW, Kind.STILL_DOWN})
_ABOUT_NOW = _OUTAGE | {Kind.DEGRADED, Kind.EASED, Kind.FLAPPING}
"""Kinds that newer news of the same service replaces."""


def lines_of(message: Message) -> tuple[Line, ...]:
    """The lines of ``message``: an outage that is over by now is described as over.

    A ``down`` that was not sent before its ``up`` becomes one line with both times.
    """
    lines: list[Line] = []
    for news in message.news:
        before = next(
            (each for each in reversed(lines) if _is_superseded(each.news, news, each.kind)), None
        )
        if before is not None:
            lines.remove(before)
        lines.append(_line(news, before))
    return tuple(lines)


def grouped(lines: Iterable[Line]) -> Iterator[tuple[Kind, tuple[Line, ...]]]:
    """The lines of each kind together, the most serious kind first."""
    lines = tuple(lines)
    for kind in Kind:
        if members := tuple(line for line in lines if line.kind is kind):
            yield kind, members


def _is_superseded(old: News, new: News, kind: Kind) -> bool:
    if old.service_id and new.service_id:  # names may have changed meanwhile
        same = old.service_id == new.service_id
    else:
        same = (old.namespace, old.host, old.service) == (new.namespace, new.host, new.service)
    return same and kind in _ABOUT_NOW and _KINDS[new.event] in _ABOUT_NOW | {Kind.UP}


def _line(news: News, before: Line | None) -> Line:
    """``news`` as a line; ``before`` is the line about the same service that it replaces."""
    kind = _KINDS[news.event]
    if kind is Kind.UP and news.status in _ENDS:
        began = before.since if before is not None and before.kind in _OUTAGE else None
        since = news.down_since or began
        return Line(_ENDS[news.status], news, since, _began(news))
    if kind is Kind.UP:
        if before is not None and before.kind is not Kind.STILL_DOWN:
            over = Kind.WAS_DOWN if before.kind in _NEW else Kind.HAD_DIFFICULTIES
            return Line(over, news, news.down_since or before.since, _began(news))
        return Line(kind, news, news.down_since, _began(news))
    if kind is Kind.STILL_DOWN:
        if before is not None and before.kind in _NEW:  # not sent before
            kind = before.kind
        return Line(kind, news, news.down_since or news.since, news.told_at)
    if kind in (Kind.UPDATE, Kind.ACKNOWLEDGED):
        return Line(kind, news, news.told_at)
    if kind is Kind.DOWN and news.after_downtime:
        kind = Kind.AFTER_DOWNTIME
    return Line(kind, news, news.since or news.told_at)


def _began(news: News) -> datetime:
    return news.since or news.told_at
