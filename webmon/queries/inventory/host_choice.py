"""Which hosts and services the list shows, and in which order."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, String, case, cast, false, func, or_, select
from sqlmodel import Session, col

from webmon.domain.accounts.access import Actor
from webmon.domain.checks.status import Status
from webmon.models import Host, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.queries.inventory.host_figures import month_uptimes

LONGEST_SEARCH = 100
WRONG = "wrong"

RANKS: dict[Any, int] = {
    status: rank
    for rank, status in enumerate(
        (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.UP, Status.PAUSED)
    )
}
RANK = case(RANKS, value=col(ServiceState.status))
"""The order in which statuses ask for attention."""

host, namespace = table(Host).c, table(Namespace).c
service, state = table(Service).c, table(ServiceState).c

EXPIRES: ColumnElement[str] = case(
    (service.kind == "tls", state.evidence["not_after"].as_string()),
    (service.kind == "http", state.evidence["certificate"]["expires_at"].as_string()),
)
"""When the certificate expires that the last check has met: an ISO text in UTC."""


class Sort(StrEnum):
    """What stands first: the worst, the slowest, the lowest, the soonest, the latest."""

    STATUS = "status"
    NAME = "name"
    RESPONSE = "response"
    UPTIME = "uptime"
    CERTIFICATE = "certificate"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to see; empty texts choose everything.

    ``search`` looks into the names and addresses of hosts and the names of services, ``namespace``
    is a slug, ``status`` a `Status` or ``wrong`` (down, or in difficulties).
    """

    search: str = ""
    namespace: str = ""
    status: str = ""
    kind: str = ""
    tag: str = ""
    sort: str = Sort.STATUS.value

    @property
    def narrows(self) -> bool:
        """Whether of a host perhaps only some services are meant."""
        return bool(self.search.strip() or self.status or self.kind)


def chosen(actor: Actor, choice: Choice) -> list[ColumnElement[bool]]:
    """The conditions on namespace, host, service and state, which are joined."""
    conditions: list[ColumnElement[bool]] = []
    if actor.namespace_ids is not None:
        conditions.append(host.namespace_id.in_(actor.namespace_ids))
    if choice.namespace:
        conditions.append(namespace.slug == choice.namespace)
    if choice.tag:
        as_stored = json.dumps(choice.tag)
        conditions.append(cast(host.tags, String).contains(as_stored, autoescape=True))
    if choice.kind:
        conditions.append(service.kind == choice.kind)
    if choice.status:
        conditions.append(_has(choice.status))
    if search := choice.search[:LONGEST_SEARCH].strip():
        looked_into = (host.name, host.address, service.name)
        conditions.append(
            or_(*(column.icontains(search, autoescape=True) for column in looked_into))
        )
    return conditions


def _has(status: str) -> ColumnElement[bool]:
    if status == WRONG:
        return state.status.in_((Status.DOWN, Status.DEGRADED))
    return state.status == Status(status) if status in list(Status) else false()


JOINED = (
    table(Host)
    .join(table(Namespace))
    .join(table(Service), service.host_id == host.id, isouter=True)
    .join(table(ServiceState), isouter=True)
)

FIRST: Mapping[str, Sequence[Any]] = {
    Sort.STATUS: (func.coalesce(func.min(RANK), RANKS[Status.UNKNOWN]),),
    Sort.RESPONSE: (func.coalesce(func.max(state.day_p95_us), -1).desc(),),
    Sort.CERTIFICATE: (func.coalesce(func.min(EXPIRES), "9"),),
    Sort.CHANGE: (func.max(state.since).is_(None), func.max(state.since).desc()),
}
"""What the order begins with, by what it is sorted by. Uptime is not in the database."""


def ordered_ids(session: Session, actor: Actor, choice: Choice, *, now: datetime) -> list[int]:
    """The ids of all hosts that ``actor`` sees and ``choice`` means, in its order."""
    by_name = (func.lower(host.name), namespace.name, host.id)
    order = by_name if choice.sort == Sort.NAME else (namespace.name, func.lower(host.name))
    rows = session.scalars(
        sqlalchemy.select(host.id)
        .select_from(JOINED)
        .where(*chosen(actor, choice))
        .group_by(host.id, namespace.name, host.name)
        .order_by(*FIRST.get(choice.sort, ()), *order, host.id)
    )
    ids = list(rows)
    if choice.sort != Sort.UPTIME:
        return ids
    months = month_uptimes.of(session, ids, now=now)
    percents = {key: each.percent for key, each in months.items() if each.percent is not None}
    return sorted(ids, key=lambda each: percents.get(each, 101.0))


def tags_seen(session: Session, actor: Actor) -> tuple[str, ...]:
    """All tags of the hosts that ``actor`` sees."""
    rows = select(host.tags).where(cast(host.tags, String) != "[]")
    if actor.namespace_ids is not None:
        rows = rows.where(host.namespace_id.in_(actor.namespace_ids))
    return tuple(sorted({tag for tags in session.scalars(rows) for tag in tags}))
