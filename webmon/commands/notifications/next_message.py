"""Compose the next message of a channel: what goes into it, or why it is not sent.

A message whose send was cut off is composed exactly as before, so that a receiver can recognise it.
A message that the channel refused is composed again, together with newer news.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, case, select, update
from sqlmodel import Session

from webmon import config
from webmon.commands.networks import reach
from webmon.commands.notifications import budgets
from webmon.commands.notifications.leases import LEASE, STATES, Lease, locked, state
from webmon.commands.notifications.outbox import OUTBOX, lock_rows, row
from webmon.commands.notifications.subjects import ELSEWHERE, SWITCHED_OFF
from webmon.domain.checks.networks import ANYWHERE, Reach
from webmon.domain.notifications.grouping import (
    HOLD,
    WAIT,
    Sent,
    Waiting,
    message_key,
    next_message,
)
from webmon.domain.notifications.news import LATE_AFTER, Event, Message, News
from webmon.domain.notifications.payloads import news_from
from webmon.models import Namespace
from webmon.models.columns import table
from webmon.models.notifications import Delivery
from webmon.notifiers.base import Surroundings
from webmon.queries.downtimes.calendar import calendar_file
from webmon.queries.notifications.mail_readers import mail_readers, why_no_reader
from webmon.queries.notifications.messages import message_of
from webmon.queries.outside_apps import has_slack_app

namespace = table(Namespace).c

CUT_OFF = "the worker ended while this was being sent: it may have arrived twice"
NO_ANSWER = "an answer to this was lost: it may have arrived twice"
OVER = "what it announces is over"
DOUBTFUL = (CUT_OFF, NO_ANSWER)
"""These notes stay with the message, even if it is sent later."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A composed message, and what is needed to send it. ``config`` is still sealed."""

    lease: Lease
    notification_ids: tuple[int, ...]
    kind: str
    config: dict[str, Any]
    message: Message
    surroundings: Surroundings
    reach: Reach = ANYWHERE
    """Where the channel may send to."""

    @property
    def is_test(self) -> bool:
        return self.message.news[0].event is Event.TEST


def compose(session: Session, lease: Lease, *, now: datetime) -> Outgoing | None:
    """The next message for the channel, marked as under way; None if none is due.

    Notifications that must not be sent any more are suppressed with the reason.
    """
    channel = locked(session, lease)
    if channel is None:
        return None
    while True:
        rows, is_cut_off = _next_rows(session, channel, now)
        if not rows:
            return None
        if rows[0].event == Event.DOWNTIME and _is_over(rows[0], now):
            _suppress(session, channel, rows, OVER, now)
            continue
        if unwanted := _elsewhere(channel, rows):
            _suppress(session, channel, unwanted, ELSEWHERE, now)
            continue
        because = _why_not(session, channel, rows, now)
        if not because:
            return _under_way(session, lease, channel, rows, is_cut_off, now)
        _suppress(session, channel, rows, because, now)


def _next_rows(
    session: Session, channel: Row[Any], now: datetime
) -> tuple[Sequence[Row[Any]], bool]:
    """The notifications of the next message, locked; and whether a send of it was cut off."""
    queued = session.execute(
        select(
            row.id,
            row.event,
            row.namespace_id,
            row.host_id,
            row.ready_at,
            row.told_with,
            row.payload["after_downtime"].as_boolean().label("after_downtime"),
        )
        .where(row.channel_id == channel.channel_id, row.ready_at.is_not(None))
        .order_by(row.id)
    ).all()
    cut_off = [each.id for each in queued if each.told_with is not None]
    if cut_off:
        return lock_rows(session, cut_off), True
    waiting = [
        Waiting(
            each.id,
            Event(each.event),
            each.namespace_id,
            each.host_id,
            each.ready_at,
            is_overdue=bool(each.after_downtime),
        )
        for each in queued
    ]
    if not channel.enabled:
        unwanted = [each.id for each in waiting if each.event is not Event.TEST]
        return lock_rows(session, unwanted or [each.id for each in waiting][:1]), False
    return lock_rows(
        session, next_message(waiting, _told_lately(session, channel, now), now)
    ), False


def _told_lately(session: Session, channel: Row[Any], now: datetime) -> list[Sent]:
    rows = session.execute(
        select(row.told_with, row.event, row.namespace_id, row.host_id, row.sent_at).where(
            row.channel_id == channel.channel_id,
            row.sent_at.between(now - HOLD, now + WAIT),  # not from before the clock went back
        )
    )
    return [Sent(each[0], Event(each[1]), *each[2:]) for each in rows]


def _is_over(stored: Row[Any], now: datetime) -> bool:
    """Whether what it announces has begun, or is over."""
    expires_at = news_from(stored.payload).expires_at
    return expires_at is not None and expires_at <= now


