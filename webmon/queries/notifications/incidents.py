"""Incidents: what is down and what was, and for each of them who was told, or why not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlmodel import Session

from webmon.domain.access import Actor, Role
from webmon.domain.durations import in_words
from webmon.domain.ids import is_id
from webmon.domain.news import Event
from webmon.errors import NotFound
from webmon.models import (
    Channel,
    Host,
    Incident,
    IncidentUpdate,
    Namespace,
    Notification,
    Service,
)
from webmon.models.columns import table
from webmon.models.notifications import Delivery
from webmon.queries.notifications.deliveries import DeliveryView, deliveries_of_incident

PER_PAGE = 25

INCIDENTS, SERVICES = table(Incident), table(Service)
incident, service = INCIDENTS.c, SERVICES.c
host, namespace, told = table(Host).c, table(Namespace).c, table(Notification).c
written = table(IncidentUpdate).c


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
    told: str = ""
    """What became of its messages, in short: ``3 sent, 1 failed``."""


@dataclass(frozen=True, slots=True)
class IncidentsView:
    """A page of them: what is down first, then the latest."""

    who: str = ""
    status: str = "unknown"
    headline: str = "Incidents"
    incidents: tuple[IncidentView, ...] = ()
    open_count: int = 0
    found: int = 0
    page: int = 1
    pages: int = 1


@dataclass(frozen=True, slots=True)
class UntoldView:
    """A channel that is not notified of an incident, and why."""

    channel: str
    why: str


@dataclass(frozen=True, slots=True)
class UpdateView:
    """What somebody has written about an incident."""

    id: int
    at: str
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """What was written about an incident, who was told of it, and who was not."""

    id: int = 0
    updates: tuple[UpdateView, ...] = ()
    can_write: bool = False
    deliveries: tuple[DeliveryView, ...] = ()
    untold: tuple[UntoldView, ...] = ()


def admin_incidents(
    session: Session, *, actor: Actor, page: int = 1, now: datetime
) -> IncidentsView:
    """The incidents that ``actor`` sees, 25 a page."""
    seen = _seen(actor)
    count, still_open = session.execute(
        _joined(func.count(), func.count().filter(incident.resolved_at.is_(None))).where(seen)
    ).one()
    pages = max(1, -(-count // PER_PAGE))
    page = min(max(page, 1), pages)
    rows = session.execute(
        _with_names()
        .where(seen)
        .order_by(incident.resolved_at.is_not(None), incident.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    counts = _counts(session, [each.id for each in rows])
    return IncidentsView(
        who=f"{actor.email} · {actor.role.value}",
        status="down" if still_open else "up",
        headline=_headline(still_open),
        incidents=tuple(_view(each, counts.get(each.id, {}), actor, now) for each in rows),
        open_count=still_open,
        found=count,
        page=page,
        pages=pages,
    )


def incident_detail(session: Session, incident_id: int, *, actor: Actor) -> IncidentDetail:
    """What was written about the incident, who was told of it, and who was not.

    Raises:
        NotFound: there is no such incident, or it is not for the actor to see.
    """
    found = (
        session.execute(_with_names().where(incident.id == incident_id, _seen(actor))).first()
        if is_id(incident_id)
        else None
    )
    if found is None:
        raise NotFound("this incident does not exist")
    deliveries = deliveries_of_incident(session, incident_id, actor=actor)
    named = {each.channel for each in deliveries}
    untold = _untold(session, found, named, actor)
    return IncidentDetail(
        incident_id,
        _updates(session, incident_id),
        can_write=found.resolved_at is None and actor.has(Role.EDITOR),
        deliveries=deliveries,
        untold=tuple(untold),
    )


def _updates(session: Session, incident_id: int) -> tuple[UpdateView, ...]:
    rows = session.execute(
        select(written.id, written.written_at, written.author, written.text)
        .where(written.incident_id == incident_id)
        .order_by(written.id)
    )
    return tuple(
        UpdateView(each.id, each.written_at.isoformat(), each.author, each.text) for each in rows
    )


def _headline(still_open: int) -> str:
    if not still_open:
        return "Nothing is down"
    return "1 service is down" if still_open == 1 else f"{still_open} services are down"


def _seen(actor: Actor) -> ColumnElement[bool]:
    if actor.namespace_ids is None:
        return incident.id.is_not(None)
    return host.namespace_id.in_(actor.namespace_ids)


def _joined(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(INCIDENTS)
        .join(SERVICES, service.id == incident.service_id)
        .join(table(Host), host.id == service.host_id)
    )


def _with_names() -> Any:
    return _joined(
        *incident,
        service.name.label("service"),
        host.name.label("host"),
        host.namespace_id,
        namespace.name.label("namespace"),
    ).join(table(Namespace), namespace.id == host.namespace_id)


def _view(row: Row[Any], counts: dict[Delivery, int], actor: Actor, now: datetime) -> IncidentView:
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


def _untold(
    session: Session, found: Row[Any], named: set[str], actor: Actor
) -> Iterable[UntoldView]:
    """The channels without any message about the incident. Why is read from what they are now."""
    rows = session.execute(
        select(*table(Channel).c, namespace.name.label("of"))
        .outerjoin(table(Namespace), namespace.id == table(Channel).c.namespace_id)
        .order_by(table(Channel).c.name)
    )
    for each in rows:
        is_seen = each.namespace_id is None or actor.sees(each.namespace_id)
        if is_seen and each.name not in named:
            yield UntoldView(each.name, _why_untold(each, found))


def _why_untold(channel: Row[Any], found: Row[Any]) -> str:
    if channel.namespace_id not in (None, found.namespace_id):
        return f"it only receives news of {channel.of}"
    if channel.created_at > found.opened_at:
        return "it was added later"
    if not channel.enabled:
        return "it is switched off"
    if Event.DOWN not in channel.events:
        return "it does not receive outages"
    return "no message was queued for it when the incident began"
