"""What anyone may see: the fields of the public status page, and no others.

`public_status` makes the snapshot of them; `webmon.api.public.kept_snapshots` keeps it for all
visitors.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from webmon.domain.checks.status import Status, combined_status, host_status
from webmon.errors import NotFound
from webmon.models import Host, Namespace, Service, ServiceState
from webmon.queries.downtimes.public import PublicOccurrence, public_downtimes
from webmon.queries.downtimes.windows import windows_at
from webmon.queries.system.health import known_at


@dataclass(frozen=True, slots=True)
class PublicServiceView:
    """One thing that a host offers."""

    name: str
    status: Status
    planned_downtime: bool = False


@dataclass(frozen=True, slots=True)
class PublicHostView:
    """One tool, by its public services; ``namespace`` is a slug."""

    name: str
    namespace: str
    status: Status
    planned_downtime: bool
    services: tuple[PublicServiceView, ...]


@dataclass(frozen=True, slots=True)
class PublicNamespaceView:
    """One group of hosts."""

    slug: str
    name: str
    status: Status


@dataclass(frozen=True, slots=True)
class PublicDowntimeView:
    """One planned downtime; ``hosts`` are names, ``state`` is scheduled, started or finished."""

    title: str
    message: str
    namespace: str
    hosts: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class PublicStatusView:
    """The whole page, or one namespace of it; hosts in the order of their names."""

    generated_at: datetime
    status: Status
    namespaces: tuple[PublicNamespaceView, ...]
    hosts: tuple[PublicHostView, ...]
    downtimes: tuple[PublicDowntimeView, ...] = ()


class PublicRow(NamedTuple):
    """A public service, as its host is judged by it."""

    name: str
    status: Status
    critical: bool
    planned: bool


_VIEW = TypeAdapter(PublicStatusView)


def as_json(view: PublicStatusView, *, indent: int | None = None) -> bytes:
    """The view as the API says it, to the second."""
    to_the_second = replace(view, generated_at=view.generated_at.replace(microsecond=0))
    return _VIEW.dump_json(to_the_second, indent=indent)


def public_status(session: Session, *, now: datetime, namespace: str | None) -> PublicStatusView:
    """What the public page shows of everything, or of the ``namespace`` with that slug.

    A host's status is that of its public services. A namespace all of whose hosts are private
    is private itself; one without hosts is shown, because there is nothing in it to hide.

    Raises:
        NotFound: no such namespace, or a private one.
    """
    hosts = _hosts(session, frozenset(windows_at(session, now)))
    view = PublicStatusView(
        generated_at=known_at(session, now=now),
        status=combined_status(host.status for host in hosts),
        namespaces=_namespaces(session, hosts),
        hosts=hosts,
        downtimes=tuple(map(_downtime, public_downtimes(session, now=now))),
    )
    return view if namespace is None else narrowed(view, namespace)


def narrowed(view: PublicStatusView, namespace: str) -> PublicStatusView:
    """The part of a view of everything that belongs to the namespace with that slug.

    Raises:
        NotFound: the view shows no such namespace.
    """
    found = tuple(each for each in view.namespaces if each.slug == namespace)
    if not found:
        raise NotFound(f"there is no namespace “{namespace}”")
    return replace(
        view,
        status=found[0].status,
        namespaces=found,
        hosts=tuple(host for host in view.hosts if host.namespace == namespace),
        downtimes=tuple(each for each in view.downtimes if each.namespace == namespace),
    )


def _downtime(each: PublicOccurrence) -> PublicDowntimeView:
    return PublicDowntimeView(
        title=each.title,
        message=each.message,
        namespace=each.namespace,
        hosts=each.hosts,
        starts_at=each.starts_at,
        ends_at=each.ends_at,
        state=each.state,
    )


def _hosts(session: Session, planned: frozenset[int]) -> tuple[PublicHostView, ...]:
    """``planned`` are the services in planned downtime; so is a host all of whose are."""
    query = (
        select(Host.id, Host.name, Namespace.slug)
        .join(Namespace, col(Namespace.id) == Host.namespace_id)
        .where(Host.public)
    )
    rows = sorted(session.exec(query), key=lambda row: (row[1].casefold(), row[2]))
    services = _services(session, planned)
    return tuple(_host(name, slug, services.get(host_id, ())) for host_id, name, slug in rows)


def _host(name: str, slug: str, services: Iterable[PublicRow]) -> PublicHostView:
    ordered = sorted(services, key=lambda service: service.name.casefold())
    return PublicHostView(
        name=name,
        namespace=slug,
        status=host_status((each.status, each.critical) for each in ordered),
        planned_downtime=bool(ordered) and all(each.planned for each in ordered),
        services=tuple(PublicServiceView(each.name, each.status, each.planned) for each in ordered),
    )


def _services(session: Session, planned: frozenset[int]) -> dict[int, list[PublicRow]]:
    """Every public service, by host."""
    query = (
        select_columns(
            *(col(Service.id), col(Service.host_id), col(Service.name)),
            *(col(ServiceState.status), col(Service.critical)),
        )
        .join(ServiceState, col(ServiceState.service_id) == Service.id)
        .where(col(Service.public))
    )
    by_host: dict[int, list[PublicRow]] = {}
    for key, host_id, name, status, critical in session.execute(query):
        row = PublicRow(name, Status(status), critical, key in planned)
        by_host.setdefault(host_id, []).append(row)
    return by_host


def _namespaces(
    session: Session, hosts: tuple[PublicHostView, ...]
) -> tuple[PublicNamespaceView, ...]:
    statuses: dict[str, list[Status]] = {}
    for host in hosts:
        statuses.setdefault(host.namespace, []).append(host.status)
    has_private = col(Namespace.id).in_(select(Host.namespace_id).where(~col(Host.public)))
    rows = session.exec(select(Namespace.slug, Namespace.name, has_private))
    return tuple(
        PublicNamespaceView(slug, name, combined_status(statuses.get(slug, ())))
        for slug, name, private in sorted(rows, key=lambda row: row[1].casefold())
        if slug in statuses or not private
    )
