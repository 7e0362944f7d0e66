"""Queue what becomes due as time passes: the end of flapping, and news that was held back.

Reminders, which become due in the same way, stand in `reminders`.

Each pass finds its candidates, locks their services (as `record` does), and looks again: a service
that has recovered in between has had its recovery announced, and nothing follows.

A pass looks at some hundreds. If it may leave them unchanged, it returns where the next pass goes
on, so that candidates that stay do not hide the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlmodel import Session

from webmon.commands.locks import lock_services
from webmon.commands.notifications.announcements import (
    UP_AGAIN,
    changed,
    changes_since,
    close,
)
from webmon.commands.notifications.holds import load_holds
from webmon.commands.notifications.outbox import (
    OUTBOX,
    Batch,
    load_last_words,
    row,
    sequence_after,
)
from webmon.commands.notifications.subjects import (
    ChannelRules,
    Subject,
    load_channels,
    load_subjects,
)
from webmon.domain.checks.status import OBSERVED
from webmon.domain.durations import in_words
from webmon.domain.notifications.news import Event, News
from webmon.domain.notifications.payloads import news_from
from webmon.domain.notifications.rules import (
    FLAPPING_WINDOW,
    NOT_WELL,
    QUIET,
    Decision,
    Often,
    decide_after_flapping,
    decide_held_end,
    decide_unmuted,
)

MOST_AT_ONCE = 500

IS_HELD = row.is_open & row.is_muted
"""News that was held back, and may be told one day."""


def is_flapping(before: Any) -> Any:
    """News of flapping that is older than ``before``."""
    return row.is_open & (row.event == Event.FLAPPING) & (row.created_at <= before)


def sum_up(session: Session, *, now: datetime, after: int = 0) -> int:
    """Tell the channels that know that a service is flapping how it ended, once it is stable.

    Looks at the news after ``after``; returns where to go on, 0 at the end.
    """
    flapping, following = open_notifications(session, is_flapping(now - QUIET), after=after)
    stable = _stable(session, {stored.service_id for stored in flapping}, now)
    ended = [stored for stored in flapping if stored.service_id in stable]
    if not ended:
        return following
    subjects, channels = subjects_and_channels(session, ended)
    holds = load_holds(session, subjects.values(), now)
    batch = Batch(now)
    for stored in ended:
        subject, channel = subjects.get(stored.service_id), channels[stored.channel_id]
        if subject is None or subject.status not in OBSERVED:
            batch.close(stored)
        elif holds.is_only_restored(subject):
            continue  # how it ended is not known yet
        elif holds.why_quiet(channel, subject):
            continue
        elif subject.status not in NOT_WELL or not holds.why(channel, subject):
            batch.close(stored)
            decision = decide_after_flapping(subject.status, channel.wants)
            summary = _summary(session, stored, subject, channel, decision.event, now)
            batch.add(stored.channel_id, summary, decision, cause=stored.cause, subject=subject)
    batch.store(session)
    return following


def _stable(session: Session, service_ids: set[int], now: datetime) -> set[int]:
    """Those of the services that have not changed for a while."""
    if not service_ids:
        return set()
    restless = session.scalars(
        select(changed.service_id)
        .where(changed.service_id.in_(service_ids))
        # A change that lies ahead is from before the clock went back (`clock_steps`).
        .where(changed.decided_at > now - QUIET, changed.decided_at <= now)
        .distinct()
    )
    return service_ids - set(restless)


def _summary(
    session: Session,
    stored: Row[Any],
    subject: Subject,
    channel: ChannelRules,
    event: Event,
    now: datetime,
) -> News:
    since: datetime = stored.created_at - FLAPPING_WINDOW
    often = changes_since(session, [subject.service_id], since).get(subject.service_id, Often())
    count = often.seen_by(channel.wants)
    stable = in_words(max(QUIET, now - subject.since).total_seconds())
    text = f"It changed {count} times within {in_words((subject.since - since).total_seconds())}"
    message = f"{text} and has stayed like this for {stable}. {subject.message}".strip()
    return subject.news(event, now, changes=count, message=message)


def tell_unmuted(session: Session, *, now: datetime, after: int = 0) -> int:
    """Queue news that was held back, if nothing holds it back any more and it is still true.

    Looks at the news after ``after``; returns where to go on, 0 at the end.
    """
    muted, following = open_notifications(session, IS_HELD, after=after)
    if not muted:
        return following
    subjects, channels = subjects_and_channels(session, muted)
    holds = load_holds(session, subjects.values(), now)
    batch = Batch(now)
    ends = [stored.service_id for stored in muted if stored.event == Event.UP]
    last_words = load_last_words(session, ends) if ends else {}
    for stored in muted:
        subject, channel = subjects.get(stored.service_id), channels[stored.channel_id]
        if subject is not None and stored.event == Event.UP:
            if channel.enabled and not holds.why_quiet(channel, subject):
                before = last_words.get((stored.channel_id, stored.service_id), ())
                _tell_held_end(batch, stored, before, subject, channel)
            continue
        decision = decide_unmuted(subject.status, channel.wants) if subject else None
        if subject is None or decision is None:
            batch.close(stored)
        elif channel.enabled and not holds.why(channel, subject):
            batch.close(stored)
            is_outage = decision.event is Event.DOWN and subject.incident_id is not None
            cause = f"incident:{subject.incident_id}" if is_outage else stored.cause
            queue_follow_up(batch, stored, subject, decision, cause)
    batch.store(session)
    return following


def _tell_held_end(
    batch: Batch,
    stored: Row[Any],
    before: Sequence[Row[Any]],
    subject: Subject,
    channel: ChannelRules,
) -> None:
    """Planned downtime is over, in which an outage has ended that the channel was told of."""
    decision = decide_held_end(subject.status, channel.wants)
    if decision is None:
        return
    for each in before:
        close(batch, each, UP_AGAIN)
    if decision.event is not Event.UP:
        is_outage = subject.incident_id is not None
        cause = f"incident:{subject.incident_id}" if is_outage else stored.cause
        queue_follow_up(batch, stored, subject, decision, cause)
        return
    held = news_from(stored.payload)
    batch.add(
        stored.channel_id,
        replace(held, status=subject.status, told_at=batch.now, planned_downtime=False),
        decision,
        cause=stored.cause,
        sequence=sequence_after(stored, decision.event, stored.cause),
        subject=subject,
    )


def queue_follow_up(
    batch: Batch,
    stored: Row[Any],
    subject: Subject,
    decision: Decision,
    cause: str,
    *,
    ready_at: datetime | None = None,
    told_before: bool = False,
) -> None:
    """Add news of how the service is now, as the successor of ``stored``."""
    is_new_outage = decision.event is Event.DOWN and stored.is_muted
    batch.add(
        stored.channel_id,
        subject.news(
            decision.event,
            ready_at or batch.now,
            told_before=told_before,
            after_downtime=bool(stored.payload.get("planned_downtime")) and is_new_outage,
        ),
        decision,
        cause=cause,
        sequence=sequence_after(stored, decision.event, cause),
        subject=subject,
        ready_at=ready_at,
    )


def open_notifications(
    session: Session, open_ones: ColumnElement[bool], *, after: int = 0
) -> tuple[Sequence[Row[Any]], int]:
    """The ``open_ones`` (a condition that only open notifications meet), locked after their
    services.

    Looks at some of those with ids greater than ``after``; also returns where to go on.
    """
    found = session.execute(
        select(row.id, row.service_id)
        .where(open_ones, row.id > after)
        .order_by(row.id)
        .limit(MOST_AT_ONCE)
    ).all()
    if not found:
        return [], 0
    service_ids = {each.service_id for each in found}
    lock_services(session, service_ids)
    locked = session.execute(
        select(OUTBOX)
        .where(open_ones, row.service_id.in_(service_ids))
        .order_by(row.id)
        .with_for_update()
    ).all()
    return locked, found[-1].id if len(found) == MOST_AT_ONCE else 0


def subjects_and_channels(
    session: Session, stored: Iterable[Row[Any]]
) -> tuple[dict[int, Subject], dict[int, ChannelRules]]:
    subjects = load_subjects(session, {each.service_id for each in stored})
    return subjects, {each.id: each for each in load_channels(session)}
