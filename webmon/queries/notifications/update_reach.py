"""Who gets an update of an incident, said before it is sent."""

from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from webmon.domain.notifications.news import Event
from webmon.domain.notifications.rules import LastWord, decide_update
from webmon.models import Channel, Host, Notification, Service
from webmon.models.columns import table
from webmon.models.notifications import Delivery
from webmon.notifiers import NOTIFIERS

channel, told = table(Channel).c, table(Notification).c

NOBODY = "Nobody gets it: no channel was told of this outage. It is only stored here."


def update_reach(session: Session, incident: Row[Any]) -> str:
    """The channels that an update goes to now, as a sentence, or that there are none."""
    names = [_name(each) for each in _channels(session, incident)]
    return f"Goes to {', '.join(names)}." if names else NOBODY


def _channels(session: Session, incident: Row[Any]) -> list[Row[Any]]:
    is_theirs = channel.namespace_id.is_(None) | (channel.namespace_id == incident.namespace_id)
    rows = session.execute(
        select(*channel).where(channel.enabled, is_theirs).order_by(channel.name)
    ).all()
    last_words = _last_words(session, incident.service_id)
    is_public = _is_public(session, incident.service_id)
    found = []
    for each in rows:
        wants = frozenset(Event(event) for event in each.events)
        decision = decide_update(last_words.get(each.id), wants)
        may_know = is_public or not _is_read_by_all(each)
        if decision is not None and not decision.reason and may_know:
            found.append(each)
    return found


def _last_words(session: Session, service_id: int) -> dict[int, LastWord]:
    rows = session.execute(
        select(told.channel_id, told.event, told.delivery, told.payload, told.reason)
        .where(told.is_open, told.service_id == service_id)
        .order_by(told.id)
    )
    found: dict[int, LastWord] = {}
    for each in rows:
        is_sent = each.delivery in (Delivery.QUEUED, Delivery.SENT)
        before = found.get(each.channel_id)
        is_told = is_sent or bool(each.payload.get("told_before"))
        is_told = is_told or (before is not None and before.is_told)
        found[each.channel_id] = LastWord(Event(each.event), is_told, each.reason)
    return found


def _is_public(session: Session, service_id: int) -> bool:
    service, host = table(Service).c, table(Host).c
    shown = select(service.public & host.public).select_from(table(Service))
    found = session.scalar(shown.join(table(Host)).where(service.id == service_id))
    return bool(found)


def _is_read_by_all(each: Row[Any]) -> bool:
    kind = NOTIFIERS.get(each.kind)
    return kind is not None and kind.is_public


def _name(each: Row[Any]) -> str:
    return f"{each.name} (public)" if _is_read_by_all(each) else str(each.name)
