"""One service: what the last check found, and what its form shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webmon.crypto import secret_paths, without_secrets
from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.checks.status import WORDS
from webmon.domain.figures import milliseconds
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import Host, Service, ServiceState, StatusChange
from webmon.probes import PROBES
from webmon.queries.history.statistics import NO_STATISTICS, StatisticsView, service_statistics
from webmon.queries.inventory.evidence import BarView, FactView, bars, facts
from webmon.queries.inventory.heartbeat_urls import heartbeat_url

CHANGES_SHOWN = 5

PHASES = {
    "dns_us": "DNS",
    "connect_us": "Connect",
    "tls_us": "TLS",
    "first_byte_us": "First byte",
}


@dataclass(frozen=True, slots=True)
class PhaseView:
    """A step of a check: how long it took, and its share of the whole in percent."""

    name: str
    taken: str
    share: float


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change of status."""

    at: str
    status: str
    word: str
    message: str


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    """What is known of a service beyond its row in the list."""

    id: int = 0
    checked_at: str = ""
    message: str = ""
    total: str = ""
    phases: tuple[PhaseView, ...] = ()
    bars: tuple[BarView, ...] = ()
    facts: tuple[FactView, ...] = ()
    statistics: StatisticsView = NO_STATISTICS
    changes: tuple[ChangeView, ...] = ()
    report_url: str = ""
    """Where the service's job reports; only for who may change the service."""


@dataclass(frozen=True, slots=True)
class ServiceForm:
    """What the form of a service starts from.

    No secret is in it, only the paths of those that are set (``basic_auth.password``).
    """

    id: int
    host_id: int
    revision: int
    kind: str
    fields: Mapping[str, Any]
    config: Mapping[str, Any]
    secrets: frozenset[str]


def service_detail(
    session: Session, service_id: int, *, actor: Actor, now: datetime
) -> ServiceDetail:
    """The evidence of the last check, how the service was so far, and its last changes of status.

    Raises:
        NotFound, PermissionDenied.
    """
    service, state = _find(session, service_id, actor, Role.VIEWER)
    evidence = dict(state.evidence or {})
    taken = evidence.pop("phases", None) or {}
    return ServiceDetail(
        id=service.id,
        checked_at=state.last_checked_at.isoformat() if state.last_checked_at else "",
        message=state.message,
        total=milliseconds(state.response_us),
        phases=phases(taken, state.response_us),
        bars=bars(evidence, limits_of(service.kind, service.config)),
        facts=facts(evidence),
        statistics=service_statistics(session, service.id, now=now),
        changes=_changes(session, service.id),
        report_url=_report_url(session, service, actor),
    )


def service_form(session: Session, service_id: int, *, actor: Actor) -> ServiceForm:
    """What somebody who may change the service needs to do so.

    Raises:
        NotFound, PermissionDenied.
    """
    service, _ = _find(session, service_id, actor, Role.EDITOR)
    return ServiceForm(
        id=service.id,
        host_id=service.host_id,
        revision=service.revision,
        kind=service.kind,
        fields=service.model_dump(exclude={"config"}),
        config=without_secrets(service.config),
        secrets=frozenset(secret_paths(service.config)),
    )


def _find(
    session: Session, service_id: int, actor: Actor, role: Role
) -> tuple[Service, ServiceState]:
    wanted = (
        select(Service, ServiceState, Host.namespace_id)
        .join(ServiceState)
        .join(Host)
        .where(Service.id == service_id)
    )
    found = session.exec(wanted).first() if is_id(service_id) else None
    if found is None:
        raise NotFound("this service does not exist")
    service, state, namespace_id = found
    require_theirs(actor, role, namespace_id, "service")
    return service, state


def _report_url(session: Session, service: Service, actor: Actor) -> str:
    kind = PROBES.get(service.kind)
    if kind is None or not kind.receives or not actor.has(Role.EDITOR):
        return ""
    return heartbeat_url(session, service.id, actor=actor)


def limits_of(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with its defaults, which are not stored."""
    known = PROBES.get(kind)
    defaults = {} if known is None else known.config.model_construct().__dict__
    return {**defaults, **config}


def phases(taken: Mapping[str, int | None], total_us: int | None) -> tuple[PhaseView, ...]:
    """The steps that were taken, and what was left of the whole after them."""
    steps = [(title, taken.get(name)) for name, title in PHASES.items()]
    known = [(title, length) for title, length in steps if length is not None]
    whole = max(total_us or 0, sum(length for _, length in known))
    if not known or not whole:
        return ()
    rest = whole - sum(length for _, length in known)
    if rest > 0:
        known.append(("Rest", rest))
    return tuple(
        PhaseView(title, milliseconds(length), round(100 * length / whole, 1))
        for title, length in known
    )


def _changes(session: Session, service_id: int) -> tuple[ChangeView, ...]:
    rows = session.exec(
        select(StatusChange)
        .where(StatusChange.service_id == service_id)
        .order_by(col(StatusChange.at).desc(), col(StatusChange.id).desc())
        .limit(CHANGES_SHOWN)
    )
    return tuple(
        ChangeView(row.at.isoformat(), row.to_status.value, WORDS[row.to_status], row.message)
        for row in rows
    )
