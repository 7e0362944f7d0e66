"""How a service was, in figures ready to show: uptime, response times, outages, its last days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from webmon.domain.durations import in_words
from webmon.domain.figures import milliseconds
from webmon.domain.history.uptime import Outages, Period, Timeline, outages, uptime
from webmon.queries.history.records import (
    DAYS_SHOWN,
    WINDOW_NAMES,
    DayRecord,
    day_records,
    in_one_sentence,
)
from webmon.queries.history.response_times import NONE, ResponseTimes, last_day
from webmon.queries.history.timelines import service, timelines
from webmon.queries.history.track_records import NO_RECORD, track_records
from webmon.queries.history.uptime import DAY, percent, percentage, windows_at


@dataclass(frozen=True, slots=True)
class FigureView:
    """A number with its unit, and what it is of."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class StatisticsView:
    """Figures to read, and the last 90 days to look at."""

    uptimes: tuple[FigureView, ...] = ()
    responses: tuple[FigureView, ...] = ()
    month: str = ""
    """The name of the calendar month that the outages are of."""
    outages: tuple[FigureView, ...] = ()
    days: tuple[DayRecord, ...] = ()
    uptime: str = ""
    """In these days; empty where nothing was observed."""
    summary: str = ""
    """The days in one sentence, for who does not see them."""


NO_STATISTICS = StatisticsView()


def service_statistics(session: Session, service_id: int, *, now: datetime) -> StatisticsView:
    """The statistics of one service; empty for one that does not exist."""
    since, chosen = now - (DAYS_SHOWN + 1) * DAY, service.id == service_id
    for watched in timelines(session, chosen, since=since, now=now):
        timezone = ZoneInfo(watched.timezone)
        month = windows_at(now, watched.timezone)[-1]
        records = track_records(session, chosen, days=DAYS_SHOWN, now=now)
        record = records.get(service_id, NO_RECORD)
        shown = day_records(watched.line, timezone, now)
        return StatisticsView(
            uptimes=_uptimes(watched.line, windows_at(now, watched.timezone)),
            responses=_responses(
                last_day(session, [service_id], now=now).get(service_id, NONE), record.average_us
            ),
            month=f"{now.astimezone(timezone):%B}",
            outages=_outages(outages(watched.line, month)),
            days=shown,
            uptime=f"{percentage(percent(record.uptime))} uptime" if record.uptime.observed else "",
            summary=in_one_sentence(shown),
        )
    return NO_STATISTICS


def _uptimes(line: Timeline, windows: tuple[Period, ...]) -> tuple[FigureView, ...]:
    return tuple(
        FigureView(name, percentage(percent(uptime(line, window))))
        for name, window in zip(WINDOW_NAMES, windows, strict=True)
    )


def _responses(day: ResponseTimes, average_us: float | None) -> tuple[FigureView, ...]:
    figures = (
        ("Average, 24 h", day.average_us),
        ("95 % within, 24 h", day.p95_us),
        (f"Average, {DAYS_SHOWN} days", average_us),
    )
    return tuple(
        FigureView(name, milliseconds(value)) for name, value in figures if value is not None
    )


def _outages(found: Outages) -> tuple[FigureView, ...]:
    if not found.count:
        return (FigureView("Outages", "none"),)
    recovery = found.mean_to_recovery
    return (
        FigureView("Outages", str(found.count)),
        FigureView("Down in all", _length(found.total)),
        FigureView("Longest", _length(found.longest)),
        FigureView("Mean time to recovery", "not yet" if recovery is None else _length(recovery)),
    )


def _length(length: timedelta) -> str:
    return in_words(length.total_seconds())
