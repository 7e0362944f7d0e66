"""The list of incidents: what is down and what was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select, true
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.durations import in_words
from webmon.domain.ids import is_id
from webmon.domain.notifications.grouping import failed_together
from webmon.models import (
    Notification,
)
from webmon.models.columns import table
from webmon.models.notifications import Delivery
from webmon.queries.notifications.incident_timeline import (
    why_muted_now,
)
from webmon.queries.notifications.named_incidents import (
    host,
    incident,
    joined,
    namespace,
    seen_by,
    with_names,
)

PER_PAGE = 25

told = table(Notification).c


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An outage of a service. ``ended_at`` is empty while it lasts."""

    id: int = 0
    service: str = ""
    host: str = ""
    namespace: str = ""
    is_open: bool = False
    began_at: str = ""
    ended_at: str = ""
    lasted: str = ""
    cause: str = ""
    acknowledged_at: str = ""
    """Empty as long as nobody has."""
    acknowledged_by: str = ""
    can_acknowledge: bool = False
    muted: str = ""
    """Why its news is not told at present: ``muted by anna@example.org: new disks``."""
    told: str = ""
    """What became of its messages, in short: ``3 sent, 1 failed``."""


@dataclass(frozen=True, slots=True)
class EntryView:
    """What failed together on one host."""

    id: int = 0
    host: str = ""
    host_id: int = 0
    namespace: str = ""
    status: str = "up"
    word: str = "over"
    parts: tuple[IncidentView, ...] = ()
    takes: tuple[int, ...] = ()
    """The incidents that can be acknowledged by the person who looks."""


