"""What the configured services are, for who runs their probes outside the worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from webmon.domain.checks.heartbeats import Reports
from webmon.errors import Invalid, NotFound
from webmon.models import Heartbeat, Host, Namespace, Service
from webmon.queries.inventory.heartbeat_urls import address_of
from webmon.queries.system.listening import listened_until


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """A service as its probe needs it; ``config`` is still sealed."""

    host: str
    name: str
    kind: str
    config: dict[str, Any]
    address: str
    timeout_seconds: float
    degraded_above_ms: int | None
    ssh: dict[str, Any] | None
    """Who logs in at the host; still sealed."""
    host_keys: dict[str, Any] | None
    networks: tuple[str, ...]
    """The private networks that its namespace may look at."""
    limited: bool
    """Whether somebody limited to namespaces has chosen what is looked at."""
    heartbeat: Reports | None = None
    report_to: str = ""
    """The address of a service that receives heartbeats."""


def services_of(session: Session, host: str, service: str | None) -> list[DefinitionView]:
    """The services of the host called ``host`` (or ``namespace/host``), or the one named.

    Raises:
        NotFound: there is no such host or service.
        Invalid: several namespaces have a host of that name.
    """
    row = _host(session, host)
    wanted = select(Service).where(Service.host_id == row.id).order_by(Service.name)
    if service is not None:
        wanted = wanted.where(Service.name == service)
    found = session.exec(wanted).all()
    if not found:
        what = f"service {service}" if service else "services"
        raise NotFound(f"{row.name} has no {what}")
    return _definitions(session, row, found)


def definition_of(session: Session, service: Service) -> DefinitionView:
    """What looks at one service."""
    return _definitions(session, session.get_one(Host, service.host_id), [service])[0]


def _definitions(session: Session, row: Host, found: Sequence[Service]) -> list[DefinitionView]:
    networks = tuple(session.get_one(Namespace, row.namespace_id).networks)
    reported = _heartbeats(session, [each.id for each in found])
    return [
        DefinitionView(
            row.name,
            each.name,
            each.kind,
            each.config,
            row.address,
            each.timeout_seconds,
            each.degraded_above_ms,
            row.ssh,
            row.host_keys,
            networks,
            each.limited or row.limited,
            *reported.get(each.id, (None, "")),
        )
        for each in found
    ]


def _heartbeats(session: Session, service_ids: list[int]) -> dict[int, tuple[Reports, str]]:
    """What was reported, and where, of those services that receive heartbeats."""
    rows = session.exec(select(Heartbeat).where(col(Heartbeat.service_id).in_(service_ids)))
    heard = listened_until(session)
    return {row.service_id: (row.reports(heard), address_of(row)) for row in rows}


def _host(session: Session, name: str) -> Host:
    rows = session.exec(select(Host, Namespace.slug).join(Namespace)).all()
    fitting = [(row, slug) for row, slug in rows if name in (row.name, f"{slug}/{row.name}")]
    if not fitting:
        raise NotFound(f"there is no host {name}")
    if len(fitting) > 1:
        choices = ", ".join(f"{slug}/{row.name}" for row, slug in fitting)
        raise Invalid(f"there are several hosts {name}: say {choices}")
    return fitting[0][0]
