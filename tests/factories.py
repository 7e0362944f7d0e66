"""Rows for the tests, with fixed, readable defaults."""

from typing import Any

from sqlmodel import Session

from tests.clock import NOW
from webmon import crypto
from webmon.domain.accounts.access import Role
from webmon.domain.history.uptime import patience_seconds
from webmon.domain.notifications.news import DEFAULT_EVENTS
from webmon.models import (
    Channel,
    Host,
    Namespace,
    Service,
    ServiceState,
    User,
    UserNamespace,
)
from webmon.probes import PROBES


def namespace(session: Session, slug: str = "iati", **fields: Any) -> Namespace:
    row = Namespace(**{"slug": slug, "name": slug.upper(), "created_at": NOW} | fields)
    session.add(row)
    session.flush()
    return row


def host(session: Session, name: str = "Datastore", **fields: Any) -> Host:
    if "namespace_id" not in fields:
        fields["namespace_id"] = namespace(session, slug=f"ns-{name.lower()}").id
    row = Host(**{"name": name, "address": "127.0.0.1", "created_at": NOW} | fields)
    session.add(row)
    session.flush()
    return row


def service(session: Session, name: str = "Website", **fields: Any) -> Service:
    """A service with its state; fields of the state are recognised by their names."""
    if "host_id" not in fields:
        fields["host_id"] = host(session, f"Host of {name}").id
    kind = fields.setdefault("kind", "tcp")
    config = PROBES[kind].config.model_validate(fields.pop("config", {"port": 80}))
    state = {key: fields.pop(key) for key in list(fields) if key in _STATE and key not in _SHARED}
    row = Service(name=name, config=crypto.seal(config), created_at=NOW, **fields)
    session.add(row)
    session.flush()
    defaults = {
        "since": NOW,
        "up_since": NOW,
        "down_since": NOW,
        "next_check_at": NOW,
        "credit_seconds": row.interval_seconds,
        "patience_seconds": patience_seconds(row.interval_seconds, row.timeout_seconds),
    }
    session.add(ServiceState(service_id=row.id, **(defaults | state)))
    session.flush()
    return row


_STATE = set(ServiceState.model_fields)
_SHARED = set(Service.model_fields)


def channel(session: Session, name: str = "ops", **fields: Any) -> Channel:
    """A channel of the kind ``recorder`` (`tests.outside`) that keeps its messages by its name."""
    options = {
        "kind": "recorder",
        "config": {"name": name} | fields.pop("config", {}),
        "events": list(DEFAULT_EVENTS),
        "created_at": NOW,
    }
    row = Channel(name=name, **(options | fields))
    session.add(row)
    session.flush()
    return row


def user(session: Session, email: str, role: Role = Role.ADMIN, **fields: Any) -> User:
    """A person, limited to the namespaces where ``namespace_ids`` are given."""
    namespace_ids = fields.pop("namespace_ids", ())
    row = User(
        email=email,
        password_hash="",
        role=role,
        limited=bool(namespace_ids),
        created_at=NOW,
        **fields,
    )
    session.add(row)
    session.flush()
    session.add_all(UserNamespace(user_id=row.id, namespace_id=key) for key in namespace_ids)
    session.flush()
    return row
