"""Add many hosts and services at once, as if each had been added alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from webmon.commands.accounts.activity import write_entries
from webmon.commands.accounts.snapshots import changes_between, snapshot_of
from webmon.commands.checks import heartbeats
from webmon.commands.inventory.services import untouched_state
from webmon.domain.accounts.access import Actor
from webmon.models import Host, Namespace, Service, ServiceState
from webmon.models.columns import table


def add_hosts(
    session: Session, hosts: Sequence[Host], *, actor: Actor | None, now: datetime
) -> None:
    """Store these hosts (`unsaved_host`), whose names are free."""
    session.add_all(hosts)
    session.flush()
    spaces = {each: session.get_one(Namespace, each) for each in {h.namespace_id for h in hosts}}
    subjects = [
        snapshot_of(
            host.model_dump(), namespace_id=host.namespace_id, slug=spaces[host.namespace_id].slug
        )
        for host in hosts
    ]
    added = [(subject, changes_between(None, subject)) for subject in subjects]
    write_entries(session, "added", "host", added, actor=actor, now=now)


def add_services(
    session: Session,
    services: Iterable[tuple[Any, Service]],
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Store these services (`unsaved_service`), each of its stored host, where its name is free;
    they are due at once."""
    pairs = list(services)
    for host, service in pairs:
        service.host_id = host.id
    session.add_all(service for _, service in pairs)
    session.flush()
    states = [untouched_state(service, now) for _, service in pairs]
    if states:
        session.connection().execute(insert(table(ServiceState)), states)
    session.add_all(
        heartbeats.new_heartbeat(service, now)
        for _, service in pairs
        if heartbeats.receives(service)
    )
    session.flush()
    subjects = [
        snapshot_of(
            service.model_dump(),
            namespace_id=host.namespace_id,
            name=f"{host.name} / {service.name}",
        )
        for host, service in pairs
    ]
    added = [(subject, changes_between(None, subject)) for subject in subjects]
    write_entries(session, "added", "service", added, actor=actor, now=now)
