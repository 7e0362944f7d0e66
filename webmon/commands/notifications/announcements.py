"""Decide what is owed to whom, and put it into the outbox; `commands.deliveries` sends it.

Everything here runs in the transaction of what it tells of: both are stored, or neither.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from webmon.commands.notifications.audience import (
    SWITCHED_OFF,
    Destination,
    Subject,
    load_destinations,
    load_subjects,
)
from webmon.commands.notifications.mutes import Mutes, load_mutes, why_not_theirs
from webmon.commands.notifications.outbox import (
    Batch,
    has_failed,
    is_told,
    last_word,
    load_last_words,
    sequence_after,
    still_waits,
)
from webmon.domain.announcing import (
    FLAPPING_WINDOW,
    NOT_WELL,
    Change,
    Decision,
    Often,
    decide,
    is_flapping,
)
from webmon.domain.news import Event, News
from webmon.domain.status import OBSERVED, Status
from webmon.models import StatusChange
from webmon.models.columns import table
from webmon.notifiers import NOTIFIERS

changed = table(StatusChange).c

UP_AGAIN = "it is up again"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A stored change of a service; ``incident_id`` and ``down_since`` of the one that it ended."""

    service_id: int
    before: Status
    after: Status
    change_id: int
    incident_id: int | None = None
    down_since: datetime | None = None


def announce(session: Session, occurrences: Iterable[Occurrence], *, now: datetime) -> None:
    """Owe news of these changes to every channel that wants them.

    1. Leave out the changes that nobody hears of: no statement for a service seen up at first.
    2. Read the services, the channels, the last words to them, and how often each has changed.
    3. Decide for each channel (`domain.announcing`), and write all of it at once.
    """
    telling = [each for each in occurrences if {each.before, each.after} & NOT_WELL]
    if not telling:
        return
    service_ids = [each.service_id for each in telling]
    subjects = load_subjects(session, service_ids)
    destinations = load_destinations(session)
    last_words = load_last_words(session, service_ids)
    often = changes_since(session, service_ids, now - FLAPPING_WINDOW)
    mutes = load_mutes(session, subjects.values())
    batch = Batch(now)
    for each in telling:
        subject = subjects[each.service_id]
        told = _Telling(batch, each, often.get(each.service_id, Often()), subject, mutes)
        for destination in destinations:
            told.to(destination, last_words.get((destination.id, each.service_id), ()))
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


class _Telling:
    """One change, told to one channel after the other: the same news to all of them."""

    def __init__(
        self, batch: Batch, each: Occurrence, often: Often, subject: Subject, mutes: Mutes
    ) -> None:
        self._batch = batch
        self._occurrence = each
        self._often = often
        self._subject = subject
        self._mutes = mutes
        self._news: dict[tuple[Event, int], News] = {}

    def to(self, destination: Destination, stored: Sequence[Row[Any]]) -> None:
        """Decide and note what the channel hears; ``stored`` is the last word to it."""
        if not stored and not destination.hears_of(self._subject.namespace_id):
            return
        last = last_word(stored)
        failed = [before for before in stored if has_failed(before)]
        if last is not None and failed:
            last = replace(last, is_told=True)  # it is told with its end
        muted = self._mutes.why(destination, self._subject)
        each = self._occurrence
        change = Change(each.before, each.after, self._often.for_whom(destination.wants))
        decisions = decide(change, last, destination.wants, muted)
        for_good = bool(why_not_theirs(destination, self._subject))
        for decision in decisions:
            if not destination.enabled:
                decision = Decision(decision.event, decision.reason or SWITCHED_OFF)
            elif for_good:
                decision = replace(decision, is_muted=False)
            self._add(destination, stored, decision)
            if decision.event is Event.UP and not decision.reason:
                for before in failed:
                    self._batch.send_after_all(before)
        if is_flapping(last):
            return
        holds_back = any(decision.is_open and decision.reason for decision in decisions)
        for before in stored:
            if not (holds_back and is_told(before)):
                close(self._batch, before, UP_AGAIN)

    def _add(
        self, destination: Destination, stored: Sequence[Row[Any]], decision: Decision
    ) -> None:
        counts = decision.event is Event.FLAPPING
        key = decision.event, self._often.for_whom(destination.wants) if counts else 0
        news = self._news.get(key)
        if news is None:
            news = self._news[key] = self._news_of(*key)
        cause = self._cause(decision.event)
        self._batch.add(
            destination.id,
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
    """Whoever was told that one of these services is not well hears that nobody looks any more.

    Called while services and incidents are still there; ``why`` ends a sentence: "was paused".
    """
    last_words = load_last_words(session, service_ids)
    if not last_words:
        return
    subjects = load_subjects(session, service_ids)
    destinations = {each.id: each for each in load_destinations(session)}
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
        destination, last, newest = destinations[channel_id], last_word(stored), stored[-1]
        if last is None or not last.is_told or Event.UP not in destination.wants:
            continue
        batch.add(
            channel_id,
            news[service_id],
            Decision(Event.UP, "" if destination.enabled else SWITCHED_OFF),
            cause=newest.cause,
            sequence=sequence_after(newest, Event.UP, newest.cause),
            subject=subjects[service_id],
        )
    batch.store(session)


def close(batch: Batch, stored: Row[Any], because: str) -> None:
    """Let this no longer be the last word; a reminder that still waits is dropped."""
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

    It goes to their own channel and to every other one for all namespaces that is not public;
    not to ``about_channel``, which it is about, but to whoever looks after its namespace. With
    ``everywhere``, because it concerns every namespace, also to the channels of only one; so it
    does where it is their own channel that fails.
    """
    news = News(Event.MONITOR, now, message=text)
    destinations = load_destinations(session)
    about = next((each for each in destinations if each.id == about_channel), None)
    namespace_id = about.namespace_id if about is not None else None
    everywhere = everywhere or (about is not None and about.built_in)
    batch = Batch(now)
    for destination in destinations:
        kind = NOTIFIERS.get(destination.kind)
        is_private = destination.built_in or (kind is not None and not kind.is_public)
        is_meant = everywhere or destination.is_for(namespace_id)
        if is_private and is_meant and destination.enabled and destination.id != about_channel:
            batch.add(
                destination.id,
                news,
                Decision(Event.MONITOR),
                cause=cause,
                namespace_id=namespace_id,
                ready_at=now,
            )
    batch.store(session)
