"""The lines of hosts in the admin app's list, and of the services that stand below them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlmodel import Session, case, col, func, select

from webmon.domain.accounts.access import Actor
from webmon.domain.checks.status import Status, host_status
from webmon.models import Heartbeat, Host, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.probes import PROBES
from webmon.probes.host_key import PINNED_KEY
from webmon.queries.history.last_checks import LastChecks, last_checks
from webmon.queries.history.uptime import MonthUptime
from webmon.queries.inventory.host_choice import (
    EXPIRES,
    RANK,
    Choice,
    chosen,
)
from webmon.queries.inventory.host_figures import day_p95, month_uptimes
from webmon.queries.inventory.host_views import (
    HostView,
    ServiceView,
    host_view,
    service_view,
)
from webmon.queries.inventory.namespaces import within_sight

SERVICES_UNASKED = 12
"""So many services are shown at most of hosts that nobody has opened: what is wrong comes first,
and a page of the list stays small."""
SERVICES_MATCHING = 25
"""Likewise where services are looked for."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What somebody has done to the list in their tab. All ids are of hosts, where not said."""

    order: Sequence[int] = ()
    """Hosts that stay where they are, in this order; empty where they need not."""
    services: Sequence[int] = ()
    """Services likewise, within their hosts."""
    hosts: frozenset[int] = frozenset()
    closed: frozenset[int] = frozenset()
    """Those that would be open by themselves."""
    service: int = 0
    """The service whose detail is open: it is shown, meant or not."""
    asked: Mapping[int, datetime] = field(default_factory=dict)
    """When a check of a service was asked for."""


def hosts_shown(
    session: Session,
    actor: Actor,
    choice: Choice,
    host_ids: Sequence[int],
    opened: Opened,
    is_only_one: bool,
    now: datetime,
) -> tuple[HostView, ...]:
    """The hosts that are named, in that order, without those that ``actor`` does not see."""
    rows = session.exec(
        select(Host, Namespace.name)
        .join(Namespace)
        .where(col(Host.id).in_(host_ids), *within_sight(actor))
    )
    present = {row.id: (row, name) for row, name in rows}
    order = [each for each in host_ids if each in present]
    members = _members(session, order)
    meant = _meant(session, actor, choice, order, members)
    if opened.service:
        meant.add(opened.service)
    matching = {key: sum(each.id in meant for each in members.get(key, ())) for key in order}
    open_ids = _open(order, members, matching, choice, opened, is_only_one)
    uptimes = month_uptimes.of(session, order, now=now)
    shown = [
        each.id for key in order if key in open_ids for each in members.get(key, ())
        if each.id in meant
    ]  # fmt: skip
    hosts = {key: present[key][0] for key in open_ids}
    services = _services(session, hosts, shown, uptimes, opened)
    slowest = _slowest(session, members, now)
    return tuple(
        host_view(
            *present[key],
            members.get(key, ()),
            services.get(key, ()),
            uptime=uptimes.get(key, MonthUptime()),
            p95_us=slowest.get(key),
            is_open=key in open_ids,
            matching=matching[key],
            now=now,
        )
        for key in order
    )


def _open(
    order: Iterable[int],
    members: Mapping[int, Sequence[Any]],
    matching: Mapping[int, int],
    choice: Choice,
    opened: Opened,
    is_only_one: bool,
) -> set[int]:
    """The hosts whose services are shown."""
    found = {each for each in order if each in opened.hosts}
    room = SERVICES_MATCHING if choice.narrows else SERVICES_UNASKED
    for key in order:
        if key in found or key in opened.closed:
            continue
        is_wrong = host_status((each.status, each.critical) for each in members.get(key, ())) in (
            Status.DOWN,
            Status.DEGRADED,
        )
        if is_only_one or ((choice.narrows or is_wrong) and matching[key] <= room):
            found.add(key)
            room -= matching[key]
    return found


service, state, heartbeat = table(Service).c, table(ServiceState).c, table(Heartbeat).c
host = table(Host).c
RECEIVING = [name for name, kind in PROBES.items() if kind.receives]
OVER_SSH = [name for name, kind in PROBES.items() if kind.over_ssh]

SHOWN = (
    sqlalchemy.select(
        *(service.id, service.host_id, service.name, service.kind, service.interval_seconds),
        *(service.critical, service.public, service.paused, service.paused_until),
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


MEMBERS = (
    sqlalchemy.select(
        *(service.id, service.host_id, service.critical, state.status, state.since),
        case((service.paused.is_(False), EXPIRES)).label("expires"),
    )
    .join(table(ServiceState))
    .order_by(service.id)
)
"""What the line of a host needs of all its services."""


def _members(session: Session, host_ids: Sequence[int]) -> dict[int, list[Any]]:
    by_host: dict[int, list[Any]] = {}
    for row in session.execute(MEMBERS.where(service.host_id.in_(host_ids))):
        by_host.setdefault(row.host_id, []).append(row)
    return by_host


def _meant(
    session: Session,
    actor: Actor,
    choice: Choice,
    host_ids: Sequence[int],
    members: Mapping[int, Sequence[Any]],
) -> set[int]:
    """The ids of those services of the hosts that are looked for."""
    if not choice.narrows:
        return {each.id for rows in members.values() for each in rows}
    rows = session.scalars(
        sqlalchemy.select(service.id)
        .join(table(ServiceState))
        .join(table(Host), host.id == service.host_id)
        .join(table(Namespace))
        .where(service.host_id.in_(host_ids), *chosen(actor, choice))
    )
    return set(rows)


def _services(
    session: Session,
    hosts: Mapping[int, Host],
    shown: Sequence[int],
    uptimes: Mapping[int, MonthUptime],
    opened: Opened,
) -> dict[int, list[ServiceView]]:
    """The services to show of each host: as they stand, else the most urgent first."""
    places = {each: place for place, each in enumerate(opened.services)}
    rows = session.execute(SHOWN.where(service.id.in_(shown))).all() if shown else []
    checks = last_checks(session, shown) if shown else {}
    by_host: dict[int, list[ServiceView]] = {}
    for row in sorted(rows, key=lambda each: places.get(each.id, len(places))):
        month = uptimes.get(row.host_id, MonthUptime())
        view = service_view(
            row,
            hosts[row.host_id],
            checks=checks.get(row.id, LastChecks("", "")),
            month_percent=month.services.get(row.id),
            asked_at=opened.asked.get(row.id),
        )
        by_host.setdefault(row.host_id, []).append(view)
    return by_host


def _slowest(
    session: Session, members: Mapping[int, Sequence[Any]], now: datetime
) -> dict[int, int]:
    """What 95 % of the answers of each host's slowest service did not exceed, in microseconds."""
    times = day_p95.of(session, [each.id for rows in members.values() for each in rows], now=now)
    return {
        key: max(known)
        for key, rows in members.items()
        if (known := [times[each.id] for each in rows if each.id in times])
    }
