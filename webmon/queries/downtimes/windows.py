"""What planned downtime covers which services when: the ground that everything else stands on.

Time decides, not the state that the worker has noted: what has started is planned, and what is
over is not, whether a worker runs or not.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, bindparam, func, select, union
from sqlmodel import Session

from webmon.domain.downtimes.life_cycle import COUNTED_STATES, State
from webmon.domain.downtimes.recurrence import Schedule
from webmon.domain.downtimes.scope import merged
from webmon.domain.history.uptime import Period
from webmon.models import (
    Downtime,
    DowntimeHost,
    DowntimeOccurrence,
    DowntimeService,
    Host,
    Service,
)
from webmon.models.columns import table

DOWNTIMES, OCCURRENCES = table(Downtime), table(DowntimeOccurrence)
SERVICES, HOSTS = table(Service), table(Host)
downtime, occurrence = DOWNTIMES.c, OCCURRENCES.c
service, host = SERVICES.c, HOSTS.c
in_host, in_service = table(DowntimeHost).c, table(DowntimeService).c

COUNTS = occurrence.state.in_(COUNTED_STATES)

BETWEEN = (
    select(occurrence.downtime_id, occurrence.starts_at, occurrence.ends_at)
    .where(COUNTS, occurrence.starts_at < bindparam("until"))
    .where(occurrence.ends_at > bindparam("since"))
    .order_by(occurrence.starts_at)
)


FIRST = (
    select(occurrence.downtime_id, func.min(occurrence.starts_at).label("first_at"))
    .where(occurrence.state == State.SCHEDULED, occurrence.starts_at > bindparam("now"))
    .group_by(occurrence.downtime_id)
    .subquery("first")
)
"""When each downtime begins next."""


class Window(NamedTuple):
    """An occurrence that is going on."""

    occurrence_id: int
    downtime_id: int
    title: str
    silence_all: bool
    ends_at: datetime


def schedule_of(row: Downtime) -> Schedule:
    """When a downtime occurs, by its rule."""
    return Schedule(
        datetime.fromisoformat(row.starts_local),
        row.timezone,
        timedelta(seconds=row.duration_seconds),
        row.rrule,
    )


def covered_services(session: Session, downtime_ids: Iterable[int]) -> dict[int, set[int]]:
    """The services in the scope of each of these downtimes."""
    found: dict[int, set[int]] = {key: set() for key in downtime_ids}
    if not found:
        return found
    ids = list(found)
    # Each part chooses its own: of a union as a whole the databases would read all of it first.
    parts = union(
        select(downtime.id, service.id)
        .join(HOSTS, host.namespace_id == downtime.namespace_id)
        .join(SERVICES, service.host_id == host.id)
        .where(downtime.whole_namespace, downtime.id.in_(ids)),
        select(in_host.downtime_id, service.id)
        .join(SERVICES, service.host_id == in_host.host_id)
        .where(in_host.downtime_id.in_(ids)),
        select(in_service.downtime_id, in_service.service_id).where(
            in_service.downtime_id.in_(ids)
        ),
    )
    for downtime_id, service_id in session.execute(parts):
        found[downtime_id].add(service_id)
    return found


def covering(service_ids: Iterable[int]) -> CompoundSelect[Any]:
    """The ids of the downtimes that have one of these services in their scope."""
    ids = list(service_ids)
    return union(
        select(downtime.id)
        .join(HOSTS, host.namespace_id == downtime.namespace_id)
        .join(SERVICES, service.host_id == host.id)
        .where(downtime.whole_namespace, service.id.in_(ids)),
        select(in_host.downtime_id)
        .join(SERVICES, service.host_id == in_host.host_id)
        .where(service.id.in_(ids)),
        select(in_service.downtime_id).where(in_service.service_id.in_(ids)),
    )


def windows_between(
    session: Session, since: datetime, until: datetime
) -> dict[int, tuple[Period, ...]]:
    """The planned time of each service that has some in this period, without overlaps.

    Services that the same downtimes cover have the same tuple.
    """
    periods: dict[int, list[Period]] = {}
    for downtime_id, began_at, ended_at in session.execute(
        BETWEEN, {"since": since, "until": until}
    ):
        periods.setdefault(downtime_id, []).append(Period(began_at, ended_at))
    covering_each: dict[int, list[int]] = {}
    for downtime_id, service_ids in covered_services(session, periods).items():
        for service_id in service_ids:
            covering_each.setdefault(service_id, []).append(downtime_id)
    shared: dict[tuple[int, ...], tuple[Period, ...]] = {}
    found = {}
    for service_id, downtime_ids in covering_each.items():
        key = tuple(downtime_ids)
        if key not in shared:
            shared[key] = tuple(merged(each for one in key for each in periods[one]))
        found[service_id] = shared[key]
    return found


def windows_at(
    session: Session, now: datetime, service_ids: Iterable[int] | None = None
) -> dict[int, list[Window]]:
    """What goes on at ``now``, by service: of all services, or of these."""
    rows = session.execute(
        select(
            occurrence.id,
            occurrence.downtime_id,
            occurrence.title,
            downtime.title.label("downtime_title"),
            downtime.silence_all,
            occurrence.ends_at,
        )
        .join(DOWNTIMES, downtime.id == occurrence.downtime_id)
        .where(COUNTS, occurrence.ends_at > now, occurrence.starts_at <= now)
        .order_by(occurrence.ends_at.desc(), occurrence.id)
    ).all()
    if not rows:
        return {}
    wanted = None if service_ids is None else set(service_ids)
    covered = covered_services(session, {row.downtime_id for row in rows})
    found: dict[int, list[Window]] = {}
    for row in rows:
        window = Window(
            row.id,
            row.downtime_id,
            row.title or row.downtime_title,
            row.silence_all,
            row.ends_at,
        )
        members = covered[row.downtime_id]
        for service_id in members if wanted is None else members & wanted:
            found.setdefault(service_id, []).append(window)
    return found
