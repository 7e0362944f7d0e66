"""How everything in scope was: response times and their trend, uptime, the slowest services.

These sum up days of many services, so they are worked out at most every half minute for one scope
and shared by everybody who sees the same namespaces; what is long past, every quarter of an hour.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, cast, func, select
from sqlmodel import Session

from webmon.domain.figures import milliseconds
from webmon.domain.history.calendar import EPOCH, utc_day
from webmon.domain.history.rollups import ANSWERS, SUM_US
from webmon.domain.history.uptime import Period, Uptime
from webmon.models import Daily, Downtime, Host, Hourly, Service, ServiceState
from webmon.models.columns import table
from webmon.queries.dashboard.scope import Scope, host, within
from webmon.queries.history.response_times import last_day
from webmon.queries.history.uptime import EARLIEST, month_totals, percent, percentage
from webmon.queries.kept import Kept

service, state = table(Service).c, table(ServiceState).c
hourly, daily, downtime = table(Hourly).c, table(Daily).c, table(Downtime).c

SLOWEST = 5
QUARTER = timedelta(minutes=15)
HOUR_SECONDS, HOURS_PER_DAY = 3_600, 24


@dataclass(frozen=True, slots=True)
class SlowView:
    """A service, and what 95 % of its answers in the last 24 hours did not exceed."""

    service_id: int
    host_id: int
    name: str
    p95: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Texts ready to show; empty where there is nothing to say."""

    response: str = ""
    """The mean of all answers in the chosen days."""
    trend_percent: float | None = None
    """By how much it is slower than in the same time before (negative: quicker)."""
    uptime_month: str = ""
    uptime_last_month: str = ""
    slowest: tuple[SlowView, ...] = ()


FIGURES: Kept[Figures] = Kept(timedelta(seconds=30))
UNTIL_QUARTER: Kept[Any] = Kept(QUARTER)
"""What was before the last quarter of an hour; of most of it nothing more becomes known."""


def figures(session: Session, scope: Scope, *, days: int, now: datetime) -> Figures:
    """The figures of everything in ``scope``; those of the last half minute where there are any.

    ``days`` is how far response times reach back.
    """
    return FIGURES.of(session, (scope, days), lambda: _work_out(session, scope, days, now), now=now)


def _work_out(session: Session, scope: Scope, days: int, now: datetime) -> Figures:
    there = _what_there_is(session, scope)
    present, before = _response_us(session, scope, there, days, now)
    this_month, last_month = map(percent, _months(session, scope, there, now))
    return Figures(
        response=milliseconds(present),
        trend_percent=None if not present or not before else round(100 * (present / before - 1)),
        uptime_month="" if this_month is None else percentage(this_month),
        uptime_last_month="" if last_month is None else percentage(last_month),
        slowest=_slowest(session, scope, now),
    )


def _months(
    session: Session, scope: Scope, there: tuple[Any, ...], now: datetime
) -> tuple[Uptime, Uptime]:
    """This calendar month and the last one: what was before a while is summed up once a quarter."""
    # Months begin with a quarter, everywhere. What is recorded late is so by less than one.
    quarter = now - (now - EPOCH) % QUARTER
    before, lately = Period(EARLIEST, quarter - QUARTER), Period(quarter - QUARTER, now)
    key = "months", scope, quarter, there
    past = UNTIL_QUARTER.of(
        session,
        key,
        lambda: month_totals(session, within(scope), part=before, now=now),
        now=now,
    )
    present = month_totals(session, within(scope), part=lately, now=now)
    return past[0] + present[0], past[1] + present[1]


def _what_there_is(session: Session, scope: Scope) -> tuple[Any, ...]:
    """Another one when services come or go, or planned downtime is changed."""
    services = (
        select(func.count(), func.sum(service.id), func.sum(host.namespace_id))
        .join(table(Host), host.id == service.host_id)
        .where(within(scope))
    )
    planned = select(func.count(), func.sum(downtime.revision), func.max(downtime.id))
    return (*session.execute(services).one(), *session.execute(planned).one())


def _response_us(
    session: Session, scope: Scope, there: tuple[Any, ...], days: int, now: datetime
) -> tuple[float | None, float | None]:
    """The mean response time of the last ``days`` days, and of as many before them."""
    if days == 1:
        period, number = hourly.hour, int(now.timestamp()) // HOUR_SECONDS
        length = HOURS_PER_DAY
    else:
        period, number, length = daily.day, utc_day(now), days
    chosen = select(service.id).join(table(Host), host.id == service.host_id).where(within(scope))
    # The last period may be going on, and the one before it be written late.
    key = "response", scope, days, number, there
    past = UNTIL_QUARTER.of(
        session,
        key,
        lambda: _sums(session, chosen, period, number - length, number - 2 * length, number - 1),
        now=now,
    )
    lately = _sums(session, chosen, period, number - length, number - 2, number + 1)
    sums = {True: list(_open_hours(session, chosen, days, now)), False: [0, 0]}
    for is_present, answers, sum_us in (*past, *lately):
        sums[is_present][0] += answers
        sums[is_present][1] += sum_us
    return _mean(sums[True]), _mean(sums[False])


def _sums(
    session: Session, chosen: Any, period: Any, middle: int, after: int, before: int
) -> list[tuple[bool, int, int]]:
    """Answers and microseconds of the periods between ``after`` and ``before`` (without both), up
    to the ``middle`` one and later."""
    rows = period.table.c
    late = (period > middle).label("late")
    found = session.execute(
        select(
            late,
            cast(func.sum(rows.answers), BigInteger),
            cast(func.sum(rows.sum_us), BigInteger),
        )
        .where(rows.service_id.in_(chosen), period > after, period < before)
        .group_by(late)
    )
    return [(bool(each[0]), each[1] or 0, each[2] or 0) for each in found]


def _open_hours(session: Session, chosen: Any, days: int, now: datetime) -> tuple[int, int]:
    """Answers and microseconds of the hours that are going on: they are kept with the states."""
    since = int((now - timedelta(days=days)).timestamp()) // HOUR_SECONDS
    answers, sum_us = (
        func.sum(cast(state.hourly[place].as_string(), BigInteger)) for place in (ANSWERS, SUM_US)
    )
    row = session.execute(
        select(cast(answers, BigInteger), cast(sum_us, BigInteger)).where(
            state.service_id.in_(chosen), state.hour > since
        )
    ).one()
    return row[0] or 0, row[1] or 0


def _mean(sums: list[int]) -> float | None:
    answers, sum_us = sums
    return sum_us / answers if answers else None


def _slowest(session: Session, scope: Scope, now: datetime) -> tuple[SlowView, ...]:
    """By the copy that is kept for sorting; what is shown is exact."""
    rows = session.execute(
        select(
            service.id,
            service.host_id,
            (host.name + " / " + service.name).label("name"),
        )
        .join(table(ServiceState), state.service_id == service.id)
        .join(table(Host), host.id == service.host_id)
        .where(within(scope), state.day_p95_us.is_not(None), service.paused.is_(False))
        .order_by(state.day_p95_us.desc())
        .limit(SLOWEST)
    ).all()
    times = last_day(session, [row.id for row in rows], now=now)
    found = [(times[row.id].p95_us or 0, row) for row in rows if row.id in times]
    return tuple(_slow(row, p95) for p95, row in _ordered(found))


def _ordered(found: Iterable[tuple[int, Any]]) -> list[tuple[int, Any]]:
    return sorted(found, key=lambda each: -each[0])


def _slow(row: Any, p95_us: int) -> SlowView:
    return SlowView(row.id, row.host_id, row.name, milliseconds(p95_us))
