"""Queue what channels are told of a change in the outbox; `domain.notifications.rules` decides.

Everything here runs in the transaction that stores the change: both are stored, or neither. The
worker sends what is queued (`workers.deliver`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from webmon.commands.notifications.holds import Holds, load_holds, why_not_theirs
from webmon.commands.notifications.outbox import (
    Batch,
    has_failed,
    is_told,
    last_word,
    load_last_words,
    sequence_after,
    still_waits,
)
from webmon.commands.notifications.subjects import (
    SWITCHED_OFF,
    ChannelRules,
    Subject,
    load_channels,
    load_subjects,
)
from webmon.domain.checks.status import OBSERVED, Status
from webmon.domain.notifications.news import Event, News
from webmon.domain.notifications.rules import (
    FLAPPING_WINDOW,
    NOT_WELL,
    Change,
    Decision,
    Often,
    decide,
    is_flapping,
)
from webmon.models import StatusChange
from webmon.models.columns import table
from webmon.notifiers import NOTIFIERS

changed = table(StatusChange).c

UP_AGAIN = "it is up again"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A stored change of a service, with the incident that it ended, if any."""

    service_id: int
    before: Status
    after: Status
    change_id: int
    incident_id: int | None = None
    down_since: datetime | None = None


def announce(session: Session, occurrences: Iterable[Occurrence], *, now: datetime) -> None:
    """Queue news of these changes for every channel that wants it.

    1. Leave out changes that are never announced, such as a new service that is up: they cost no
       statement.
    2. Read the services, the channels, what each channel was told last, and how often each service
       has changed lately.
    3. Decide for each channel (`domain.notifications.rules`), and write everything at once.
    """
    telling = [each for each in occurrences if {each.before, each.after} & NOT_WELL]
    if not telling:
        return
    service_ids = [each.service_id for each in telling]
    subjects = load_subjects(session, service_ids)
    channels = load_channels(session)
    last_words = load_last_words(session, service_ids)
    often = changes_since(session, service_ids, now - FLAPPING_WINDOW)
    holds = load_holds(session, subjects.values(), now)
    batch = Batch(now)
    for each in telling:
        subject = subjects[each.service_id]
        announcement = _Announcement(
            batch, each, often.get(each.service_id, Often()), subject, holds
        )
        for channel in channels:
            announcement.add_for(channel, last_words.get((channel.id, each.service_id), ()))
    batch.store(session)


def changes_since(
    session: Session, service_ids: Iterable[int], since: datetime
) -> dict[int, Often]:
    """How often each service has changed; that it was paused or seen first does not count."""
    is_outage = (changed.from_status == Status.DOWN) | (changed.to_status == Status.DOWN)
    counted = (
        select(changed.service_id, func.count(), func.count().filter(is_outage))
        .where(changed.service_id.in_(list(service_ids)), changed.at > since)
        .where(changed.from_status.in_(OBSERVED), changed.to_status.in_(OBSERVED))
        .group_by(changed.service_id)
    )
    return {each[0]: Often(each[1], each[2]) for each in session.execute(counted)}


