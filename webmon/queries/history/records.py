"""How something was, day by day and month by month, in words and figures ready to show."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from webmon.domain.checks.status import Status
from webmon.domain.durations import in_words
from webmon.domain.history.calendar import days, month
from webmon.domain.history.uptime import (
    Outages,
    Period,
    Timeline,
    Uptime,
    host_timeline,
    outages,
    planned_within,
    unobserved,
    uptime,
    worst,
)
from webmon.queries.history.timelines import HOSTS, Gap, service, timelines
from webmon.queries.history.uptime import percent, percentage, windows_at

DAYS_SHOWN, MONTHS_SHOWN = 90, 12
YEAR = timedelta(days=397)
"""Twelve calendar months, and the one that is going on, at the most."""

DAY_WORDS = {
    Status.UP: "no outage",
    Status.DEGRADED: "difficulties",
    Status.DOWN: "down",
    Status.UNKNOWN: "not observed",
}
PLANNED, PLANNED_WORDS = "planned", "planned downtime"
"""The status of a day that was observed only outside of planned downtime, or not at all."""

WINDOW_NAMES = ("24 hours", "7 days", "30 days", "This month")


@dataclass(frozen=True, slots=True)
class DayRecord:
    """A day: its worst status, and what happened in words."""

    status: str = ""
    date: str = ""
    """``28 Nov``."""
    title: str = ""
    """``28 Nov: down, 12 min in 2 outages``."""
    uptime: str = ""
    down: str = ""
    outages: int = 0
    no_data: str = ""
    """How much of it nobody observed, planned downtime left out; empty for none."""
    planned: str = ""
    """How much of it was planned downtime; empty for none."""


@dataclass(frozen=True, slots=True)
class MonthRecord:
    """A calendar month in the namespace's timezone."""

    name: str
    uptime: str
    outages: int
    down: str
    longest: str


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """The uptime of a length of time that ends now."""

    name: str
    uptime: str


@dataclass(frozen=True, slots=True)
class Record:
    """All of it; empty for something that nobody watches."""

    windows: tuple[WindowRecord, ...] = ()
    days: tuple[DayRecord, ...] = ()
    months: tuple[MonthRecord, ...] = ()
    """The current one first."""
    summary: str = ""
    """The days in one sentence."""


NO_RECORD = Record()


def service_record(session: Session, service_id: int, *, now: datetime) -> Record:
    """How a service was."""
    for watched in timelines(session, service.id == service_id, since=now - YEAR, now=now):
        return _record(watched.line, watched.planned, watched.timezone, now)
    return NO_RECORD


def host_record(session: Session, host_id: int, *, now: datetime) -> Record:
    """How a host was, by its own rule."""
    members = timelines(session, HOSTS.c.id == host_id, since=now - YEAR, now=now)
    if not members:
        return NO_RECORD
    line = host_timeline([(each.line, each.critical) for each in members])
    planned = {window for each in members for window in each.planned}
    return _record(line, planned, members[0].timezone, now)


def _record(line: Timeline, planned: Iterable[Gap], timezone: str, now: datetime) -> Record:
    zone = ZoneInfo(timezone)
    shown = day_records(line, zone, now, planned)
    return Record(
        windows=tuple(
            WindowRecord(name, percentage(percent(uptime(line, window))))
            for name, window in zip(WINDOW_NAMES, windows_at(now, timezone), strict=True)
        ),
        days=shown,
        months=tuple(_months(line, zone, now)),
        summary=in_one_sentence(shown),
    )


def day_records(
    line: Timeline, zone: ZoneInfo, now: datetime, planned: Iterable[Gap] = ()
) -> tuple[DayRecord, ...]:
    """The last 90 days there, the earliest first."""
    return tuple(_day(line, planned, day, zone, now) for day in days(now, DAYS_SHOWN, zone))


def _day(
    line: Timeline, planned: Iterable[Gap], day: Period, zone: ZoneInfo, now: datetime
) -> DayRecord:
    status, measured, found = worst(line, day), uptime(line, day), outages(line, day)
    lived = Period(day.began_at, min(day.ended_at, now))
    meant = planned_within(line, planned, lived)
    unseen = unobserved(line, lived) - meant
    date, is_planned = _date(day, zone), meant and status is Status.UNKNOWN
    return DayRecord(
        status=PLANNED if is_planned else status.value,
        date=date,
        title=f"{date}: {PLANNED_WORDS if is_planned else _told(status, measured, found)}",
        planned=_length(meant) if meant else "",
        uptime=percentage(percent(measured)),
        down=_length(measured.down) if measured.down else "",
        outages=found.count,
        no_data=_length(unseen) if unseen >= timedelta(minutes=1) else "",
    )


def _told(status: Status, measured: Uptime, found: Outages) -> str:
    if not found.count:
        return DAY_WORDS[status]
    noun = "outage" if found.count == 1 else "outages"
    return f"down {_length(measured.down)} in {found.count} {noun}"


def _months(line: Timeline, zone: ZoneInfo, now: datetime) -> Iterator[MonthRecord]:
    """As far back as anything was observed."""
    present = month(now, zone)
    for _ in range(MONTHS_SHOWN):
        measured = uptime(line, present)
        if measured.observed:
            found = outages(line, present)
            yield MonthRecord(
                name=f"{present.began_at.astimezone(zone):%b %Y}",
                uptime=percentage(percent(measured)),
                outages=found.count,
                down=_length(found.total) if found.count else "none",
                longest=_length(found.longest) if found.count else "",
            )
        present = month(present.began_at - timedelta(days=1), zone)


def in_one_sentence(shown: Sequence[DayRecord]) -> str:
    """The days, counted by how they were."""
    words: dict[str, str] = {
        Status.UP: "without an outage",
        Status.DEGRADED: "with difficulties",
        Status.DOWN: "with an outage",
        PLANNED: "in planned downtime",
        Status.UNKNOWN: "not observed",
    }
    counts = Counter(each.status for each in shown)
    told = (f"{counts[status]} {word}" for status, word in words.items() if counts[status])
    return f"The last {DAYS_SHOWN} days: " + ", ".join(told)


def _length(length: timedelta) -> str:
    return in_words(length.total_seconds())


def _date(day: Period, zone: ZoneInfo) -> str:
    local = day.began_at.astimezone(zone)
    return f"{local.day} {local:%b}"
