"""The first start shows something real: the monitor watches its own public page."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from webmon.models import Namespace, ServiceState, Setting

DONE = "first_start"
"""The setting that remembers the first start, so that "This monitor", once removed, stays away."""


PATIENCE = timedelta(minutes=2)


def watch_ourselves(session: Session, url: str, *, now: datetime) -> int | None:
    """On an empty database, once in its life, watch ``url``; returns the service's id.

    The web process may still be starting, and to look too early would begin with an outage: the
    first check waits for `look_now`, or two minutes.
    """
    if session.get(Setting, DONE) is not None:
        return None
    session.add(Setting(name=DONE, value=now.isoformat()))
    if session.exec(select(Namespace.id)).first() is not None:
        return None
    service_id = _watch(session, url, {"actor": None, "now": now})
    _look_at(session, service_id, now + PATIENCE)
    return service_id


def look_now(session: Session, service_id: int, *, now: datetime) -> None:
    """The pages are served: the first check may be made."""
    _look_at(session, service_id, now)


def _look_at(session: Session, service_id: int, at: datetime) -> None:
    if (state := session.get(ServiceState, service_id)) is not None:
        state.next_check_at = at


def _watch(session: Session, url: str, who: dict[str, Any]) -> int:
    # Not imported at every start: they bring all the probes along, which takes half a second.
    from webmon.commands.inventory import hosts, namespaces, services

    namespace = namespaces.create_namespace(session, {"slug": "main", "name": "Main"}, **who)
    host = hosts.create_host(
        session,
        {"name": "This monitor", "namespace_id": namespace.id, "address": "127.0.0.1"},
        **who,
    )
    page = {"name": "Status page", "kind": "http", "interval_seconds": 20}
    service = services.create_service(
        session, host.id, {**page, "config": {"url": url, "expect_html": True}}, **who
    )
    assert service.id is not None
    return service.id
