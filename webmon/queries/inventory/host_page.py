"""The page of one host: how it is by its own rule, how it was, and what its machine says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import WORDS, host_status
from webmon.domain.durations import in_words
from webmon.domain.figures import milliseconds
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import Host, HostMetricHour, Incident, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.queries.history.records import NO_RECORD, Record, host_record
from webmon.queries.history.response_times import NONE, last_day
from webmon.queries.inventory.host_choice import RANK
from webmon.queries.notifications.incident_timeline import Mutable, MuteView, current_mutes

service, state, host = table(Service).c, table(ServiceState).c, table(Host).c
namespace, incident, metric = table(Namespace).c, table(Incident).c, table(HostMetricHour).c

INCIDENTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class HostServiceView:
    """A service of the host."""

    id: int
    name: str
    status: str
    word: str
    since: str
    p95: str
    """Of the last 24 hours; empty where it has not answered."""
    critical: bool
    message: str


@dataclass(frozen=True, slots=True)
class HostIncidentView:
    """An outage of one of its services; ``ended_at`` is empty while it lasts."""

    id: int
    service: str
    began_at: str
    ended_at: str
    lasted: str


@dataclass(frozen=True, slots=True)
class HostPage:
    """Everything that is known of one host."""

    who: str = ""
    id: int = 0
    name: str = ""
    address: str = ""
    namespace: str = ""
    public: bool = True
    status: str = "unknown"
    word: str = ""
    rule: str = ""
    """When the host counts as down."""
    can_edit: bool = False
    has_metrics: bool = False
    """Its machine says something about itself over SSH."""
    services: tuple[HostServiceView, ...] = ()
    record: Record = NO_RECORD
    incidents: tuple[HostIncidentView, ...] = ()
    mutes: tuple[MuteView, ...] = ()


def host_page(session: Session, host_id: Any, *, actor: Actor, now: datetime) -> HostPage:
    """The page of a host.

    Raises:
        NotFound: there is no such host among those that ``actor`` sees.
    """
    row = _find(session, host_id, actor)
    services = _services(session, row.id, now)
    status = host_status((each.status, each.critical) for each in _statuses(session, row.id))
    critical = [each.name for each in services if each.critical]
    return HostPage(
        who=f"{actor.email} · {actor.role.value}",
        id=row.id,
        name=row.name,
        address=row.address,
        namespace=row.namespace,
        public=row.public,
        status=status.value,
        word=WORDS[status],
        rule=_rule(critical),
        can_edit=actor.has(Role.EDITOR),
        has_metrics=_has_metrics(session, row.id),
        services=services,
        record=host_record(session, row.id, now=now),
        incidents=tuple(_incidents(session, row.id, now)),
        mutes=current_mutes(session, Mutable(row.id, row.name), actor),
    )


def _find(session: Session, host_id: Any, actor: Actor) -> Any:
    row = None
    if is_id(host_id):
        row = session.execute(
            select(
                *(host.id, host.name, host.address, host.public, host.namespace_id),
                namespace.name.label("namespace"),
            )
            .join(table(Namespace), namespace.id == host.namespace_id)
            .where(host.id == host_id)
        ).first()
    if row is None or not actor.sees(row.namespace_id):
        raise NotFound("this host does not exist (any more)")
    return row


def _rule(critical: list[str]) -> str:
    if not critical:
        return "down when all of its services are down"
    return f"down when {' or '.join(critical)} is down, or all of its services are"


def _statuses(session: Session, host_id: int) -> Iterable[Any]:
    return session.execute(
        select(state.status, service.critical)
        .join(table(Service), service.id == state.service_id)
        .where(service.host_id == host_id)
    ).all()


def _services(session: Session, host_id: int, now: datetime) -> tuple[HostServiceView, ...]:
    rows = session.execute(
        select(
            *(service.id, service.name, service.critical),
            *(state.status, state.since, state.message),
        )
        .join(table(ServiceState), state.service_id == service.id)
        .where(service.host_id == host_id)
        .order_by(RANK, func.lower(service.name))
    ).all()
    times = last_day(session, [row.id for row in rows], now=now)
    return tuple(
        HostServiceView(
            row.id,
            row.name,
            row.status.value,
            WORDS[row.status],
            row.since.isoformat(),
            milliseconds(times.get(row.id, NONE).p95_us),
            row.critical,
            "" if row.status.value in ("up", "paused") else row.message,
        )
        for row in rows
    )


def _has_metrics(session: Session, host_id: int) -> bool:
    asked = select(service.id).where(service.host_id == host_id)
    return bool(session.scalar(select(exists().where(metric.service_id.in_(asked)))))


def _incidents(session: Session, host_id: int, now: datetime) -> Iterable[HostIncidentView]:
    rows = session.execute(
        select(
            incident.id,
            service.name.label("service"),
            incident.opened_at,
            incident.resolved_at,
        )
        .join(table(Service), service.id == incident.service_id)
        .where(service.host_id == host_id)
        .order_by(incident.id.desc())
        .limit(INCIDENTS_SHOWN)
    )
    for row in rows:
        lasted = ((row.resolved_at or now) - row.opened_at).total_seconds()
        yield HostIncidentView(
            row.id,
            row.service,
            row.opened_at.isoformat(),
            row.resolved_at.isoformat() if row.resolved_at else "",
            in_words(max(0.0, lasted)),
        )
