"""Namespaces, hosts, services, channels and incidents, as the API shows them.

Config and SSH access are shown to those who may change them, and never a secret.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, false, func, select, type_coerce
from sqlalchemy.types import String

from webmon.crypto import SEALED
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.durations import format_duration
from webmon.models import Channel, Host, Incident, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.queries.resources.pages import Listed

namespace, host = table(Namespace).c, table(Host).c
service, state = table(Service).c, table(ServiceState).c
channel, incident = table(Channel).c, table(Incident).c

OF_HOST = table(Host).join(table(Namespace), namespace.id == host.namespace_id)
OF_SERVICE = (
    table(Service)
    .join(table(ServiceState), state.service_id == service.id)
    .join(OF_HOST, host.id == service.host_id)
)


def shown(stored: Any) -> Any:
    """What is stored, without what is encrypted in it."""
    if isinstance(stored, dict):
        return {key: shown(value) for key, value in stored.items() if not _hides(value)}
    return stored


def _hides(value: Any) -> bool:
    if isinstance(value, list):
        return any(_hides(each) for each in value)
    return isinstance(value, dict) and set(value) == {SEALED}


def in_namespace(column: ColumnElement[Any], actor: Actor) -> Sequence[ColumnElement[bool]]:
    """The condition that something belongs to a namespace that ``actor`` sees."""
    if actor.namespace_ids is None:
        return ()
    return (column.in_(actor.namespace_ids) if actor.namespace_ids else false(),)


def instant(at: datetime | None) -> str | None:
    """ISO 8601; None where there is none."""
    return at.isoformat() if at is not None else None


def _may_edit(actor: Actor, namespace_id: int) -> bool:
    return actor.has(Role.EDITOR) and actor.sees(namespace_id)


def _namespace(row: Row[Any], actor: Actor) -> dict[str, Any]:  # noqa: ARG001 -- as the others
    return {
        "id": row.id,
        "slug": row.slug,
        "name": row.name,
        "timezone": row.timezone,
        "networks": list(row.networks),
        "accent": row.accent,
        "created_at": instant(row.created_at),
        "revision": row.revision,
    }


def _host(row: Row[Any], actor: Actor) -> dict[str, Any]:
    editable = _may_edit(actor, row.namespace_id)
    return {
        "id": row.id,
        "name": row.name,
        "namespace": row.slug,
        "address": row.address,
        "public": row.public,
        "ssh": shown(row.ssh) if editable else None,
        "created_at": instant(row.created_at),
        "revision": row.revision,
    }


def _service(row: Row[Any], actor: Actor) -> dict[str, Any]:
    slow = row.degraded_above_ms
    return {
        "id": row.id,
        "host_id": row.host_id,
        "host": row.host,
        "namespace": row.slug,
        "name": row.name,
        "kind": row.kind,
        "interval": format_duration(row.interval_seconds),
        "timeout": format_duration(row.timeout_seconds),
        "retry": format_duration(row.retry_seconds),
        "degraded_above": None if slow is None else format_duration(slow / 1000),
        "failures_to_down": row.failures_to_down,
        "failures_to_degraded": row.failures_to_degraded,
        "successes_to_up": row.successes_to_up,
        "critical": row.critical,
        "public": row.public,
        "paused": row.paused,
        "config": shown(row.config) if _may_edit(actor, row.namespace_id) else None,
        "status": row.status,
        "since": instant(row.since),
        "last_checked_at": instant(row.last_checked_at),
        "response_ms": None if row.response_us is None else row.response_us / 1000,
        "message": row.message,
        "created_at": instant(row.created_at),
        "revision": row.revision,
    }


def _channel(row: Row[Any], actor: Actor) -> dict[str, Any]:
    everywhere = row.namespace_id is None and actor.namespace_ids is None
    may = actor.has(Role.ADMIN) and (everywhere or actor.sees(row.namespace_id or 0))
    return {
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "namespace": row.slug,
        "events": list(row.events),
        "reminder_every": format_duration(row.reminder_every_seconds),
        "enabled": row.enabled,
        "built_in": row.built_in,
        "config": shown(row.config) if may else None,
        "created_at": instant(row.created_at),
        "revision": row.revision,
    }


def _incident(row: Row[Any], actor: Actor) -> dict[str, Any]:  # noqa: ARG001 -- as the others
    return {
        "id": row.id,
        "service_id": row.service_id,
        "host_id": row.host_id,
        "service": row.service,
        "host": row.host,
        "namespace": row.slug,
        "opened_at": instant(row.opened_at),
        "resolved_at": instant(row.resolved_at),
        "duration_seconds": row.duration_seconds,
        "message": row.message,
        "acknowledged_at": instant(row.acknowledged_at),
        "acknowledged_by": row.acknowledged_by,
    }


NAMESPACES = Listed(
    rows=select(*namespace),
    id=namespace.id,
    seen=lambda actor: in_namespace(namespace.id, actor),
    described=_namespace,
    filters={"slug": lambda value: namespace.slug == value},
    thing="namespace",
)
HOSTS = Listed(
    rows=select(*host, namespace.slug).select_from(OF_HOST),
    id=host.id,
    seen=lambda actor: in_namespace(host.namespace_id, actor),
    described=_host,
    filters={
        "namespace": lambda value: namespace.slug == value,
        "name": lambda value: func.lower(host.name) == value.lower(),
        "public": lambda value: host.public.is_(value),
    },
    thing="host",
)
SERVICES = Listed(
    rows=select(
        *service,
        *(host.name.label("host"), host.namespace_id, namespace.slug),
        type_coerce(state.status, String).label("status"),
        *(state.since, state.last_checked_at, state.response_us, state.message),
    ).select_from(OF_SERVICE),
    id=service.id,
    seen=lambda actor: in_namespace(host.namespace_id, actor),
    described=_service,
    filters={
        "namespace": lambda value: namespace.slug == value,
        "host_id": lambda value: service.host_id == value,
        "kind": lambda value: service.kind == value,
        "status": lambda value: state.status == value,
        "name": lambda value: func.lower(service.name) == value.lower(),
    },
    thing="service",
)
CHANNELS = Listed(
    rows=select(*channel, namespace.slug).select_from(
        table(Channel).outerjoin(table(Namespace), namespace.id == channel.namespace_id)
    ),
    id=channel.id,
    seen=lambda actor: tuple(
        channel.namespace_id.is_(None) | each for each in in_namespace(channel.namespace_id, actor)
    ),
    described=_channel,
    filters={
        "namespace": lambda value: namespace.slug == value,
        "kind": lambda value: channel.kind == value,
    },
    thing="channel",
)
INCIDENTS = Listed(
    rows=select(
        *incident,
        *(service.host_id, service.name.label("service"), host.name.label("host")),
        namespace.slug,
    ).select_from(table(Incident).join(OF_SERVICE, service.id == incident.service_id)),
    id=incident.id,
    seen=lambda actor: in_namespace(host.namespace_id, actor),
    described=_incident,
    filters={
        "namespace": lambda value: namespace.slug == value,
        "host_id": lambda value: service.host_id == value,
        "service_id": lambda value: incident.service_id == value,
        "open": lambda value: (
            incident.resolved_at.is_(None) if value else incident.resolved_at.is_not(None)
        ),
    },
    thing="incident",
    newest_first=True,
)
