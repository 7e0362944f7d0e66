"""How long services took to answer, from roll-ups: never from the raw results."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlmodel import Session

from webmon.domain.rollups import Rollup
from webmon.models import Daily, Host, Hourly, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.models.history import RollupColumns

SERVICES = table(Service)
service, state = SERVICES.c, table(ServiceState).c
hourly, daily = table(Hourly).c, table(Daily).c

HOUR_SECONDS = 3600
HOURS = 24


def last_day(session: Session, service_id: int, *, now: datetime) -> Rollup:
    """The results of one service in the hour that is going on and the 24 before it."""
    first = _hour(now) - HOURS
    full = session.execute(
        select(*(hourly[name] for name in RollupColumns.model_fields)).where(
            hourly.service_id == service_id, hourly.hour >= first
        )
    ).all()
    present = session.execute(
        select(state.hourly).where(state.service_id == service_id, state.hour >= first)
    ).all()
    found = Rollup()
    for values in full:
        found.merge(Rollup(*values))
    for row in present:
        found.merge(Rollup.from_list(row[0]))
    return found


def averages_us(
    session: Session, *where: ColumnElement[bool], days: int, now: datetime
) -> dict[int, float]:
    """The mean response time in the last ``days`` days of UTC, today's included.

    For the services for which all conditions on service, host and namespace hold; without those
    that have not answered in that time.
    """
    first = _hour(now) // HOURS - days + 1
    full = session.execute(
        select(daily.service_id, func.sum(daily.sum_us), func.sum(daily.answers))
        .where(daily.service_id.in_(_chosen(where)), daily.day >= first)
        .group_by(daily.service_id)
    )
    present = session.execute(
        select(state.service_id, state.hourly).where(
            state.service_id.in_(_chosen(where)), state.hour >= first * HOURS
        )
    )
    sums = {service_id: (int(took), int(answers)) for service_id, took, answers in full}
    for service_id, values in present:
        took, answers = sums.get(service_id, (0, 0))
        open_hour = Rollup.from_list(values)
        sums[service_id] = took + open_hour.sum_us, answers + open_hour.answers
    return {key: took / answers for key, (took, answers) in sums.items() if answers}


def _hour(now: datetime) -> int:
    """Whole hours since 1970."""
    return int(now.timestamp()) // HOUR_SECONDS


def _chosen(where: tuple[ColumnElement[bool], ...]) -> Select[tuple[int]]:
    joined = SERVICES.join(table(Host)).join(table(Namespace))
    return select(service.id).select_from(joined).where(*where)
