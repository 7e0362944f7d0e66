"""Send on request: a test message, or a message again."""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlmodel import Session, col

from webmon.bulk import insert_new
from webmon.commands.accounts.activity import Found, noted
from webmon.commands.notifications.outbox import OUTBOX, QUEUED_AGAIN, row
from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.ids import is_id
from webmon.domain.notifications.news import Event
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Channel, ChannelState, Notification
from webmon.models.notifications import AGAIN, Delivery


def _channel_of(session: Session, _result: None, _now: datetime, notification_id: int) -> Found:
    yield "channel", session.get_one(Notification, notification_id).channel_id


@noted("channel", "sent a test to", always=True)
def send_test(
    session: Session,
    channel_id: int,
    *,
    told_at: datetime | None = None,
    actor: Actor | None,
    now: datetime,
) -> int:
    """Queue a test message, sent at once and tried once; returns the notification's id.

    ``told_at`` is the instant that it tells, where somebody has seen the text before.

    Raises:
        NotFound, PermissionDenied.
    """
    _find_channel(session, channel_id, actor)
    notification = Notification(
        channel_id=channel_id,
        cause=f"test:{now.isoformat()}",
        event=Event.TEST,
        payload={"event": Event.TEST, "told_at": (told_at or now).isoformat()},
        created_at=now,
        ready_at=now,
    )
    session.add(notification)
    session.flush()
    _try_at_once(session, channel_id)
    return notification.id


@noted("channel", "sent a message again to", about=_channel_of)
def send_again(
    session: Session, notification_id: int, *, actor: Actor | None, now: datetime
) -> None:
    """Queue a message again that has failed, was suppressed, or was sent.

    All news of that message is sent again, and the channel is tried at once. What was sent stays
    as it is stored; the repeat is stored beside it.

    Raises:
        Invalid: it is queued already.
        NotFound, PermissionDenied.
    """
    found = session.get(Notification, notification_id) if is_id(notification_id) else None
    if found is None:
        raise NotFound("this message does not exist")
    _find_channel(session, found.channel_id, actor, "message")
    _try_at_once(session, found.channel_id)
    together = row.id == found.id if found.told_with is None else row.told_with == found.told_with
    wanted = select(row.id).where(together, row.channel_id == found.channel_id)
    rows = session.execute(
        select(OUTBOX).where(row.id.in_(wanted)).order_by(row.id).with_for_update()
    ).all()
    repeats = session.execute(
        select(row.cause, row.ready_at).where(
            row.cause.in_([f"{AGAIN}{each.id}" for each in rows]),
            row.channel_id == found.channel_id,
        )
    ).all()
    if any(each.ready_at is not None for each in (*rows, *repeats)):
        raise Invalid("this message is already on its way")
    unsent = [each.id for each in rows if each.sent_at is None]
    session.execute(
        update(OUTBOX)
        .where(row.id.in_(unsent))
        .values(**QUEUED_AGAIN, ready_at=now, attempts=0, error="", is_muted=False)
    )
    counted = Counter(each.cause for each in repeats)
    sent = [each for each in rows if each.sent_at is not None]
    insert_new(session, OUTBOX, [_repeat(each, counted[f"{AGAIN}{each.id}"], now) for each in sent])
    session.expire_all()


def _repeat(sent: Row[Any], number: int, now: datetime) -> dict[str, Any]:
    """Another row with the same news. It is never the last word: the one that was sent may be."""
    names = ("channel_id", "event", "namespace_id", "host_id", "service_id", "incident_id")
    return {name: getattr(sent, name) for name in (*names, "payload")} | {
        "cause": f"{AGAIN}{sent.id}",
        "sequence": number,
        "created_at": now,
        "ready_at": now,
        "delivery": Delivery.QUEUED,
        "is_open": False,
        "is_muted": False,
        "reason": "",
    }


def _find_channel(
    session: Session, channel_id: int, actor: Actor | None, thing: str = "channel"
) -> Channel:
    """The channel, if the actor may use it. One for all namespaces needs access to all of them."""
    found = session.get(Channel, channel_id) if is_id(channel_id) else None
    if found is None:
        raise NotFound("this channel does not exist")
    require_theirs(actor, Role.EDITOR, found.namespace_id, thing)
    if found.namespace_id is None and actor is not None and actor.namespace_ids is not None:
        raise PermissionDenied("this channel is for all namespaces, and you are not")
    return found


def _try_at_once(session: Session, channel_id: int) -> None:
    """Clear the wait for the next try; this also locks the state of the channel."""
    session.execute(
        update(ChannelState)
        .where(col(ChannelState.channel_id) == channel_id)
        .values(next_try_at=None)
        .execution_options(synchronize_session=False)
    )
