"""What is wrong now: the first sentence, how many are up, and the latest incidents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from webmon.domain.checks.status import WORDS, Status, host_status
from webmon.domain.durations import in_words
from webmon.models import Host, Incident, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.queries.dashboard.scope import Scope, host, namespace, within

service, state, incident = table(Service).c, table(ServiceState).c, table(Incident).c

MOST_WRONG, LATEST = 8, 5
WRONG = (Status.DOWN, Status.DEGRADED)


@dataclass(frozen=True, slots=True)
class WrongView:
    """A service that is down or in difficulties."""

    service_id: int
    host_id: int
    name: str
    """``Datastore / Website``."""
    namespace: str
    status: str
    word: str
    since: str
    message: str


@dataclass(frozen=True, slots=True)
class RecentIncidentView:
    """An outage. ``ended_at`` is empty while it lasts."""

    id: int
    name: str
    began_at: str
    ended_at: str
    lasted: str


@dataclass(frozen=True, slots=True)
class PresentView:
    """The first sentence with its status, and what stands behind it."""

    headline: str = ""
    status: str = Status.UNKNOWN.value
    since: str = ""
    """Since when the first of ``wrong`` has been so."""
    hosts_up: int = 0
    hosts: int = 0
    services_up: int = 0
    services: int = 0
    """Without what is paused."""
    paused: int = 0
    unknown: int = 0
    wrong: tuple[WrongView, ...] = ()
    """The worst first; the longest of them first."""
    wrong_count: int = 0
    open_incidents: int = 0
    incidents: tuple[RecentIncidentView, ...] = ()


def present(session: Session, scope: Scope, *, now: datetime) -> PresentView:
    """How everything in ``scope`` is."""
    statuses = session.execute(
        select(service.host_id, state.status, service.critical, func.count().label("services"))
        .join(table(ServiceState), state.service_id == service.id)
        .join(table(Host), host.id == service.host_id)
        .where(within(scope))
        .group_by(service.host_id, state.status, service.critical)
    ).all()
    counts = _counted(statuses)
    hosts = _hosts(statuses)
    wrong = _wrong(session, scope)
    open_count, incidents = _incidents(session, scope, now)
    watched = sum(counts.values()) - counts[Status.PAUSED]
    return PresentView(
        headline=_headline(counts, hosts, wrong),
        status=_worst(counts).value,
        since=wrong[0].since if wrong else "",
        hosts_up=sum(1 for each in hosts if each is Status.UP),
        hosts=len(hosts),
        services_up=counts[Status.UP],
        services=watched,
        paused=counts[Status.PAUSED],
        unknown=counts[Status.UNKNOWN],
        wrong=wrong[:MOST_WRONG],
        wrong_count=counts[Status.DOWN] + counts[Status.DEGRADED],
        open_incidents=open_count,
        incidents=incidents,
    )


def _counted(statuses: Iterable[Any]) -> dict[Status, int]:
    counts = dict.fromkeys(Status, 0)
    for row in statuses:
        counts[row.status] += row.services
    return counts


def _hosts(statuses: Sequence[Any]) -> list[Status]:
    """The status of each host, without those of which nothing counts. How many of its services
    have a status makes no difference to it."""
    members: dict[int, list[tuple[Status, bool]]] = {}
    for row in statuses:
        members.setdefault(row.host_id, []).append((row.status, row.critical))
    found = (host_status(each) for each in members.values())
    return [status for status in found if status is not Status.PAUSED]


def _worst(counts: Mapping[Status, int]) -> Status:
    order = (Status.DOWN, Status.DEGRADED, Status.UP, Status.UNKNOWN, Status.PAUSED)
    return next((status for status in order if counts[status]), Status.UNKNOWN)


def _headline(
    counts: Mapping[Status, int], hosts: Sequence[Status], wrong: Sequence[WrongView]
) -> str:
    total = sum(counts.values())
    if not total:
        return "Nothing is watched yet"
    if wrong:
        first = wrong[0]
        others = counts[Status.DOWN] + counts[Status.DEGRADED] - 1
        said = "is down" if first.status == Status.DOWN else "has difficulties"
        more = f", and {others} more" if others else ""
        return f"{first.name} {said}{more}"
    if not counts[Status.UP]:
        return "Nothing has been checked yet" if counts[Status.UNKNOWN] else "Everything is paused"
    if counts[Status.UNKNOWN]:
        return (
            f"{counts[Status.UP]} of {total - counts[Status.PAUSED]} services are up, none is down"
        )
    return "Everything is up" if len(hosts) > 1 else "The only host is up"


def _wrong(session: Session, scope: Scope) -> tuple[WrongView, ...]:
    rows = session.execute(
        select(
            service.id,
            service.host_id,
            (host.name + " / " + service.name).label("name"),
            namespace.name.label("namespace"),
            state.status,
            state.since,
            state.message,
        )
        .join(table(ServiceState), state.service_id == service.id)
        .join(table(Host), host.id == service.host_id)
        .join(table(Namespace), namespace.id == host.namespace_id)
        .where(within(scope), state.status.in_(WRONG))
        .order_by(state.status != Status.DOWN, state.since, service.id)
        .limit(MOST_WRONG)
    )
    return tuple(
        WrongView(
            row.id,
            row.host_id,
            row.name,
            row.namespace,
            row.status.value,
            WORDS[row.status],
            row.since.isoformat(),
            row.message,
        )
        for row in rows
    )


def _incidents(
    session: Session, scope: Scope, now: datetime
) -> tuple[int, tuple[RecentIncidentView, ...]]:
    joined = (
        select(
            incident.id,
            (host.name + " / " + service.name).label("name"),
            incident.opened_at,
            incident.resolved_at,
        )
        .join(table(Service), service.id == incident.service_id)
        .join(table(Host), host.id == service.host_id)
        .where(within(scope))
    )
    latest = joined.order_by(incident.id.desc()).limit(LATEST)
    ongoing = joined.where(incident.resolved_at.is_(None))
    count = session.scalar(select(func.count()).select_from(ongoing.subquery()))
    # As two, both find their rows by an index: there are thousands that are over.
    rows = [*session.execute(ongoing.order_by(incident.id.desc()).limit(LATEST))]
    rows += session.execute(latest.where(incident.resolved_at.is_not(None)))
    return count or 0, tuple(
        RecentIncidentView(
            row.id,
            row.name,
            row.opened_at.isoformat(),
            row.resolved_at.isoformat() if row.resolved_at else "",
            in_words(max(0.0, ((row.resolved_at or now) - row.opened_at).total_seconds())),
        )
        for row in rows[:LATEST]
    )
