"""Incidents with the names of what failed, as far as a person may see them."""

from typing import Any

from sqlalchemy import ColumnElement, select

from webmon.domain.accounts.access import Actor
from webmon.models import Host, Incident, Namespace, Service
from webmon.models.columns import table

INCIDENTS, SERVICES = table(Incident), table(Service)
incident, service = INCIDENTS.c, SERVICES.c
host, namespace = table(Host).c, table(Namespace).c


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Those of the namespaces that ``actor`` sees."""
    if actor.namespace_ids is None:
        return incident.id.is_not(None)
    return host.namespace_id.in_(actor.namespace_ids)


def joined(*columns: Any) -> Any:
    """Select these of incidents, their services and hosts."""
    return (
        select(*columns)
        .select_from(INCIDENTS)
        .join(SERVICES, service.id == incident.service_id)
        .join(table(Host), host.id == service.host_id)
    )


def with_names(*columns: Any) -> Any:
    """The same, with namespaces; without ``columns`` the whole incident and the names."""
    columns = columns or (
        *incident,
        service.name.label("service"),
        host.name.label("host"),
        host.id.label("host_id"),
        host.namespace_id,
        namespace.name.label("namespace"),
    )
    return joined(*columns).join(table(Namespace), namespace.id == host.namespace_id)
