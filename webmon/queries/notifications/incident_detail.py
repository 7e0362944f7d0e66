"""One incident: what was written about it, who was told of it, and who was not, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.ids import is_id
from webmon.domain.notifications.news import Event
from webmon.errors import NotFound
from webmon.models import Channel, Namespace
from webmon.models.columns import table
from webmon.queries.notifications.deliveries import DeliveryView, deliveries_of_incident
from webmon.queries.notifications.incident_timeline import (
    MomentView,
    MuteView,
    current_mutes,
    timeline,
)
from webmon.queries.notifications.named_incidents import incident, namespace, seen_by, with_names
from webmon.queries.notifications.update_reach import update_reach


@dataclass(frozen=True, slots=True)
class UntoldView:
    """A channel that is not notified of an incident, and why."""

    channel: str
    why: str


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """What was written about an incident, who was told of it, and who was not."""

    id: int = 0
    timeline: tuple[MomentView, ...] = ()
    mutes: tuple[MuteView, ...] = ()
    host_id: int = 0
    service_id: int = 0
    reach: str = ""
    """Who gets an update."""
    can_write: bool = False
    deliveries: tuple[DeliveryView, ...] = ()
    untold: tuple[UntoldView, ...] = ()


def incident_detail(session: Session, incident_id: int, *, actor: Actor) -> IncidentDetail:
    """What was written about the incident, who was told of it, and who was not.

    Raises:
        NotFound: there is no such incident, or it is not for the actor to see.
    """
    found = (
        session.execute(with_names().where(incident.id == incident_id, seen_by(actor))).first()
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
        timeline(session, found),
        current_mutes(session, found, actor),
        host_id=found.host_id,
        service_id=found.service_id,
        reach=update_reach(session, found),
        can_write=found.resolved_at is None and actor.has(Role.EDITOR),
        deliveries=deliveries,
        untold=tuple(untold),
    )


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
