"""How services did over many days: uptime and mean response time, read from daily roll-ups.

Neither the number of results nor that of the status changes makes it slower: the days before
yesterday are settled (`commands.settling`), and only what came after them is read as a timeline.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select
from sqlmodel import Session

from webmon.domain.calendar import utc_day, utc_midnight
from webmon.domain.rollups import ANSWERS, SUM_US
from webmon.domain.uptime import Period, Uptime, uptime
from webmon.models import Daily, Host, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.queries.timelines import timelines

SERVICES = table(Service)
service, state, daily = SERVICES.c, table(ServiceState).c, table(Daily).c

HOURS_PER_DAY = 24


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

    Of those for which all conditions on service, host and namespace hold.
    """
    first = utc_day(now) - days + 1
    recent = max(first, utc_day(now) - 1)
    rows = {row.service_id: row for row in session.execute(_sums(where, first, recent))}
    on_time = state.settled_day >= recent
    measured = {
        service_id: _settled(rows[service_id]) + since_then
        for service_id, since_then in _uptimes(session, (*where, on_time), recent, now)
        if service_id in rows and rows[service_id].settled_day >= recent
    }
    if late := rows.keys() - measured.keys():
        measured.update(_uptimes(session, (service.id.in_(late),), first, now))
    return {
        service_id: TrackRecord(found, _average_us(rows[service_id]))
        for service_id, found in measured.items()
    }


def _uptimes(
    session: Session, where: tuple[ColumnElement[bool], ...], first_day: int, now: datetime
) -> Iterator[tuple[int, Uptime]]:
    """The uptime of services from the beginning of a day on, from their status changes."""
    period = Period(utc_midnight(first_day), now)
    for watched in timelines(session, *where, since=period.began_at, now=now):
        yield watched.service_id, uptime(watched.line, period)


def _sums(where: tuple[ColumnElement[bool], ...], first: int, recent: int) -> Select[Any]:
    """What the days come to, and the hour that is going on; uptime up to the day ``recent``."""
    sums = select(
        daily.service_id,
        _sum(daily.answers),
        _sum(daily.sum_us),
        _sum(daily.observed_us, daily.day < recent),
        _sum(daily.down_us, daily.day < recent),
    ).where(daily.day >= first)
    present = select(
        state.service_id,
        state.settled_day,
        cast(state.hourly[ANSWERS].as_string(), BigInteger).label("open_answers"),
        cast(state.hourly[SUM_US].as_string(), BigInteger).label("open_sum_us"),
        (state.hour >= first * HOURS_PER_DAY).label("is_recent"),
    )
    if where:
        joined = SERVICES.join(table(Host)).join(table(Namespace))
        chosen = select(service.id).select_from(joined).where(*where)
        sums = sums.where(daily.service_id.in_(chosen))
        present = present.where(state.service_id.in_(chosen))
    days = sums.group_by(daily.service_id).subquery()
    columns = (days.c.answers, days.c.sum_us, days.c.observed_us, days.c.down_us)
    return present.add_columns(*columns).outerjoin(days, days.c.service_id == state.service_id)


def _sum(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[int]:
    """Null where there is nothing to sum up. PostgreSQL would make a decimal of it."""
    total = func.sum(column).filter(*where) if where else func.sum(column)
    return cast(total, BigInteger).label(column.name)


def _settled(row: Any) -> Uptime:
    observed, down = row.observed_us or 0, row.down_us or 0
    return Uptime(timedelta(microseconds=observed), timedelta(microseconds=observed - down))


def _average_us(row: Any) -> float | None:
    answers, sum_us = row.answers or 0, row.sum_us or 0
    if row.is_recent:
        answers += row.open_answers or 0
        sum_us += row.open_sum_us or 0
    return sum_us / answers if answers else None
