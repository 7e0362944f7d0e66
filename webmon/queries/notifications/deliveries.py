"""What was told, is to be told, or was not told, and why: the outbox as people read it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.ids import is_id
from webmon.domain.notifications.news import Event
from webmon.domain.notifications.payloads import news_from
from webmon.errors import NotFound
from webmon.models import Channel, ChannelState, Host, Incident, Notification, Service
from webmon.models.columns import table
from webmon.models.notifications import AGAIN, Delivery
from webmon.notifiers import NOTIFIERS
from webmon.queries.notifications.channels import EVENT_WORDS, find_channel, may

PER_PAGE = 20
MOST_PAGES = 10_000
NAMED = 3
"""So many services of a message are named."""

row, channel, state = table(Notification).c, table(Channel).c, table(ChannelState).c

STATUS = {
    Delivery.SENT: "up",
    Delivery.QUEUED: "unknown",
    Delivery.FAILED: "down",
    Delivery.SUPPRESSED: "paused",
}
WORDS = {
    Delivery.SENT: "sent",
    Delivery.QUEUED: "waits",
    Delivery.FAILED: "failed",
    Delivery.SUPPRESSED: "not sent",
}


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A message to a channel, or one that is not sent. ``status`` is drawn like a service's.

    ``at`` is when it was sent, otherwise when its news arose; ``next_try_at`` is empty where no
    try is to come.
    """

    id: int
    channel: str
    kind: str
    event: str
    about: str
    status: str
    word: str
    at: str
    attempts: int
    why: str
    next_try_at: str
    can_send_again: bool


@dataclass(frozen=True, slots=True)
class DeliveriesView:
    """A page of them, the newest first."""

    channel_id: int = 0
    deliveries: tuple[DeliveryView, ...] = ()
    page: int = 1
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class SentTestView:
    """What became of a test message. ``status`` is drawn like a service's; empty: there is none."""

    channel_id: int = 0
    status: str = ""
    text: str = ""
    is_over: bool = True


def deliveries_of_channel(
    session: Session, channel_id: int, *, actor: Actor, page: int = 1
) -> DeliveriesView:
    """What was to be told in a channel, one entry for each message.

    Raises:
        NotFound, PermissionDenied.
    """
    owner = find_channel(session, channel_id, actor=actor, role=Role.VIEWER)
    page = min(max(page, 1), MOST_PAGES)
    heads = session.execute(
        _rows()
        .where(row.channel_id == channel_id)
        .where(row.told_with.is_(None) | (row.told_with == row.id))
        .order_by(row.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE + 1)
    ).all()
    shown = _seen(actor, heads[:PER_PAGE])
    together = _told_with(session, channel_id, shown)
    can_send = may(actor, Role.EDITOR, owner)
    views = tuple(_view(each, together.get(each.id, [each]), can_send) for each in shown)
    return DeliveriesView(channel_id, views, page, len(heads) > PER_PAGE)


def deliveries_of_incident(
    session: Session, incident_id: int, *, actor: Actor
) -> tuple[DeliveryView, ...]:
    """All that was told, waits or was not told about an incident, in its order, in the channels
    that ``actor`` sees.

    Raises:
        NotFound: there is no such incident among those that ``actor`` sees.
    """
    incident, service, host = table(Incident), table(Service), table(Host)
    space = session.scalar(
        select(host.c.namespace_id)
        .join(service, service.c.host_id == host.c.id)
        .join(incident, incident.c.service_id == service.c.id)
        .where(incident.c.id == incident_id)
    )
    if space is None or not actor.sees(space):
        raise NotFound("this incident does not exist")
    rows = session.execute(_rows().where(row.incident_id == incident_id).order_by(row.id)).all()
    owners = {each.id: each for each in _channels(session, rows)}
    seen = {
        key
        for key, each in owners.items()
        if each.namespace_id is None or actor.sees(each.namespace_id)
    }
    return tuple(
        _view(each, [each], may(actor, Role.EDITOR, owners[each.channel_id]))
        for each in rows
        if each.channel_id in seen
    )


