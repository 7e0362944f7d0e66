"""The admin app's list: hosts of which each opens to its services."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlmodel import Session, col, func, select

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.domain.list_order import count_moves
from webmon.models import Host, Namespace, Service, ServiceState
from webmon.queries.inventory.host_choice import (
    Choice,
    ordered_ids,
    tags_seen,
)
from webmon.queries.inventory.host_rows import Opened, hosts_shown
from webmon.queries.inventory.host_views import (
    HostsView,
    Summary,
    headline,
)
from webmon.queries.inventory.namespaces import namespaces_seen, within_sight
from webmon.queries.kept import LATELY, Kept
from webmon.queries.system.health import known_at, offline_since, worker_ticks

HOSTS_PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class HostName:
    """A host to choose; its namespace stands behind the name where there are several."""

    id: int
    name: str


EVERYTHING, NOTHING_OPENED = Choice(), Opened()

TICKS: Kept[HostsView] = Kept(LATELY)
WORST: Kept[str] = Kept(LATELY)


def admin_hosts(
    session: Session,
    actor: Actor,
    *,
    choice: Choice = EVERYTHING,
    page: int = 1,
    opened: Opened = NOTHING_OPENED,
    now: datetime,
    lately: bool = False,
) -> HostsView:
    """The hosts that ``actor`` sees, 25 a page, each with its services where it is open.

    Open are those that are wrong (where services are looked for: all), up to a number of services,
    and those that somebody has opened. ``lately``: it may be up to a second old.
    """
    read = partial(_admin_hosts, session, actor, choice, page, opened, now)
    if not lately or opened.asked:
        return read()
    tab = (*map(tuple, (opened.order, opened.services)), opened.hosts, opened.closed)
    key = actor.role, actor.namespace_ids, choice, page, tab, opened.service
    view = TICKS.of(session, key, read, now=now)
    return replace(view, who=_who(actor))


def _who(actor: Actor) -> str:
    return f"{actor.email} · {actor.role.value}"


def _admin_hosts(
    session: Session, actor: Actor, choice: Choice, page: int, opened: Opened, now: datetime
) -> HostsView:
    ids = ordered_ids(session, actor, choice, now=now)
    pages = max(1, -(-len(ids) // HOSTS_PER_PAGE))
    page = min(max(page, 1), pages)
    start = (page - 1) * HOSTS_PER_PAGE
    wanted = ids[start : start + HOSTS_PER_PAGE]
    shown = list(opened.order) or wanted
    hosts = hosts_shown(session, actor, choice, shown, opened, len(ids) == 1, now)
    namespaces = namespaces_seen(session, actor)
    silent = not worker_ticks(session, now=now)
    offline = None if silent else offline_since(session)
    return HostsView(
        who=_who(actor),
        can_edit=actor.has(Role.EDITOR),
        is_admin=actor.has(Role.ADMIN),
        summary=Summary(
            *headline(_counts(session, actor)),
            found=len(ids),
            page=page,
            pages=pages,
            first=min(start + 1, len(ids)),
            last=start + len(wanted),
            moves=count_moves([each.id for each in hosts], wanted),
            empty=not any(each.hosts for each in namespaces),
            worker_silent=silent,
            silent_since=_silent_since(session, now) if silent else "",
            offline_since=offline.isoformat() if offline else "",
        ),
        namespaces=namespaces,
        tags=tags_seen(session, actor),
        hosts=hosts,
    )


def _silent_since(session: Session, now: datetime) -> str:
    known = known_at(session, now=now)
    return known.isoformat() if known < now else ""


def place_of(
    session: Session,
    *,
    actor: Actor,
    host_id: int = 0,
    service_id: int = 0,
    choice: Choice,
    now: datetime,
) -> tuple[int, int]:
    """The page of `admin_hosts` that shows the host, or that of the service, and the host's id.

    Where it is on none, the first page and 0.
    """
    if service_id:
        of = select(Service.host_id).where(Service.id == service_id)
        host_id = session.exec(of).first() or 0
    ids = ordered_ids(session, actor, choice, now=now)
    return (ids.index(host_id) // HOSTS_PER_PAGE + 1, host_id) if host_id in ids else (1, 0)


def host_names(session: Session, *, actor: Actor) -> tuple[HostName, ...]:
    """All hosts that ``actor`` sees, by name."""
    rows = session.exec(
        select(Host.id, Host.name, Namespace.name)
        .join(Namespace)
        .where(*within_sight(actor))
        .order_by(func.lower(Host.name), Namespace.name)
    ).all()
    several = len({namespace for _, _, namespace in rows}) > 1
    return tuple(
        HostName(key, f"{name} ({namespace})" if several else name) for key, name, namespace in rows
    )


def worst_status(session: Session, *, actor: Actor, now: datetime, lately: bool = False) -> str:
    """``down`` or ``degraded`` where anything is that ``actor`` sees; else empty.

    ``lately``: it may be up to a second old.
    """
    read = partial(_worst, session, actor)
    return WORST.of(session, actor.namespace_ids, read, now=now) if lately else read()


def _worst(session: Session, actor: Actor) -> str:
    counts = _counts(session, actor)
    return next((each.value for each in (Status.DOWN, Status.DEGRADED) if counts.get(each)), "")


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
