"""What downtimes cover, in the names of hosts and services."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from webmon.queries.downtimes.windows import (
    HOSTS,
    SERVICES,
    downtime,
    host,
    in_host,
    in_service,
    service,
)


class Covered(NamedTuple):
    """A host in a scope; ``service`` is empty where all of the host is."""

    host_id: int
    host: str
    service: str
    public: bool


def scopes(session: Session, downtime_ids: Iterable[int]) -> dict[int, list[Covered]]:
    """The hosts and services in the scope of each of these downtimes, by their names."""
    found: dict[int, list[Covered]] = {key: [] for key in downtime_ids}
    if not found:
        return found
    ids = list(found)
    whole = (
        select(downtime.id, host.id, host.name, host.public)
        .join(HOSTS, host.namespace_id == downtime.namespace_id)
        .where(downtime.id.in_(ids), downtime.whole_namespace)
    )
    hosts = (
        select(in_host.downtime_id, host.id, host.name, host.public)
        .join(HOSTS, host.id == in_host.host_id)
        .where(in_host.downtime_id.in_(ids))
    )
    for statement in (whole, hosts):
        for key, host_id, name, public in session.execute(statement):
            found[key].append(Covered(host_id, name, "", public))
    services = (
        select(in_service.downtime_id, host.id, host.name, service.name, host.public)
        .add_columns(service.public)
        .join(SERVICES, service.id == in_service.service_id)
        .join(HOSTS, host.id == service.host_id)
        .where(in_service.downtime_id.in_(ids))
    )
    for key, host_id, name, service_name, host_public, public in session.execute(services):
        found[key].append(Covered(host_id, name, service_name, host_public and public))
    for members in found.values():
        members.sort(key=lambda each: (each.host.casefold(), each.service.casefold()))
    return found


def in_words(members: Iterable[Covered]) -> str:
    """``Datastore, Registry – Website``."""
    return ", ".join(
        f"{each.host} – {each.service}" if each.service else each.host for each in members
    )
