"""The page of one service: how it is, how it was, its last results and incidents."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import WORDS, Status
from webmon.domain.durations import in_words
from webmon.domain.figures import milliseconds
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import CheckResult, Host, Incident, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.models.history import STATUS_CODES
from webmon.probes import PROBES
from webmon.queries.history.records import NO_RECORD, Record, service_record
from webmon.queries.history.response_times import NONE, last_day
from webmon.queries.inventory.services import ServiceDetail, service_detail
from webmon.queries.notifications.incident_timeline import Mutable, MuteView, current_mutes

service, state, host = table(Service).c, table(ServiceState).c, table(Host).c
namespace, incident, result = table(Namespace).c, table(Incident).c, table(CheckResult).c
STATUS_BY_CODE = {code: status for status, code in STATUS_CODES.items()}

RESULTS_SHOWN, INCIDENTS_SHOWN = 20, 10


@dataclass(frozen=True, slots=True)
class ResultView:
    """One check: when, what it saw, and how long that took."""

    at: str
    status: str
    word: str
    response: str
    message: str


@dataclass(frozen=True, slots=True)
class PastIncidentView:
    """An outage; ``ended_at`` is empty while it lasts."""

    id: int
    began_at: str
    ended_at: str
    lasted: str
    cause: str


@dataclass(frozen=True, slots=True)
class ServicePage:
    """Everything that is known of one service. Instants are ISO texts."""

    who: str = ""
    id: int = 0
    name: str = ""
    kind: str = ""
    host_id: int = 0
    host: str = ""
    namespace: str = ""
    status: str = "unknown"
    word: str = ""
    since: str = ""
    paused: bool = False
    paused_until: str = ""
    """When it resumes by itself; empty where somebody has to do so."""
    public: bool = True
    critical: bool = False
    can_edit: bool = False
    average: str = ""
    p95: str = ""
    detail: ServiceDetail = field(default_factory=ServiceDetail)
    record: Record = NO_RECORD
    results: tuple[ResultView, ...] = ()
    incidents: tuple[PastIncidentView, ...] = ()
    mutes: tuple[MuteView, ...] = ()


def service_page(session: Session, service_id: Any, *, actor: Actor, now: datetime) -> ServicePage:
    """The page of a service.

    Raises:
        NotFound: there is no such service among those that ``actor`` sees.
    """
    row = _find(session, service_id, actor)
    times = last_day(session, [row.id], now=now).get(row.id, NONE)
    kind = PROBES.get(row.kind)
    return ServicePage(
        who=f"{actor.email} · {actor.role.value}",
        id=row.id,
        name=row.name,
        kind=kind.title if kind else row.kind,
        host_id=row.host_id,
        host=row.host,
        namespace=row.namespace,
        status=row.status.value,
        word=WORDS[row.status],
        since=row.since.isoformat(),
        paused=row.paused,
        paused_until=row.paused_until.isoformat() if row.paused_until else "",
        public=row.public,
        critical=row.critical,
        can_edit=actor.has(Role.EDITOR),
        average=milliseconds(times.average_us),
        p95=milliseconds(times.p95_us),
        detail=service_detail(session, row.id, actor=actor, now=now),
        record=service_record(session, row.id, now=now),
        results=tuple(_results(session, row.id)),
        incidents=tuple(_incidents(session, row.id, now)),
        mutes=current_mutes(session, Mutable(row.host_id, row.host, row.id, row.name), actor),
    )


def _find(session: Session, service_id: Any, actor: Actor) -> Any:
    row = None
    if is_id(service_id):
        row = session.execute(
            select(
                *(service.id, service.name, service.kind, service.host_id),
                *(service.paused, service.paused_until, service.public, service.critical),
                host.name.label("host"),
                host.namespace_id,
                namespace.name.label("namespace"),
                *(state.status, state.since),
            )
            .join(table(ServiceState), state.service_id == service.id)
            .join(table(Host), host.id == service.host_id)
            .join(table(Namespace), namespace.id == host.namespace_id)
            .where(service.id == service_id)
        ).first()
    if row is None or not actor.sees(row.namespace_id):
        raise NotFound("this service does not exist (any more)")
    return row


def _results(session: Session, service_id: int) -> Iterable[ResultView]:
    rows = session.execute(
        select(result.at_ms, result.status, result.response_us, result.message)
        .where(result.service_id == service_id)
        .order_by(result.at_ms.desc())
        .limit(RESULTS_SHOWN)
    )
    for at_ms, code, response_us, message in rows:
        status = STATUS_BY_CODE[code]
        at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
        word = "no data" if status is Status.UNKNOWN else WORDS[status]
        yield ResultView(at, status.value, word, milliseconds(response_us), message or "")


def _incidents(session: Session, service_id: int, now: datetime) -> Iterable[PastIncidentView]:
    rows = session.execute(
        select(incident.id, incident.opened_at, incident.resolved_at, incident.message)
        .where(incident.service_id == service_id)
        .order_by(incident.id.desc())
        .limit(INCIDENTS_SHOWN)
    )
    for row in rows:
        lasted = ((row.resolved_at or now) - row.opened_at).total_seconds()
        yield PastIncidentView(
            row.id,
            row.opened_at.isoformat(),
            row.resolved_at.isoformat() if row.resolved_at else "",
            in_words(max(0.0, lasted)),
            row.message,
        )
