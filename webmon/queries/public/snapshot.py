"""What anyone may see: the fields of the public status page, and no others.

`public_status` makes the snapshot of them; `webmon.api.kept_snapshots` keeps it for all visitors.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from webmon.domain.status import Status, combined_status, host_status
from webmon.errors import NotFound
from webmon.models import Host, Namespace, Service, ServiceState
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
    """One planned downtime; ``hosts`` are names, ``state`` is scheduled or started."""

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
    hosts = _hosts(session)
    view = PublicStatusView(
        generated_at=known_at(session, now=now),
        status=combined_status(host.status for host in hosts),
        namespaces=_namespaces(session, hosts),
        hosts=hosts,
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


def _hosts(session: Session) -> tuple[PublicHostView, ...]:
    query = (
        select(Host.id, Host.name, Namespace.slug)
        .join(Namespace, col(Namespace.id) == Host.namespace_id)
        .where(Host.public)
    )
    rows = sorted(session.exec(query), key=lambda row: (row[1].casefold(), row[2]))
    services = _services(session)
    return tuple(_host(name, slug, services.get(host_id, ())) for host_id, name, slug in rows)


def _host(name: str, slug: str, services: Iterable[tuple[str, Status, bool]]) -> PublicHostView:
    ordered = sorted(services, key=lambda service: service[0].casefold())
    return PublicHostView(
        name=name,
        namespace=slug,
        status=host_status((status, critical) for _, status, critical in ordered),
        planned_downtime=False,
        services=tuple(PublicServiceView(service, status) for service, status, _ in ordered),
    )


def _services(session: Session) -> dict[int, list[tuple[str, Status, bool]]]:
    """Name, status and whether it is critical, of every public service, by host."""
    query = (
        select(Service.host_id, Service.name, ServiceState.status, Service.critical)
        .join(ServiceState, col(ServiceState.service_id) == Service.id)
        .where(Service.public)
    )
    by_host: dict[int, list[tuple[str, Status, bool]]] = {}
    for host_id, name, status, critical in session.exec(query):
        by_host.setdefault(host_id, []).append((name, Status(status), critical))
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
