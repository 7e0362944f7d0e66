"""Note what became of a message: the channel took it, or refused it."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, case, select, update
from sqlmodel import Session

from webmon.commands.notifications import budgets, deferred_mails, missed_recoveries
from webmon.commands.notifications.announcements import tell_monitor
from webmon.commands.notifications.leases import LEASE, channel, held, locked, state
from webmon.commands.notifications.next_message import DOUBTFUL, NO_ANSWER, Outgoing
from webmon.commands.notifications.outbox import OUTBOX, lock_rows, row
from webmon.commands.notifications.reminders import reminder_at
from webmon.domain.notifications.backoff import GIVE_UP_AFTER, LONGEST_SECONDS, retry_delay_seconds
from webmon.domain.notifications.news import Event
from webmon.models.notifications import Delivery
from webmon.notifiers.base import NotifierError, Receipt

REMINDS = row.is_open & row.event.in_((Event.DOWN, Event.REMINDER))


def note(
    session: Session, sent: Outgoing, answer: Receipt | NotifierError, *, now: datetime
) -> bool:
    """Note what became of a message; whether the channel may be sent the next one now.

    After a refusal it waits. A test that was refused says nothing about the messages behind it,
    unless the server has asked us to wait.
    """
    if isinstance(answer, Receipt):
        delivered(session, sent, answer, now=now)
        return True
    refused(session, sent, answer, now=now)
    return sent.is_test and answer.retry_after_seconds is None


def delivered(session: Session, sent: Outgoing, receipt: Receipt, *, now: datetime) -> None:
    """Note that the channel has taken a message, even if another worker holds the lease by now."""
    ids = [each.id for each in lock_rows(session, sent.notification_ids)]
    session.execute(
        update(OUTBOX)
        .where(row.id.in_(ids))
        .values(
            delivery=Delivery.SENT,
            sent_at=now,
            ready_at=None,
            reference=receipt.reference,
            error=receipt.note if receipt.had_before else _unless_doubtful(receipt.note),
            remind_at=case((REMINDS, reminder_at(session, sent, now)), else_=row.remind_at),
        )
    )
    if receipt.deferred is not None:
        deferred_mails.keep(session, sent.lease.channel_id, receipt.deferred, now=now)
    had_stopped = state.channel_id == sent.lease.channel_id, state.stopped_at.is_not(None)
    if session.scalar(select(state.channel_id).where(*had_stopped)):
        missed_recoveries.requeue(session, sent.lease.channel_id, now=now)
    session.execute(
        held(sent.lease).values(
            failures=0,
            next_try_at=None,
            last_error="",
            stopped_at=None,
            message_key="",
            lease_until=now + LEASE,
        )
    )
    budgets.watch(session, sent.lease.channel_id, now=now)


def _unless_doubtful(error: str) -> Any:
    """``error``, unless the row says already that the message may have arrived twice."""
    return case((row.error.in_(DOUBTFUL), row.error), else_=error)


def refused(session: Session, sent: Outgoing, error: NotifierError, *, now: datetime) -> None:
    """Note that the channel has not taken a message.

    A test is tried once; if the server asked us to wait, the messages behind it wait too. A
    permanent error (wrong settings) ends this message, marks the channel as stopped and is
    reported to the administrators; later messages stay queued and are tried with growing waits
    until the channel works again. Any other message is retried for a day.
    """
    channel_row = locked(session, sent.lease)
    if channel_row is not None:
        _count_trying(session, channel_row, now)
    rows = lock_rows(session, sent.notification_ids)
    if channel_row is None or not rows:
        return  # another worker has taken over, or has noted it already
    if sent.is_test:
        _fail(session, rows, str(error), None)
        if error.retry_after_seconds is not None:
            later = now + timedelta(seconds=max(1.0, error.retry_after_seconds))
            session.execute(held(sent.lease).values(next_try_at=later))
        return
    stops = error.permanent and channel_row.stopped_at is None
    enough = GIVE_UP_AFTER.total_seconds()
    lost = rows if stops else [each for each in rows if each.tried_seconds >= enough]
    because = str(error) if stops else f"not taken within 24 hours: {error}"
    _fail(session, lost, because, reminder_at(session, sent, now))
    session.execute(
        update(OUTBOX)
        .where(row.id.in_([each.id for each in rows if each not in lost]))
        .values(
            told_with=None,
            error=_unless_doubtful(NO_ANSWER if error.may_have_arrived else str(error)),
        )
    )
    failures = channel_row.failures + 1
    wait = retry_delay_seconds(
        failures, jitter=random.random(), retry_after_seconds=error.retry_after_seconds
    )
    session.execute(
        held(sent.lease).values(
            failures=failures,
            next_try_at=now + timedelta(seconds=wait),
            last_error=str(error),
            last_error_at=now,
            stopped_at=channel_row.stopped_at or (now if lost else None),
        )
    )
    if lost and channel_row.stopped_at is None:
        _tell_stopped(session, sent, because, now)


def _count_trying(session: Session, channel_row: Row[Any], now: datetime) -> None:
    """Add the time since the last try to the messages that have waited since then.

    At most the planned wait counts, so that a clock that was set, or a worker that stood still,
    ends no message early.
    """
    if not channel_row.failures or channel_row.last_error_at is None:
        return
    passed = (now - channel_row.last_error_at).total_seconds()
    planned = LONGEST_SECONDS
    if channel_row.next_try_at is not None:
        planned = (channel_row.next_try_at - channel_row.last_error_at).total_seconds()
    spent_seconds = max(0.0, min(passed, planned))
    waiting = (row.channel_id == channel_row.channel_id) & (
        row.ready_at <= channel_row.last_error_at
    )
    session.execute(select(row.id).where(waiting).order_by(row.id).with_for_update()).all()
    session.execute(
        update(OUTBOX).where(waiting).values(tried_seconds=row.tried_seconds + spent_seconds)
    )


def _fail(
    session: Session, rows: Sequence[Row[Any]], because: str, remind_at: datetime | None
) -> None:
    """Mark as failed. An open outage is sent as a reminder once the channel works again."""
    session.execute(
        update(OUTBOX)
        .where(row.id.in_([each.id for each in rows]))
        .values(
            delivery=Delivery.FAILED,
            ready_at=None,
            reason=because,
            error=because,
            remind_at=case((REMINDS, remind_at), else_=row.remind_at),
        )
    )


def _tell_stopped(session: Session, sent: Outgoing, because: str, now: datetime) -> None:
    name = session.scalar(select(channel.name).where(channel.id == sent.lease.channel_id))
    tell_monitor(
        session,
        f"channel:{sent.lease.channel_id}:stopped:{int(now.timestamp())}",
        f"The channel {name} does not get through: {because}",
        now=now,
        about_channel=sent.lease.channel_id,
    )
