"""What somebody is asked before something is sent by hand: the text, who reads it, and whether what
it says is over by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import WORDS, Status
from webmon.domain.ids import is_id
from webmon.domain.notifications.news import Event, Message, News
from webmon.domain.notifications.payloads import news_from
from webmon.errors import Invalid, NotFound
from webmon.models import Channel, Incident, Notification, ServiceState
from webmon.models.columns import table
from webmon.notifiers import NOTIFIERS
from webmon.queries.installation import status_page
from webmon.queries.notifications.channels import find_channel, usable_config
from webmon.queries.notifications.messages import message_of

row, incident, state = table(Notification).c, table(Incident).c, table(ServiceState).c

OF_STATUS = (Event.DOWN, Event.REMINDER, Event.DEGRADED, Event.UP)
"""These say how a service is; of others only their incident can be over."""


@dataclass(frozen=True, slots=True)
class SendQuestion:
    """Asked before something is sent to a channel; ``notification_id`` 0 is a test.

    ``over`` says what is no longer as the text says; it may be empty. ``asked_at`` (ISO 8601) is
    the instant that a test tells.
    """

    channel_id: int = 0
    notification_id: int = 0
    title: str = ""
    is_public: bool = False
    over: str = ""
    text: str = ""
    asked_at: str = ""


def ask_test(session: Session, channel_id: int, *, actor: Actor, now: datetime) -> SendQuestion:
    """The test message that would be sent to a channel.

    Raises:
        NotFound, PermissionDenied.
    """
    channel = find_channel(session, channel_id, actor=actor, role=Role.EDITOR)
    message = Message("test", (News(Event.TEST, now),), now, status_url=status_page(session))
    return SendQuestion(
        channel.id,
        0,
        f"Send a test to {channel.name}?",
        _is_public(channel),
        text=_text(channel, message),
        asked_at=now.isoformat(),
    )


def ask_again(
    session: Session, notification_id: int, *, actor: Actor, now: datetime
) -> SendQuestion:
    """The message that would be sent again, with all the news that it told.

    Raises:
        Invalid: it is on its way.
        NotFound, PermissionDenied.
    """
    wanted = select(table(Notification)).where(row.id == notification_id)
    head = session.execute(wanted).first() if is_id(notification_id) else None
    if head is None:
        raise NotFound("this message does not exist")
    channel = find_channel(session, head.channel_id, actor=actor, role=Role.EDITOR, thing="message")
    if head.ready_at is not None:
        raise Invalid("this message is already on its way")
    rows = [head] if head.told_with is None else _sent_with(session, head)
    return SendQuestion(
        channel.id,
        head.id,
        f"Send this to {channel.name} again?",
        _is_public(channel),
        _what_is_over(session, rows),
        _text(channel, message_of(session, rows, "again", now)),
        now.isoformat(),
    )


def _sent_with(session: Session, head: Row[Any]) -> Sequence[Row[Any]]:
    together = row.told_with == head.told_with, row.channel_id == head.channel_id
    return session.execute(select(table(Notification)).where(*together).order_by(row.id)).all()


def _is_public(channel: Channel) -> bool:
    return channel.kind in NOTIFIERS and NOTIFIERS[channel.kind].is_public


def _text(channel: Channel, message: Message) -> str:
    """Empty where the channel's settings cannot be used; then nothing is sent either."""
    settings = usable_config(channel.kind, channel.config)
    return "" if settings is None else NOTIFIERS[channel.kind].preview(settings, message)


def _what_is_over(session: Session, rows: Sequence[Row[Any]]) -> str:
    """``Website on Datastore is up by now.``, for the first of which the message says otherwise."""
    for each in rows:
        news = news_from(each.payload)
        present = _present(session, each, news)
        if present is None:
            continue
        subject = f"{news.service} on {news.host}" if news.service else news.host
        return f"{subject} {present} by now."
    return ""


def _present(session: Session, each: Row[Any], news: News) -> str | None:
    """How it is otherwise than the news says; None where it is not."""
    if news.event in OF_STATUS and each.service_id is not None:
        status = session.scalar(select(state.status).where(state.service_id == each.service_id))
        if status is None:
            return "is no longer watched"
        if status == news.status:
            return None
        verb = "has" if status == Status.DEGRADED else "is"
        return f"{verb} {WORDS[Status(status)]}"
    ended = select(incident.resolved_at).where(incident.id == each.incident_id)
    is_over = each.incident_id is not None and session.scalar(ended) is not None
    return "is no longer down" if is_over else None
