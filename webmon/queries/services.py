"""One service: what the last check found, and what its form shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from webmon.crypto import SEALED
from webmon.domain.access import Actor, Role, require
from webmon.domain.ids import is_id
from webmon.domain.status import WORDS
from webmon.errors import NotFound
from webmon.models import Host, Service, ServiceState, StatusChange
from webmon.queries.host_views import milliseconds

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
class FactView:
    """A piece of evidence."""

    name: str
    value: str


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
    facts: tuple[FactView, ...] = ()
    changes: tuple[ChangeView, ...] = ()


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


def service_detail(session: Session, service_id: int, *, actor: Actor) -> ServiceDetail:
    """The evidence of the last check, and the last changes of status.

    Raises:
        NotFound, PermissionDenied.
    """
    service = _find(session, service_id, actor, Role.VIEWER)
    state = session.get_one(ServiceState, service.id)
    evidence = dict(state.evidence or {})
    phases = evidence.pop("phases", None) or {}
    return ServiceDetail(
        id=service.id,
        checked_at=state.last_checked_at.isoformat() if state.last_checked_at else "",
        message=state.message,
        total=milliseconds(state.response_us),
        phases=_phases(phases, state.response_us),
        facts=_facts(evidence),
        changes=_changes(session, service.id),
    )


def service_form(session: Session, service_id: int, *, actor: Actor) -> ServiceForm:
    """What somebody who may change the service needs to do so.

    Raises:
        NotFound, PermissionDenied.
    """
    service = _find(session, service_id, actor, Role.EDITOR)
    return ServiceForm(
        id=service.id,
        host_id=service.host_id,
        revision=service.revision,
        kind=service.kind,
        fields=service.model_dump(exclude={"config"}),
        config=_without_secrets(service.config),
        secrets=frozenset(_secret_paths(service.config)),
    )


def _find(session: Session, service_id: int, actor: Actor, role: Role) -> Service:
    service = session.get(Service, service_id) if is_id(service_id) else None
    if service is None:
        raise NotFound("this service does not exist (any more)")
    require(actor, role, session.get_one(Host, service.host_id).namespace_id)
    return service


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {SEALED}


def _without_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_secrets(value) if isinstance(value, dict) else value
        for name, value in config.items()
        if not _is_secret(value)
    }


def _secret_paths(config: Mapping[str, Any]) -> Iterator[str]:
    for name, value in config.items():
        if _is_secret(value):
            yield name
        elif isinstance(value, dict):
            yield from (f"{name}.{path}" for path in _secret_paths(value))


def _phases(taken: Mapping[str, int | None], total_us: int | None) -> tuple[PhaseView, ...]:
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


def _facts(evidence: Mapping[str, Any]) -> tuple[FactView, ...]:
    """What is worth reading; the whole time stands beside the phases already."""
    return tuple(
        FactView(_title(name), _as_text(value))
        for name, value in evidence.items()
        if name != "total_ms" and value not in (None, False, "", [], {})
    )


ABBREVIATIONS = {"url", "http", "tls", "dns", "ip", "ssh"}


def _title(name: str) -> str:
    words = [word.upper() if word in ABBREVIATIONS else word for word in name.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_as_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(
            f"{name.replace('_', ' ')} {_as_text(item)}" for name, item in value.items()
        )
    return str(value)


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