def _elsewhere(channel: Row[Any], rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Notifications of a namespace that the channel is no longer for, except recoveries from
    outages that it was told of."""
    found, untold = [], set()
    for each in rows:
        if each.namespace_id is None or channel.namespace_id in (None, each.namespace_id):
            continue
        if each.event != Event.UP:
            untold.add(each.service_id)
        if each.service_id in untold:
            found.append(each)
    return found


def _why_not(session: Session, channel: Row[Any], rows: Sequence[Row[Any]], now: datetime) -> str:
    """Why these are not sent; empty if they are."""
    if not channel.enabled and rows[0].event != Event.TEST:
        return SWITCHED_OFF
    if channel.kind == "email" and not config.settings().smtp_url.get_secret_value():
        return "WEBMON_SMTP_URL is not set"
    if channel.built_in and not _recipients(session, rows):
        return why_no_reader(session, rows[0].namespace_id)
    return budgets.why_used_up(session, channel.channel_id, channel.kind, channel.config, now=now)


def _suppress(
    session: Session, channel: Row[Any], rows: Sequence[Row[Any]], because: str, now: datetime
) -> None:
    """Suppress these; the next reminder comes when it would have come after this one."""
    is_reminder = row.is_open & (row.event == Event.REMINDER)
    next_at = now + timedelta(seconds=channel.reminder_every_seconds)
    session.execute(
        update(OUTBOX)
        .where(row.id.in_([each.id for each in rows]))
        .values(
            delivery=Delivery.SUPPRESSED,
            ready_at=None,
            told_with=None,
            reason=because,
            remind_at=case((is_reminder, next_at), else_=row.remind_at),
        )
    )


def _under_way(
    session: Session,
    lease: Lease,
    channel: Row[Any],
    rows: Sequence[Row[Any]],
    is_cut_off: bool,
    now: datetime,
) -> Outgoing:
    ids = tuple(each.id for each in rows)
    message = _message(session, channel, rows, is_cut_off, now)
    session.execute(
        update(OUTBOX)
        .where(row.id.in_(ids))
        .values(
            told_with=ids[0],
            attempts=row.attempts + 1,
            error=CUT_OFF if is_cut_off else row.error,
        )
    )
    session.execute(
        update(STATES)
        .where(state.channel_id == lease.channel_id)
        .values(message_key=message.key, composed_at=message.composed_at, lease_until=now + LEASE)
    )
    settings = config.settings()
    surroundings = Surroundings(
        settings.public_url,
        settings.smtp_url.get_secret_value(),
        settings.x_api_url,
        slack_app=has_slack_app(session),
        calendar=_calendar(session, channel, message, now),
        admins=_recipients(session, rows) if channel.built_in else (),
    )
    reached = _reach(session, channel)
    return Outgoing(lease, ids, channel.kind, channel.config, message, surroundings, reached)


def _calendar(session: Session, channel: Row[Any], message: Message, now: datetime) -> bytes:
    """The calendar file of the planned downtime that an e-mail announces; empty for none."""
    downtime_id = message.news[0].calendar_of
    if channel.kind != "email" or not downtime_id:
        return b""
    return calendar_file(session, downtime_id, url=message.status_url, now=now) or b""


def _reach(session: Session, channel: Row[Any]) -> Reach:
    """Where the channel may send to, as far as its own config says where."""
    networks = session.scalar(
        select(namespace.networks).where(namespace.id == channel.namespace_id)
    )
    return reach(networks or (), limited=channel.limited)


def _message(
    session: Session,
    channel: Row[Any],
    rows: Sequence[Row[Any]],
    is_cut_off: bool,
    now: datetime,
) -> Message:
    news = [news_from(each.payload) for each in rows]
    key = message_key([each.id for each in rows], news[0].told_at)
    return message_of(session, rows, key, _composed_at(channel, key, news, is_cut_off, now))


def _composed_at(
    channel: Row[Any], key: str, news: Sequence[News], is_cut_off: bool, now: datetime
) -> datetime:
    """The instant of the first try, while the message says the same and is not late by now."""
    before: datetime | None = channel.composed_at
    if before is None or channel.message_key != key:
        return now
    limit_at = max(each.told_at for each in news) + LATE_AFTER
    is_late_now = before <= limit_at < now
    return now if is_late_now and not is_cut_off else before


def _recipients(session: Session, rows: Sequence[Row[Any]]) -> tuple[str, ...]:
    """Whom the administrators' channel writes to."""
    events = [Event(each.event) for each in rows]
    only_to = rows[0].payload.get("only_to", "")
    return mail_readers(session, rows[0].namespace_id, events, only_to=only_to)