@dataclass(frozen=True, slots=True)
class FilterView:
    """A namespace to limit the list to."""

    text: str
    slug: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for; empty: everything."""

    only_open: bool = False
    namespace: str = ""
    host_id: int = 0
    incident_id: int = 0
    """This one is shown on any page."""


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class IncidentsView:
    """A page of them: what needs attention first, then what is down, then the latest."""

    who: str = ""
    status: str = "unknown"
    headline: str = "Incidents"
    groups: tuple[EntryView, ...] = ()
    namespaces: tuple[FilterView, ...] = ()
    host: str = ""
    """The host that the list is limited to."""
    open_count: int = 0
    found: int = 0
    page: int = 1
    pages: int = 1


def admin_incidents(
    session: Session,
    *,
    wanted: Wanted = EVERYTHING,
    actor: Actor,
    page: int = 1,
    now: datetime,
) -> IncidentsView:
    """The incidents that ``actor`` sees, 25 a page."""
    seen = seen_by(actor)
    is_open = incident.resolved_at.is_(None)
    still_open = session.scalar(joined(func.count()).where(seen, is_open)) or 0
    chosen = seen & _chosen(wanted)
    count = session.scalar(with_names(func.count()).where(chosen)) or 0
    pages = max(1, -(-count // PER_PAGE))
    page = min(max(page, 1), pages)
    rows = session.execute(
        with_names()
        .where(chosen)
        .order_by(_RANK, incident.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    if is_id(wanted.incident_id) and wanted.incident_id not in {each.id for each in rows}:
        linked = with_names().where(seen, incident.id == wanted.incident_id)
        rows = [*session.execute(linked).all(), *rows]
    counts = _counts(session, [each.id for each in rows])
    muted = why_muted_now(session, rows, now)
    views = {
        each.id: _view(each, counts.get(each.id, {}), muted.get(each.id, ""), actor, now)
        for each in rows
    }
    return IncidentsView(
        who=f"{actor.email} · {actor.role.value}",
        status="down" if still_open else "up",
        headline=_headline(still_open),
        groups=_entries(rows, views),
        namespaces=_namespaces(session, actor, wanted),
        host=_host_name(session, actor, wanted),
        open_count=still_open,
        found=count,
        page=page,
        pages=pages,
    )


def _headline(still_open: int) -> str:
    if not still_open:
        return "Nothing is down"
    return "1 service is down" if still_open == 1 else f"{still_open} services are down"


def _chosen(wanted: Wanted) -> ColumnElement[bool]:
    chosen: ColumnElement[bool] = true()
    if wanted.only_open:
        chosen &= incident.resolved_at.is_(None)
    if wanted.namespace:
        chosen &= namespace.slug == wanted.namespace
    if wanted.host_id:
        chosen &= host.id == wanted.host_id
    return chosen


_RANK = case(
    (incident.resolved_at.is_not(None), 2), (incident.acknowledged_at.is_not(None), 1), else_=0
)
"""What needs attention first: down, and nobody has acknowledged it."""


def _namespaces(session: Session, actor: Actor, wanted: Wanted) -> tuple[FilterView, ...]:
    rows = session.execute(
        select(namespace.id, namespace.slug, namespace.name).order_by(namespace.name)
    )
    return tuple(
        FilterView(each.name, each.slug, each.slug == wanted.namespace)
        for each in rows
        if actor.sees(each.id)
    )


def _host_name(session: Session, actor: Actor, wanted: Wanted) -> str:
    columns = select(host.name, host.namespace_id).where(host.id == wanted.host_id)
    found = session.execute(columns).first() if wanted.host_id else None
    return found.name if found is not None and actor.sees(found.namespace_id) else ""


def _entries(rows: Iterable[Row[Any]], views: Mapping[int, IncidentView]) -> tuple[EntryView, ...]:
    by_id = {each.id: each for each in rows}
    groups = failed_together((key, each.host_id, each.opened_at) for key, each in by_id.items())
    return tuple(_entry(by_id[ids[0]], [views[key] for key in ids]) for ids in groups)


def _entry(first: Row[Any], parts: list[IncidentView]) -> EntryView:
    is_open = any(each.is_open for each in parts)
    needs_attention = any(each.is_open and not each.acknowledged_at for each in parts)
    return EntryView(
        first.id,
        first.host,
        first.host_id,
        first.namespace,
        status="down" if is_open else "up",
        word="needs attention" if needs_attention else "acknowledged" if is_open else "over",
        parts=tuple(parts),
        takes=tuple(each.id for each in parts if each.can_acknowledge),
    )


def _view(
    row: Row[Any], counts: dict[Delivery, int], muted: str, actor: Actor, now: datetime
) -> IncidentView:
    ended_at: datetime | None = row.resolved_at
    lasted = in_words(max(0.0, ((ended_at or now) - row.opened_at).total_seconds()))
    return IncidentView(
        id=row.id,
        service=row.service,
        host=row.host,
        namespace=row.namespace,
        is_open=ended_at is None,
        began_at=row.opened_at.isoformat(),
        ended_at=ended_at.isoformat() if ended_at is not None else "",
        lasted=lasted,
        cause=row.message,
        muted=muted,
        acknowledged_at=row.acknowledged_at.isoformat() if row.acknowledged_at else "",
        acknowledged_by=row.acknowledged_by or "",
        can_acknowledge=not (ended_at or row.acknowledged_at) and actor.has(Role.EDITOR),
        told=_in_short(counts),
    )


def _counts(session: Session, incident_ids: Iterable[int]) -> dict[int, dict[Delivery, int]]:
    """How many messages about each incident were sent, wait, failed, or were suppressed."""
    rows = session.execute(
        select(told.incident_id, told.delivery, func.count())
        .where(told.incident_id.in_(list(incident_ids)))
        .group_by(told.incident_id, told.delivery)
    )
    found: dict[int, dict[Delivery, int]] = {}
    for incident_id, delivery, count in rows:
        found.setdefault(incident_id, {})[Delivery(delivery)] = count
    return found


def _in_short(counts: dict[Delivery, int]) -> str:
    words = {
        Delivery.SENT: "sent",
        Delivery.QUEUED: "waiting",
        Delivery.FAILED: "failed",
        Delivery.SUPPRESSED: "suppressed",
    }
    said = [f"{counts[each]} {word}" for each, word in words.items() if counts.get(each)]
    return ", ".join(said) or "nobody was notified"
