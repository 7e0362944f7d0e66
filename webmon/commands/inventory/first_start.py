"""The first start shows something real: the monitor watches its own public page."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from webmon.models import Namespace, Setting

DONE = "first_start"
"""The setting that remembers the first start, so that "This monitor", once removed, stays away."""


def watch_ourselves(session: Session, url: str, *, now: datetime) -> bool:
    """On an empty database, once in its life, watch ``url``; returns whether it was done."""
    if session.get(Setting, DONE) is not None:
        return False
    session.add(Setting(name=DONE, value=now.isoformat()))
    if session.exec(select(Namespace.id)).first() is not None:
        return False
    _watch(session, url, {"actor": None, "now": now})
    return True


def _watch(session: Session, url: str, who: dict[str, Any]) -> None:
    # Not imported at every start: they bring all the probes along, which takes half a second.
    from webmon.commands.inventory import hosts, namespaces, services

    namespace = namespaces.create_namespace(session, {"slug": "main", "name": "Main"}, **who)
    host = hosts.create_host(
        session,
        {"name": "This monitor", "namespace_id": namespace.id, "address": "127.0.0.1"},
        **who,
    )
    page = {"name": "Status page", "kind": "http", "interval_seconds": 20}
    services.create_service(
        session, host.id, {**page, "config": {"url": url, "expect_html": True}}, **who
    )