class _Announcement:
    """One change and the channels that are told of it: the same news to all of them."""

    def __init__(
        self, batch: Batch, each: Occurrence, often: Often, subject: Subject, holds: Holds
    ) -> None:
        self._batch = batch
        self._occurrence = each
        self._often = often
        self._subject = subject
        self._holds = holds
        self._news: dict[tuple[Event, int], News] = {}

    def add_for(self, channel: ChannelRules, stored: Sequence[Row[Any]]) -> None:
        """Decide what the channel is told; ``stored`` are its open notifications of the service."""
        if not stored and not channel.wants_news_of(self._subject.namespace_id):
            return
        last = last_word(stored)
        failed = [before for before in stored if has_failed(before)]
        if last is not None and failed:
            # The outage could not be sent before: it goes out together with its end.
            last = replace(last, is_told=True)
        muted = self._holds.why(channel, self._subject)
        each = self._occurrence
        change = Change(each.before, each.after, self._often.seen_by(channel.wants))
        quiet = self._holds.why_quiet(channel, self._subject)
        decisions = decide(change, last, channel.wants, muted, quiet)
        for_good = bool(why_not_theirs(channel, self._subject))
        for decision in decisions:
            if not channel.enabled:
                decision = Decision(decision.event, decision.reason or SWITCHED_OFF)
            elif for_good and decision.event is not Event.UP:
                decision = replace(decision, is_muted=False)
            self._add(channel, stored, decision)
            if decision.event is Event.UP and not decision.reason:
                for before in failed:
                    self._batch.send_after_all(before)
        if is_flapping(last):
            return
        holds_back = any(decision.is_open and decision.reason for decision in decisions)
        for before in stored:
            if not (holds_back and is_told(before)):
                close(self._batch, before, UP_AGAIN)

    def _add(self, channel: ChannelRules, stored: Sequence[Row[Any]], decision: Decision) -> None:
        counts = decision.event is Event.FLAPPING
        key = decision.event, self._often.seen_by(channel.wants) if counts else 0
        news = self._news.get(key)
        if news is None:
            news = self._news[key] = self._news_of(*key)
        cause = self._cause(decision.event)
        self._batch.add(
            channel.id,
            news,
            decision,
            cause=cause,
            sequence=sequence_after(stored[-1] if stored else None, decision.event, cause),
            subject=self._subject,
        )

    def _news_of(self, event: Event, changes: int) -> News:
        each, subject = self._occurrence, self._subject
        incident_id = each.incident_id or subject.incident_id or 0
        return subject.news(
            event,
            self._batch.now,
            status=each.after,
            incident=incident_id,
            down_since=each.down_since or subject.down_since,
            changes=changes,
            planned_downtime=self._holds.is_planned(subject),
        )

    def _cause(self, event: Event) -> str:
        """What the news is about: an incident, or a change that neither opens nor ends one."""
        each = self._occurrence
        if event is Event.DOWN:
            return f"incident:{self._subject.incident_id}"
        if event is Event.UP and each.incident_id is not None:
            return f"incident:{each.incident_id}"
        if event is Event.FLAPPING:
            return f"flapping:{each.change_id}"
        return f"change:{each.change_id}"


def end_watching(session: Session, service_ids: Sequence[int], why: str, *, now: datetime) -> None:
    """Tell the channels that know of an outage of these services that watching has ended.

    Called before services and incidents are deleted; ``why`` ends a sentence: "was paused".
    """
    last_words = load_last_words(session, service_ids)
    if not last_words:
        return
    subjects = load_subjects(session, service_ids)
    channels = {each.id: each for each in load_channels(session)}
    batch = Batch(now)
    news = {
        service_id: subject.news(
            Event.UP, now, status=Status.PAUSED, since=now, message=f"{subject.service} {why}."
        )
        for service_id, subject in subjects.items()
    }
    for (channel_id, service_id), stored in last_words.items():
        for each in stored:
            close(batch, each, f"it {why}")
        channel, last, newest = channels[channel_id], last_word(stored), stored[-1]
        if last is None or not last.is_told or Event.UP not in channel.wants:
            continue
        batch.add(
            channel_id,
            news[service_id],
            Decision(Event.UP, "" if channel.enabled else SWITCHED_OFF),
            cause=newest.cause,
            sequence=sequence_after(newest, Event.UP, newest.cause),
            subject=subjects[service_id],
        )
    batch.store(session)


def close(batch: Batch, stored: Row[Any], because: str) -> None:
    """Mark this as no longer the last word; a reminder that is still queued is suppressed."""
    batch.close(stored)
    if stored.event == Event.REMINDER and still_waits(stored):
        batch.take_back(stored, because)


def tell_monitor(
    session: Session,
    cause: str,
    text: str,
    *,
    now: datetime,
    about_channel: int | None = None,
    everywhere: bool = False,
) -> None:
    """Tell the administrators something about the monitor itself, once per ``cause``.

    It goes to their own channel and to every private channel for all namespaces. News about a
    channel (``about_channel``) goes to the private channels of its namespace too, but not to the
    channel itself. With ``everywhere``, or if the administrators' own channel has failed, it goes
    to the private channels of every namespace.
    """
    news = News(Event.MONITOR, now, message=text)
    channels = load_channels(session)
    about = next((each for each in channels if each.id == about_channel), None)
    namespace_id = about.namespace_id if about is not None else None
    everywhere = everywhere or (about is not None and about.built_in)
    batch = Batch(now)
    for channel in channels:
        kind = NOTIFIERS.get(channel.kind)
        is_private = channel.built_in or (kind is not None and not kind.is_public)
        is_meant = everywhere or channel.is_for(namespace_id)
        if is_private and is_meant and channel.enabled and channel.id != about_channel:
            batch.add(
                channel.id,
                news,
                Decision(Event.MONITOR),
                cause=cause,
                namespace_id=namespace_id,
                ready_at=now,
            )
    batch.store(session)
