"""When a channel is reminded of an outage: timed when a message was sent, queued when due."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from webmon.commands.notifications.follow_ups import (
    open_notifications,
    queue_follow_up,
    subjects_and_channels,
)
from webmon.commands.notifications.holds import load_holds, why_not_theirs
from webmon.commands.notifications.leases import channel
from webmon.commands.notifications.next_message import Outgoing
from webmon.commands.notifications.outbox import OUTBOX, Batch, is_told, row
from webmon.commands.notifications.subjects import ChannelRules, Subject
from webmon.domain.checks.status import Status
from webmon.domain.notifications.grouping import WAIT
from webmon.domain.notifications.news import Event
from webmon.domain.notifications.rules import Decision

HELD_BACK = timedelta(seconds=10)
"""A reminder that is due while a critical service is down is sent this long after it recovers."""


def reminder_at(session: Session, sent: Outgoing, now: datetime) -> datetime | None:
    """When the channel is reminded; None if it wants no reminders."""
    found = session.execute(
        select(channel.events, channel.reminder_every_seconds).where(
            channel.id == sent.lease.channel_id
        )
    ).first()
    if found is None or Event.REMINDER not in found.events:
        return None
    return now + timedelta(seconds=found.reminder_every_seconds)


def is_reminded(before: Any) -> Any:
    """Outages of which a reminder is due before then."""
    return row.is_open & (row.remind_at <= before)


def remind(session: Session, *, now: datetime) -> None:
    """Queue reminders of outages that have lasted for the channel's reminder interval.

    A little ahead of time, so that the reminders of a host are grouped and still go out on time.
    """
    due, _ = open_notifications(session, is_reminded(now + WAIT))
    if not due:
        return
    subjects, channels = subjects_and_channels(session, due)
    holds = load_holds(session, subjects.values(), now)
    batch = Batch(now)
    later: dict[int, timedelta] = {}
    for stored in due:
        subject, rules = subjects.get(stored.service_id), channels[stored.channel_id]
        if subject is None or subject.status is not Status.DOWN:
            batch.close(stored)
        elif not _is_reminded(rules, subject) or why_not_theirs(rules, subject):
            later[stored.id] = timedelta(seconds=rules.reminder_every_seconds)
        elif holds.why(rules, subject):
            later[stored.id] = HELD_BACK
        else:
            batch.close(stored)
            reminder = Decision(Event.REMINDER, is_open=True)
            at = max(now, stored.remind_at)
            before = is_told(stored)
            queue_follow_up(
                batch, stored, subject, reminder, stored.cause, ready_at=at, told_before=before
            )
    batch.store(session)
    _postpone(session, {key: now + wait for key, wait in later.items()})


def _is_reminded(channel: ChannelRules, subject: Subject) -> bool:
    is_wanted = Event.REMINDER in channel.wants and channel.wants_news_of(subject.namespace_id)
    return is_wanted and not subject.acknowledged


def _postpone(session: Session, instants: dict[int, datetime]) -> None:
    if instants:
        session.connection().execute(
            update(OUTBOX).where(row.id == bindparam("key")).values(remind_at=bindparam("at")),
            [{"key": key, "at": at} for key, at in instants.items()],
        )
