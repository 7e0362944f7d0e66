"""What the admin app's first page shows: namespaces, hosts and services, problems first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlmodel import Session, case, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from webmon.domain.access import Actor, Role
from webmon.domain.status import Status
from webmon.models import Heartbeat, Host, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.probes import PROBES
from webmon.probes.host_key import PINNED_KEY
from webmon.queries.history.uptime import month_of_hosts
from webmon.queries.inventory.host_views import (
    HostsView,
    HostView,
    ServiceView,
    Summary,
    headline,
    host_view,
    service_view,
)
from webmon.queries.inventory.namespaces import namespaces_seen, within_sight
from webmon.queries.system.health import known_at, offline_since, worker_ticks

HOSTS_PER_PAGE = 25
LONGEST_SEARCH = 100

RANKS: dict[Any, int] = {
    status: rank
    for rank, status in enumerate(
        (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.UP, Status.PAUSED)
    )
}
RANK = case(RANKS, value=col(ServiceState.status))
"""The order in which statuses ask for attention."""

URGENCY = func.coalesce(func.min(RANK), RANKS[Status.UNKNOWN])
"""Of a host: that of its most urgent service."""


def admin_hosts(
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    namespace: str = "",
    page: int = 1,
    keep: Sequence[int] = (),
    asked: Mapping[int, datetime] | None = None,
    now: datetime,
) -> HostsView:
    """The hosts that ``actor`` sees, 25 a page; what is wrong stands first.

    ``search`` looks into names and addresses, ``namespace`` is a slug. ``keep`` names hosts that
    stay where they are, in that order, while somebody works on one of them. ``asked`` says when a
    check of a service was asked for.
    """
    chosen = _chosen(actor, search[:LONGEST_SEARCH].strip(), namespace)
    found = session.exec(
        select(func.count()).select_from(Host).join(Namespace).where(*chosen)
    ).one()
    pages = max(1, -(-found // HOSTS_PER_PAGE))
    page = min(max(page, 1), pages)
    host_ids = list(keep) or _ids_of_page(session, chosen, page)
    hosts = _hosts(session, actor, host_ids, asked or {}, now)
    namespaces = namespaces_seen(session, actor)
    silent = not worker_ticks(session, now=now)
    offline = None if silent else offline_since(session)
    return HostsView(
        who=f"{actor.email} · {actor.role.value}",
        can_edit=actor.has(Role.EDITOR),
        is_admin=actor.has(Role.ADMIN),
        summary=Summary(
            *headline(_counts(session, actor)),
            found=found,
            page=page,
            pages=pages,
            empty=not any(each.hosts for each in namespaces),
            worker_silent=silent,
            silent_since=_silent_since(session, now) if silent else "",
            offline_since=offline.isoformat() if offline else "",
        ),
        namespaces=namespaces,
        hosts=hosts,
    )


def _silent_since(session: Session, now: datetime) -> str:
    known = known_at(session, now=now)
    return known.isoformat() if known < now else ""


def _chosen(actor: Actor, search: str, namespace: str) -> list[Any]:
    conditions = within_sight(actor)
    if namespace:
        conditions.append(Namespace.slug == namespace)
    if search:
        services = select(Service.host_id).where(
            col(Service.name).icontains(search, autoescape=True)
        )
        conditions.append(
            or_(
                col(Host.name).icontains(search, autoescape=True),
                col(Host.address).icontains(search, autoescape=True),
                col(Host.id).in_(services),
            )
        )
    return conditions


def _ids_of_page(session: Session, chosen: list[Any], page: int) -> list[int]:
    rows = _ordered_ids(chosen).offset((page - 1) * HOSTS_PER_PAGE).limit(HOSTS_PER_PAGE)
    return list(session.exec(rows))


def _ordered_ids(chosen: list[Any]) -> SelectOfScalar[int]:
    return (
        select(Host.id)
        .join(Namespace)
        .join(Service, isouter=True)
        .join(ServiceState, isouter=True)
        .where(*chosen)
        .group_by(col(Host.id), col(Namespace.name))
        .order_by(URGENCY, col(Namespace.name), func.lower(Host.name), col(Host.id))
    )


def page_of_host(
    session: Session,
    *,
    actor: Actor,
    host_id: int = 0,
    service_id: int = 0,
    search: str = "",
    namespace: str = "",
) -> int:
    """The page of `admin_hosts` that shows the host, or that of the service; else the first."""
    if service_id:
        of = select(Service.host_id).where(Service.id == service_id)
        host_id = session.exec(of).first() or 0
    chosen = _chosen(actor, search[:LONGEST_SEARCH].strip(), namespace)
    ids = list(session.exec(_ordered_ids(chosen)))
    return ids.index(host_id) // HOSTS_PER_PAGE + 1 if host_id in ids else 1


def _hosts(
    session: Session,
    actor: Actor,
    host_ids: Sequence[int],
    asked: Mapping[int, datetime],
    now: datetime,
) -> tuple[HostView, ...]:
    rows = session.exec(
        select(Host, Namespace.name)
        .join(Namespace)
        .where(col(Host.id).in_(host_ids), *within_sight(actor))
    )
    present = {host.id: (host, namespace) for host, namespace in rows}
    services = _services(session, {key: host for key, (host, _) in present.items()}, asked)
    months = month_of_hosts(session, host_ids, now=now)
    return tuple(
        host_view(
            *present[host_id],
            services.get(host_id, []),
            month_percent=months.get(host_id),
        )
        for host_id in host_ids
        if host_id in present
    )


def _services(
    session: Session, hosts: Mapping[int, Host], asked: Mapping[int, datetime]
) -> dict[int, list[tuple[ServiceView, bool]]]:
    """The services of each host with their ``critical``, the most urgent first."""
    rows = session.execute(SHOWN.where(service.host_id.in_(hosts)))
    by_host: dict[int, list[tuple[ServiceView, bool]]] = {}
    for row in rows:
        view = service_view(row, hosts[row.host_id], asked_at=asked.get(row.id))
        by_host.setdefault(row.host_id, []).append((view, row.critical))
    return by_host


service, state, heartbeat = table(Service).c, table(ServiceState).c, table(Heartbeat).c
RECEIVING = [name for name, kind in PROBES.items() if kind.receives]
OVER_SSH = [name for name, kind in PROBES.items() if kind.over_ssh]

SHOWN = (
    sqlalchemy.select(
        *(service.id, service.host_id, service.name, service.kind, service.interval_seconds),
        *(service.critical, service.public, service.paused),
        case((service.kind.in_(RECEIVING), service.config)).label("config"),
        case((service.kind.in_(OVER_SSH), state.evidence[PINNED_KEY])).label("pinned_key"),
        *(state.status, state.last_status, state.since, state.last_checked_at),
        *(state.response_us, state.message),
        heartbeat.service_id.label("heartbeat"),
        heartbeat.last_at.label("reported_at"),
    )
    .join(table(ServiceState))
    .join(table(Heartbeat), isouter=True)
    .order_by(RANK, func.lower(service.name))
)
"""What the list needs of a service. Whole rows, with evidence and config, cost thrice as much."""


def _counts(session: Session, actor: Actor) -> dict[Status, int]:
    rows = session.exec(
        select(ServiceState.status, func.count())
        .select_from(ServiceState)
        .join(Service)
        .join(Host)
        .join(Namespace)
        .where(*within_sight(actor))
        .group_by(col(ServiceState.status))
    )
    return {Status(status): count for status, count in rows}