def sent_test(session: Session, notification_id: int, *, actor: Actor) -> SentTestView:
    """What has become of a test message so far."""
    found = (
        session.execute(_rows().where(row.id == notification_id)).first()
        if is_id(notification_id)
        else None
    )
    if found is None:
        return SentTestView()
    try:
        find_channel(session, found.channel_id, actor=actor, role=Role.VIEWER)
    except NotFound:  # as if the message had gone, too
        return SentTestView()
    delivery = Delivery(found.delivery)
    waits = delivery is Delivery.QUEUED
    return SentTestView(
        found.channel_id, STATUS[delivery], _test_text(found, delivery), is_over=not waits
    )


def _test_text(found: Row[Any], delivery: Delivery) -> str:
    if delivery is Delivery.SENT:
        took = max(0.0, (found.sent_at - found.created_at).total_seconds())
        return f"The test was sent, {took:.1f} s after it was asked for. {found.error}".strip()
    if delivery is Delivery.QUEUED:
        return "The test is being sent." if found.told_with else "The test waits for the worker."
    reason = found.reason or found.error
    return f"The test was not sent: {reason}"


def _rows() -> Any:
    return (
        select(
            *row,
            channel.name.label("channel_name"),
            channel.kind.label("channel_kind"),
            state.next_try_at.label("channel_tries_at"),
            state.last_error.label("channel_error"),
        )
        .join(table(Channel), channel.id == row.channel_id)
        .outerjoin(table(ChannelState), state.channel_id == row.channel_id)
    )


def _seen(actor: Actor, rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Those that are about the actor's namespaces, or about none."""
    return [each for each in rows if each.namespace_id is None or actor.sees(each.namespace_id)]


def _told_with(
    session: Session, channel_id: int, heads: Sequence[Row[Any]]
) -> dict[int, list[Row[Any]]]:
    """All that went out in the same message, by the oldest of it."""
    keys = [each.id for each in heads if each.told_with is not None]
    if not keys:
        return {}
    rows = session.execute(
        select(row.told_with, row.event, row.payload)
        .where(row.channel_id == channel_id, row.id >= min(keys), row.told_with.in_(keys))
        .order_by(row.id)
    )
    found: dict[int, list[Row[Any]]] = {}
    for each in rows:
        found.setdefault(each.told_with, []).append(each)
    return found


def _channels(session: Session, rows: Iterable[Row[Any]]) -> Iterable[Channel]:
    wanted = {each.channel_id for each in rows}
    return session.scalars(select(Channel).where(channel.id.in_(wanted)))


def _view(head: Row[Any], together: Sequence[Row[Any]], can_send: bool) -> DeliveryView:
    delivery = Delivery(head.delivery)
    waits = delivery is Delivery.QUEUED
    next_try_at = _next_try(head) if waits else None
    kind = NOTIFIERS.get(head.channel_kind)
    events = dict.fromkeys(EVENT_WORDS[Event(each.event)] for each in together)
    return DeliveryView(
        id=head.id,
        channel=head.channel_name,
        kind=kind.title if kind is not None else head.channel_kind,
        event=", ".join(events) + (" (again)" if head.cause.startswith(AGAIN) else ""),
        about=_about(together),
        status=STATUS[delivery],
        word=WORDS[delivery],
        at=(head.sent_at or head.created_at).isoformat(),
        attempts=head.attempts,
        why=_why(head, delivery),
        next_try_at=next_try_at.isoformat() if next_try_at is not None else "",
        can_send_again=can_send and not waits and head.event != Event.TEST,
    )


def _why(head: Row[Any], delivery: Delivery) -> str:
    if delivery is not Delivery.QUEUED:
        return head.reason or str(head.error)
    return head.error or (str(head.channel_error) if _is_held(head) else "")


def _next_try(head: Row[Any]) -> datetime | None:
    """Queued news go out when they are ready and their channel is."""
    if head.ready_at is None:
        return None
    ready_at: datetime = head.ready_at
    return max(ready_at, head.channel_tries_at) if _is_held(head) else ready_at


def _is_held(head: Row[Any]) -> bool:
    return head.channel_tries_at is not None


def _about(together: Sequence[Row[Any]]) -> str:
    """``Datastore / Website, Portal / Search and 4 more``; a text where it is about no service."""
    names: dict[str, None] = {}
    for each in together:
        news = news_from(each.payload)
        name = " / ".join(filter(None, (news.host, news.service))) or news.message
        names |= dict.fromkeys([name] if name else [])
    shown, more = [*names][:NAMED], len(names) - NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
