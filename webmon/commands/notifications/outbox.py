"""The outbox: what channels were told last, and new notifications, read and written in bulk.

Code that writes here about services must hold the locks on their states (`locks.lock_services`, or
those of `record`): so notifications about one service are decided one after the other. Rows of the
outbox are locked in the order of their ids, so that no two transactions wait for each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlmodel import Session

from webmon.bulk import insert_new
from webmon.commands.notifications.subjects import Subject
from webmon.domain.notifications.grouping import WAIT
from webmon.domain.notifications.news import Event, News
from webmon.domain.notifications.payloads import payload_of
from webmon.domain.notifications.rules import Decision, LastWord
from webmon.models import (
    Notification,
)
from webmon.models.columns import table
from webmon.models.notifications import Delivery

OUTBOX = table(Notification)
row = OUTBOX.c

QUEUED_AGAIN = {
    "delivery": Delivery.QUEUED,
    "told_with": None,
    "tried_seconds": 0.0,
    "reason": "",
}
"""The columns of a notification that is sent after all; ``ready_at`` says from when."""


LastWords = dict[tuple[int, int], list[Row[Any]]]
"""By (channel, service), oldest first: an outage that was told stands before news that is held
back."""


def load_last_words(session: Session, service_ids: Iterable[int]) -> LastWords:
    """What each channel was told last about these services, locked."""
    rows = session.execute(
        select(OUTBOX)
        .where(row.is_open, row.service_id.in_(list(service_ids)))
        .order_by(row.id)
        .with_for_update()
    )
    found: LastWords = {}
    for each in rows:
        found.setdefault((each.channel_id, each.service_id), []).append(each)
    return found


def last_word(stored: Sequence[Row[Any]]) -> LastWord | None:
    """The open notifications of one service in one channel, in the form that the rules need."""
    if not stored:
        return None
    newest = stored[-1]
    return LastWord(Event(newest.event), any(map(is_told, stored)), newest.reason)


def is_told(stored: Row[Any]) -> bool:
    """Whether it was sent or is queued, or is a reminder of an outage that was."""
    is_sent = stored.delivery in (Delivery.QUEUED, Delivery.SENT)
    return is_sent or bool(stored.payload.get("told_before"))


def has_failed(stored: Row[Any]) -> bool:
    """Whether sending failed, and the channel knows nothing: then it is sent with the recovery."""
    return stored.delivery == Delivery.FAILED and not is_told(stored)


def still_waits(stored: Row[Any]) -> bool:
    """Whether it is queued and not part of a message under way, so that it can be suppressed."""
    return stored.ready_at is not None and stored.told_with is None


@dataclass(slots=True)
class Batch:
    """Changes of the outbox: collected, then written with one statement for each sort."""

    now: datetime
    _new: list[dict[str, Any]] = field(default_factory=list)
    _closed: list[int] = field(default_factory=list)
    _taken_back: list[dict[str, Any]] = field(default_factory=list)
    _sent_after_all: list[int] = field(default_factory=list)
    _payloads: dict[int, tuple[News, dict[str, Any]]] = field(default_factory=dict)

    def add(
        self,
        channel_id: int,
        news: News,
        decision: Decision,
        *,
        cause: str,
        sequence: int = 0,
        subject: Subject | None = None,
        namespace_id: int | None = None,
        ready_at: datetime | None = None,
    ) -> None:
        """Add one notification: queued, or suppressed if the decision has a reason.

        It waits for its host's other services (`grouping.WAIT`), unless ``ready_at`` is given.
        With a ``subject``, its namespace counts.
        """
        is_queued = not decision.reason
        ready_at = ready_at or self.now + WAIT
        self._new.append(
            {
                "channel_id": channel_id,
                "cause": cause,
                "event": decision.event.value,
                "sequence": sequence,
                "namespace_id": subject.namespace_id if subject else namespace_id,
                "host_id": subject.host_id if subject else None,
                "service_id": subject.service_id if subject else None,
                "incident_id": news.incident or None,
                "payload": self._payload(news),
                "created_at": self.now,
                "delivery": Delivery.QUEUED if is_queued else Delivery.SUPPRESSED,
                "ready_at": ready_at if is_queued else None,
                "reason": decision.reason,
                "is_open": decision.is_open,
                "is_muted": decision.is_muted,
            }
        )

    def _payload(self, news: News) -> dict[str, Any]:
        """Made once for all channels that are told the same."""
        return self._payloads.setdefault(id(news), (news, payload_of(news)))[1]

    def close(self, stored: Row[Any]) -> None:
        """Mark this as no longer the last word."""
        self._closed.append(stored.id)

    def take_back(self, stored: Row[Any], reason: str) -> None:
        """Suppress a notification that is still queued."""
        self._taken_back.append({"key": stored.id, "because": reason})

    def send_after_all(self, stored: Row[Any]) -> None:
        """Queue a failed notification again, together with those added now."""
        self._sent_after_all.append(stored.id)

    def store(self, session: Session) -> None:
        """Write everything. Rows with the same cause, event and sequence are stored only once."""
        connection = session.connection()
        if self._closed:
            closed = update(OUTBOX).where(row.id.in_(self._closed))
            session.execute(closed.values(is_open=False, is_muted=False, remind_at=None))
        if self._taken_back:
            taken_back = update(OUTBOX).where(row.id == bindparam("key"))
            connection.execute(
                taken_back.values(
                    delivery=Delivery.SUPPRESSED, ready_at=None, reason=bindparam("because")
                ),
                self._taken_back,
            )
        if self._sent_after_all:
            again = update(OUTBOX).where(row.id.in_(self._sent_after_all))
            session.execute(again.values(**QUEUED_AGAIN, ready_at=self.now + WAIT))
        insert_new(session, OUTBOX, self._new)


def sequence_after(stored: Row[Any] | None, event: Event, cause: str) -> int:
    """The sequence of ``event`` where ``stored`` was the last word."""
    if stored is None or (stored.event, stored.cause) != (event.value, cause):
        return 1 if event is Event.REMINDER else 0
    following: int = stored.sequence + 1
    return following


def lock_rows(session: Session, ids: Iterable[int]) -> Sequence[Row[Any]]:
    """Those of these notifications that are still queued, locked."""
    ids = list(ids)
    if not ids:
        return []
    return session.execute(
        select(OUTBOX)
        .where(row.id.in_(ids), row.ready_at.is_not(None))
        .order_by(row.id)
        .with_for_update()
    ).all()


def hold_back(session: Session, stored: Iterable[Row[Any]], why: str, *, now: datetime) -> None:
    """Suppress those of these last words that still wait; they are locked already.

    Reminders come back as reminders; what was never told is told later if it is still so.
    """
    waiting = [each for each in stored if still_waits(each)]
    taken_back = {"delivery": Delivery.SUPPRESSED, "ready_at": None, "reason": why}
    reminders = [each.id for each in waiting if each.payload.get("told_before")]
    news = [each.id for each in waiting if not each.payload.get("told_before")]
    for ids, after in ((reminders, {"remind_at": now}), (news, {"is_muted": True})):
        if ids:
            session.execute(update(OUTBOX).where(row.id.in_(ids)).values(**taken_back, **after))
