"""Keep the uptime of days that are over, so that a long time is read without its changes.

A day of a service is *settled* once the service was observed after it (or is not observed at all,
because it is paused or was never seen): what happens later does not change it any more. The rare
news that does reach back, a change that took days to confirm or a clock that was set back, takes
the settling back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select, update
from sqlmodel import Session

from webmon.bulk import upsert
from webmon.commands.history.rollups import COLUMNS
from webmon.domain.checks.status import OBSERVED
from webmon.domain.history.calendar import utc_day, utc_midnight
from webmon.domain.history.rollups import Rollup
from webmon.domain.history.uptime import Period, Uptime, uptime
from webmon.models import Daily, Service, ServiceState
from webmon.models.columns import table
from webmon.queries.history.timelines import timelines

STATES = table(ServiceState)
state, service = STATES.c, table(Service).c

MICROSECOND = timedelta(microseconds=1)

SERVICES_AT_ONCE = 25
DAYS_AT_ONCE = 31
"""In one transaction: some milliseconds for one day, a hundred for a month."""


class Unsettled(NamedTuple):
    """A service, and its days that can be settled: from the first on, up to the last but one."""

    service_id: int
    first_day: int
    until_day: int


class SettledDay(NamedTuple):
    """How a service was on a day, counted from 1970 in UTC."""

    service_id: int
    day: int
    uptime: Uptime


def lock_unsettled(session: Session, *, after: int, now: datetime) -> list[Unsettled]:
    """The next services (their ids greater than ``after``) that have days to be settled.

    Nothing is recorded of them before the transaction ends. Nothing was observed before a service
    was created: there its days begin.
    """
    today = utc_day(now)
    rows = session.execute(
        select(state.service_id, state.settled_day, service.created_at)
        .join(table(Service))
        .where(state.service_id > after, state.settled_day < today)
        .where(or_(state.status.not_in(OBSERVED), state.observed_at >= utc_midnight(today)))
        .order_by(state.service_id)
        .limit(SERVICES_AT_ONCE)
        .with_for_update(of=STATES, skip_locked=True)
    )
    found = []
    for service_id, settled_day, created_at in rows:
        first = min(settled_day or utc_day(created_at), today)
        found.append(Unsettled(service_id, first, min(first + DAYS_AT_ONCE, today)))
    return found


def store_days(session: Session, services: Iterable[Unsettled], days: Iterable[SettledDay]) -> None:
    """Store how these services were on these days, which are all that `Unsettled` names."""
    no_results = dict(zip(COLUMNS, Rollup().as_list(), strict=True))
    rows = [
        {
            "service_id": each.service_id,
            "day": each.day,
            **no_results,
            "observed_us": each.uptime.observed // MICROSECOND,
            "down_us": each.uptime.down // MICROSECOND,
        }
        for each in days
    ]
    upsert(session, table(Daily), rows, replacing=("observed_us", "down_us"))
    settle = update(STATES).where(state.service_id == bindparam("key"))
    session.connection().execute(
        settle.values(settled_day=bindparam("until")),
        [{"key": each.service_id, "until": each.until_day} for each in services],
    )


def unsettle(session: Session, days: Mapping[int, int]) -> None:
    """Take back what is settled of these services from these days on: something new is stored
    of them."""
    if not days:
        return
    later = update(STATES).where(
        state.service_id == bindparam("key"), state.settled_day > bindparam("day")
    )
    session.connection().execute(
        later.values(settled_day=bindparam("day")),
        [{"key": service_id, "day": day} for service_id, day in days.items()],
    )


def settle_some(session: Session, *, after: int, now: datetime) -> int | None:
    """Settle some days of the next services; returns where to go on, None at the end.

    A service that has many of them, as all do after an update from an older version, is done in
    several steps.
    """
    services = lock_unsettled(session, after=after, now=now)
    if not services:
        return None
    store_days(session, services, _days(session, services))
    is_done = all(each.until_day == utc_day(now) for each in services)
    return services[-1].service_id if is_done else after


def _days(session: Session, services: Sequence[Unsettled]) -> Iterator[SettledDay]:
    wanted = {each.service_id: each for each in services}
    since = utc_midnight(min(each.first_day for each in services))
    until = utc_midnight(max(each.until_day for each in services))
    if since == until:
        return
    for watched in timelines(session, service.id.in_(wanted), since=since, now=until):
        _, first, end = wanted[watched.service_id]
        for day in range(first, end):
            period = Period(utc_midnight(day), utc_midnight(day + 1))
            yield SettledDay(watched.service_id, day, uptime(watched.line, period))
