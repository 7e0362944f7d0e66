"""The rows that both forms of the metrics are made of: services with their hosts, and machines."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, case, func, select, type_coerce
from sqlalchemy.types import String
from sqlmodel import Session

from webmon.models import Host, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.queries.dashboard.scope import Scope, within

service, state = table(Service).c, table(ServiceState).c
host, namespace = table(Host).c, table(Namespace).c

JOINED = (
    table(Service)
    .join(table(ServiceState), state.service_id == service.id)
    .join(table(Host), host.id == service.host_id)
    .join(table(Namespace), namespace.id == host.namespace_id)
)

EXPIRES_AT = case(
    (service.kind == "tls", state.evidence["not_after"].as_string()),
    (service.kind == "http", state.evidence["certificate"]["expires_at"].as_string()),
)
"""When the certificate expires that the last check has seen, as ISO text."""

SERVICES = (
    select(
        *(service.id, service.host_id, service.name, service.kind, service.critical),
        host.name.label("host"),
        namespace.slug.label("namespace"),
        type_coerce(state.status, String).label("status"),
        state.response_us,
    )
    .select_from(JOINED)
    .order_by(namespace.slug, func.lower(host.name), host.id, func.lower(service.name))
)
MACHINES = select(service.id, service.host_id, state.evidence).where(
    service.kind == "host_metrics", service.paused.is_(False)
)


def services(session: Session, scope: Scope, *more: Any) -> Sequence[Row[Any]]:
    """All services in ``scope`` by namespace, host and name; with ``more`` columns."""
    return session.execute(SERVICES.add_columns(*more).where(within(scope))).all()


def hosts(session: Session, scope: Scope) -> Sequence[Row[Any]]:
    """All hosts in ``scope``, by namespace and name."""
    return session.execute(
        select(host.id, host.name, namespace.slug.label("namespace"))
        .join(table(Namespace), namespace.id == host.namespace_id)
        .where(within(scope))
        .order_by(namespace.slug, func.lower(host.name), host.id)
    ).all()


def machines(session: Session, scope: Scope) -> dict[int, tuple[int, Mapping[str, Any]]]:
    """By service: its host, and what the last look at that machine has told."""
    rows = session.execute(MACHINES.select_from(JOINED).where(within(scope)))
    return {key: (host_id, evidence) for key, host_id, evidence in rows if evidence}
