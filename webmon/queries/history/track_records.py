"""How services did over many days: uptime and mean response time, read from daily roll-ups.

Neither the number of results nor that of the status changes makes it slower: the days before
yesterday are settled (`commands.history.daily_uptime`), and only what came after them is read as
a timeline.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, cast, func, select
from sqlmodel import Session

from webmon.domain.history.calendar import utc_day, utc_midnight
from webmon.domain.history.rollups import ANSWERS, SUM_US
from webmon.domain.history.uptime import Period, Uptime, uptime
from webmon.models import Daily, ServiceState
from webmon.models.columns import table
from webmon.queries.history.timelines import CHOSEN, service, timelines

state, daily = table(ServiceState).c, table(Daily).c

HOURS_PER_DAY = 24

# Built once: of few services the statements would cost more than their rows.


def _sum(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[int]:
    """Zero where there is nothing to sum up. PostgreSQL would make a decimal of it."""
    total = func.sum(column).filter(*where) if where else func.sum(column)
    return cast(func.coalesce(total, 0), BigInteger)


FIRST: ColumnElement[int] = bindparam("first")
RECENT: ColumnElement[int] = bindparam("recent")
FIRST_HOUR: ColumnElement[int] = bindparam("first_hour")
SUMS = (
    select(
        *(daily.service_id, _sum(daily.answers), _sum(daily.sum_us)),
        *(_sum(column, daily.day < RECENT) for column in (daily.observed_us, daily.down_us)),
    )
    .where(daily.day >= FIRST)
    .group_by(daily.service_id)
)
OPEN_HOURS = select(
    state.service_id,
    state.settled_day >= RECENT,
    *(
        case((state.hour >= FIRST_HOUR, cast(state.hourly[place].as_string(), BigInteger)), else_=0)
        for place in (ANSWERS, SUM_US)
    ),
)


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Uptime, and the mean response time in microseconds; None: it has not answered."""

    uptime: Uptime
    average_us: float | None


NO_RECORD = TrackRecord(Uptime(), None)


def track_records(
    session: Session, *where: ColumnElement[bool], days: int, now: datetime
) -> dict[int, TrackRecord]:
    """The last ``days`` days of UTC, today's included, of services by their ids.

    Of those for which all conditions on service, state, host and namespace hold.
    """
    first = utc_day(now) - days + 1
    recent = max(first, utc_day(now) - 1)
    averages, settled = _summed_up(session, where, first, recent)
    on_time = state.settled_day >= recent
    measured = {
        service_id: settled[service_id] + since_then
        for service_id, since_then in _uptimes(session, (*where, on_time), recent, now)
        if service_id in settled
    }
    if late := averages.keys() - measured.keys():
        measured.update(_uptimes(session, (service.id.in_(late),), first, now))
    return {
        service_id: TrackRecord(found, averages[service_id])
        for service_id, found in measured.items()
    }


def _summed_up(
    session: Session, where: tuple[ColumnElement[bool], ...], first: int, recent: int
) -> tuple[dict[int, float | None], dict[int, Uptime]]:
    """The mean response times since the day ``first``; and the uptime from then until the day
    ``recent``, of the services that are settled until then."""
    edges = {"first": first, "recent": recent, "first_hour": first * HOURS_PER_DAY}
    sums, open_hours = SUMS, OPEN_HOURS
    if where:
        chosen = CHOSEN.where(*where)
        sums = sums.where(daily.service_id.in_(chosen))
        open_hours = open_hours.where(state.service_id.in_(chosen))
    totals = {row[0]: row[1:] for row in session.execute(sums, edges)}
    averages, settled = {}, {}
    for service_id, is_settled, answers, sum_us in session.execute(open_hours, edges):
        more_answers, more_us, observed_us, down_us = totals.get(service_id, (0, 0, 0, 0))
        answers, sum_us = (answers or 0) + more_answers, (sum_us or 0) + more_us
        averages[service_id] = sum_us / answers if answers else None
        if is_settled:
            observed, down = timedelta(microseconds=observed_us), timedelta(microseconds=down_us)
            settled[service_id] = Uptime(observed, observed - down)
    return averages, settled


def _uptimes(
    session: Session, where: tuple[ColumnElement[bool], ...], first_day: int, now: datetime
) -> Iterator[tuple[int, Uptime]]:
    """The uptime of services from the beginning of a day on, from their status changes."""
    period = Period(utc_midnight(first_day), now)
    for watched in timelines(session, *where, since=period.began_at, now=now):
        yield watched.service_id, uptime(watched.line, period)
