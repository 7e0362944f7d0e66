"""Send on request: a test message, or a message again."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from webmon.commands.notifications.outbox import QUEUED_AGAIN
from webmon.domain.access import Actor, Role, require
from webmon.domain.ids import is_id
from webmon.domain.news import Event
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Channel, ChannelState, Notification


def send_test(session: Session, channel_id: int, *, actor: Actor | None, now: datetime) -> int:
    """Queue a test message, sent at once and tried once; returns the notification's id.

    Raises:
        NotFound, PermissionDenied.
    """
    _find_channel(session, channel_id, actor)
    notification = Notification(
        channel_id=channel_id,
        cause=f"test:{now.isoformat()}",
        event=Event.TEST,
        payload={"event": Event.TEST, "told_at": now.isoformat()},
        created_at=now,
        ready_at=now,
    )
    session.add(notification)
    session.flush()
    _try_at_once(session, channel_id)
    return notification.id


def send_again(
    session: Session, notification_id: int, *, actor: Actor | None, now: datetime
) -> None:
    """Queue a message again that has failed, was suppressed, or was sent.

    All news of that message is sent again, and the channel is tried at once.

    Raises:
        Invalid: it is queued already.
        NotFound, PermissionDenied.
    """
    found = session.get(Notification, notification_id) if is_id(notification_id) else None
    if found is None:
        raise NotFound("this message does not exist")
    _find_channel(session, found.channel_id, actor)
    _try_at_once(session, found.channel_id)
    together = (
        col(Notification.id) == notification_id
        if found.told_with is None
        else col(Notification.told_with) == found.told_with
    )
    queued_again = session.execute(
        update(Notification)
        .where(together, col(Notification.channel_id) == found.channel_id)
        .where(col(Notification.ready_at).is_(None))
        .values(**QUEUED_AGAIN, ready_at=now, sent_at=None, attempts=0, error="", is_muted=False)
        .returning(col(Notification.id))
        .execution_options(synchronize_session=False)
    ).all()
    if not queued_again:
        raise Invalid("this message is already on its way")
    session.expire_all()


def _find_channel(session: Session, channel_id: int, actor: Actor | None) -> Channel:
    """The channel, if the actor may use it. One for all namespaces needs access to all of them."""
    found = session.get(Channel, channel_id) if is_id(channel_id) else None
    if found is None:
        raise NotFound("this channel does not exist")
    if actor is not None:
        require(actor, Role.EDITOR, found.namespace_id)
        if found.namespace_id is None and actor.namespace_ids is not None:
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
