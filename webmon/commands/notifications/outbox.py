"""The outbox: what channels were told last, and new notifications, read and written many at once.

Whoever writes here about services holds the locks on their states (`hosts.lock_services`, or
`record`'s own): so what a channel hears of a service is decided by one after the other. Rows of
the outbox are locked in the order of their ids.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session

from webmon.domain.announcing import NOWHERE, Decision, LastWord
from webmon.domain.grouping import WAIT
from webmon.domain.news import Event, News
from webmon.domain.payloads import payload_of
from webmon.domain.status import Status
from webmon.models import (
    Channel,
    Host,
    Incident,
    Namespace,
    Notification,
    Service,
    ServiceState,
)
from webmon.models.columns import table
from webmon.models.notifications import Delivery

OUTBOX, INCIDENTS, CHANNELS = table(Notification), table(Incident), table(Channel)
row, incident, channel = OUTBOX.c, INCIDENTS.c, CHANNELS.c
service, state = table(Service).c, table(ServiceState).c
host, namespace = table(Host).c, table(Namespace).c

QUEUED_ANEW = {
    "delivery": Delivery.QUEUED,
    "told_with": None,
    "tried_seconds": 0.0,
    "reason": "",
}
"""What becomes of something settled that is to be sent after all; ``ready_at`` says from when."""

SWITCHED_OFF = "the channel is switched off"
ELSEWHERE = "the channel is told of another namespace"


@dataclass(frozen=True, slots=True)
class Subject:
    """A service with what is said about it: names, status, and the incident that is open."""

    service_id: int
    service: str
    critical: bool
    host_id: int
    host: str
    namespace_id: int
    namespace: str
    namespace_name: str
    status: Status
    since: datetime
    message: str
    incident_id: int | None
    down_since: datetime | None
    public: bool

    def news(self, event: Event, now: datetime, **fields: Any) -> News:
        """News about the service as it is now; ``fields`` say what is told otherwise."""
        said: dict[str, Any] = {
            "status": self.status,
            "since": self.since,
            "message": self.message,
            "incident": self.incident_id or 0,
            "down_since": self.down_since,
        }
        return News(
            event,
            now,
            namespace=self.namespace,
            namespace_name=self.namespace_name,
            host=self.host,
            service=self.service,
            service_id=self.service_id,
            **(said | fields),
        )


def load_subjects(session: Session, service_ids: Iterable[int]) -> dict[int, Subject]:
    """These services, as far as they exist."""
    rows = session.execute(
        select(
            service.id,
            service.name,
            service.critical,
            host.id,
            host.name,
            namespace.id,
            namespace.slug,
            namespace.name,
            state.status,
            state.since,
            state.message,
            incident.id,
            incident.opened_at,
            service.public & host.public,
        )
        .join(table(ServiceState), state.service_id == service.id)
        .join(table(Host), host.id == service.host_id)
        .join(table(Namespace), namespace.id == host.namespace_id)
        .outerjoin(INCIDENTS, (incident.service_id == service.id) & incident.resolved_at.is_(None))
        .where(service.id.in_(list(service_ids)))
    )
    return {each[0]: Subject(*each) for each in rows}


@dataclass(frozen=True, slots=True)
class Destination:
    """A channel, as far as it decides what it is told."""

    id: int
    namespace_id: int | None
    kind: str
    enabled: bool
    built_in: bool
    reminder_every_seconds: int
    wants: frozenset[Event]

    def hears_of(self, namespace_id: int) -> bool:
        """Whether news of the namespace go there."""
        return self.enabled and self.is_for(namespace_id)

    def is_for(self, namespace_id: int | None) -> bool:
        """Whether they would go there if the channel is switched on; None is every namespace."""
        return self.namespace_id in (None, namespace_id)


def load_destinations(session: Session) -> list[Destination]:
    """Every channel; none of them is deleted before the transaction ends."""
    rows = session.execute(
        select(
            channel.id,
            channel.namespace_id,
            channel.kind,
            channel.enabled,
            channel.built_in,
            channel.reminder_every_seconds,
            channel.events,
        )
        .order_by(channel.id)
        .with_for_update(read=True, key_share=True)
    )
    return [
        Destination(
            each.id,
            each.namespace_id,
            each.kind,
            each.enabled,
            each.built_in,
            each.reminder_every_seconds,
            _wants(each.events),
        )
        for each in rows
    ]


def _wants(events: Iterable[str]) -> frozenset[Event]:
    chosen = frozenset(Event(each) for each in events)
    return chosen | {Event.FLAPPING} if Event.DOWN in chosen else chosen or NOWHERE


LastWords = dict[tuple[int, int], list[Row[Any]]]
"""By (channel, service); what is held back stands after what was told before and has not ended."""


def load_last_words(session: Session, service_ids: Iterable[int]) -> LastWords:
    """The last word to each channel about these services, locked."""
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
    """``stored``, the open notifications of one service in one channel, as the rules see it."""
    if not stored:
        return None
    newest = stored[-1]
    return LastWord(Event(newest.event), any(map(is_told, stored)), newest.reason)


def is_told(stored: Row[Any]) -> bool:
    """Whether it was sent, or is on its way; or what it reminds of was."""
    is_sent = stored.delivery in (Delivery.QUEUED, Delivery.SENT)
    return is_sent or bool(stored.payload.get("told_before"))


def has_failed(stored: Row[Any]) -> bool:
    """Whether nothing was told although it was tried: that is made good with the end of it."""
    return stored.delivery == Delivery.FAILED and not is_told(stored)


def still_waits(stored: Row[Any]) -> bool:
    """Whether it is queued and not in a message under way, so that it may yet be taken back."""
    return stored.ready_at is not None and stored.told_with is None


@dataclass(slots=True)
class Batch:
    """Changes of the outbox, collected and then written with one statement each."""

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
        """One notification: queued, or suppressed where the decision has a reason.

        It waits for its host's other services, unless ``ready_at`` says otherwise. The namespace
        is that of the ``subject``, where there is one.
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
        """Made once for all channels that hear the same."""
        return self._payloads.setdefault(id(news), (news, payload_of(news)))[1]

    def close(self, stored: Row[Any]) -> None:
        """Let this no longer be the last word."""
        self._closed.append(stored.id)

    def take_back(self, stored: Row[Any], reason: str) -> None:
        """Suppress what still waits."""
        self._taken_back.append({"key": stored.id, "because": reason})

    def send_after_all(self, stored: Row[Any]) -> None:
        """Queue again what has failed, together with what is added now."""
        self._sent_after_all.append(stored.id)

    def store(self, session: Session) -> None:
        """Write everything; what is stored already (same cause, event and sequence) stays."""
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
            session.execute(again.values(**QUEUED_ANEW, ready_at=self.now + WAIT))
        insert_new(session, OUTBOX, self._new)


def insert_new(session: Session, into: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert these rows, except those whose unique key is there already."""
    if not rows:
        return
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    new = sqlite_insert(into) if is_sqlite else postgres_insert(into)
    connection.execute(new.on_conflict_do_nothing(), rows)


def sequence_after(stored: Row[Any] | None, event: Event, cause: str) -> int:
    """The sequence of ``event`` where ``stored`` was the last word."""
    if stored is None or (stored.event, stored.cause) != (event.value, cause):
        return 1 if event is Event.REMINDER else 0
    following: int = stored.sequence + 1
    return following
