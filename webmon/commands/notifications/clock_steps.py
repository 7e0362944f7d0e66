"""Repair the instants in the outbox and in the channels' leases after the clock was set."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlmodel import Session

from webmon.commands.notifications.leases import LEASE, STATES, state
from webmon.commands.notifications.outbox import OUTBOX, row
from webmon.domain.notifications.grouping import WAIT
from webmon.domain.notifications.news import Event
from webmon.models import Channel
from webmon.models.columns import table


def realign_messages(session: Session, *, now: datetime, back: timedelta) -> None:
    """After the clock went ``back``: no notification waits longer because of it.

    A queued one is due in a moment, a reminder comes when it would have, and the end of flapping
    once the service is quiet from now on. After a step forward a reminder comes too early, once.
    """
    is_flapping = row.is_open & (row.event == Event.FLAPPING)
    waiting = session.execute(
        select(
            row.id,
            row.ready_at,
            row.remind_at,
            row.created_at,
            table(Channel).c.reminder_every_seconds,
        )
        .join(table(Channel), table(Channel).c.id == row.channel_id)
        .where((row.ready_at > now + WAIT) | row.remind_at.is_not(None) | is_flapping)
        .order_by(row.id)
        .with_for_update(of=OUTBOX)
    ).all()
    if waiting:
        aligned = update(OUTBOX).where(row.id == bindparam("key"))
        session.connection().execute(
            aligned.values(
                ready_at=bindparam("ready"), remind_at=bindparam("at"), created_at=bindparam("made")
            ),
            [_aligned_message(each, now, back) for each in waiting],
        )


def _aligned_message(stored: Row[Any], now: datetime, back: timedelta) -> dict[str, Any]:
    every = timedelta(seconds=stored.reminder_every_seconds)
    ready_at, remind_at = stored.ready_at, stored.remind_at
    return {
        "key": stored.id,
        "ready": min(ready_at, now + WAIT) if ready_at is not None else None,
        "at": min(remind_at - back, now + every) if remind_at is not None else None,
        "made": min(stored.created_at, now),
    }


def realign_leases(session: Session, *, now: datetime, back: timedelta) -> None:
    """After the clock went ``back``: no channel waits for an instant that now lies far ahead.

    A send under way goes on, and no other worker sends the same. After a step forward there is
    nothing to do: a channel is retried too early, once.
    """
    states = session.execute(
        select(state.channel_id, state.lease_until, state.next_try_at, state.last_error_at)
        .where(state.lease_until.is_not(None) | state.next_try_at.is_not(None))
        .order_by(state.channel_id)
        .with_for_update()
    ).all()
    if states:
        aligned = update(STATES).where(state.channel_id == bindparam("key"))
        session.connection().execute(
            aligned.values(lease_until=bindparam("until"), next_try_at=bindparam("at")),
            [_aligned_lease(each, now, back) for each in states],
        )


def _aligned_lease(found: Row[Any], now: datetime, back: timedelta) -> dict[str, Any]:
    until, at = found.lease_until, found.next_try_at
    is_of_old_time = found.last_error_at is not None and found.last_error_at > now
    if at is not None:
        at = None if is_of_old_time and not back else at - back
    return {
        "key": found.channel_id,
        "until": min(until, now + LEASE) if until is not None else None,
        "at": at,
    }
