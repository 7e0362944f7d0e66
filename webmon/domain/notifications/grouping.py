"""Decide which news go out in one message, and when. Pure: values in, ids out.

News waits a moment for the host's other services. When one piece is due, everything queued for the
same host goes out with it; if many hosts of a namespace are queued, everything of the namespace.
So news of a service keeps its order, and a recovery that happens before its outage was sent goes
out in the same message.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webmon.domain.notifications.news import Event

WAIT = timedelta(seconds=3)
"""How long news about a host waits for its other services."""

HOLD = timedelta(seconds=30)
"""After a message, more news of the same direction about the host is collected for this long."""

MOST_HOSTS = 5
"""If more hosts of a namespace are queued, one digest names them all."""

BAD, GOOD = "bad", "good"
DIRECTIONS = {Event.DOWN: BAD, Event.DEGRADED: BAD, Event.FLAPPING: BAD, Event.UP: GOOD}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued notification. Without a host it goes out by itself."""

    id: int
    event: Event
    namespace_id: int | None
    host_id: int | None
    ready_at: datetime
    is_overdue: bool = False
    """It has waited for the end of planned downtime, and collects nothing more."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A notification that was sent at most `HOLD` ago; ``message`` names its message."""

    message: int
    event: Event
    namespace_id: int | None
    host_id: int | None
    sent_at: datetime


def next_message(
    waiting: Sequence[Waiting], sent: Iterable[Sent], now: datetime
) -> tuple[int, ...]:
    """The ids of the next message's notifications, the oldest first; empty if nothing is due.

    ``waiting`` is everything that is queued for one channel, the oldest first.
    """
    messages = _messages(sent)
    due = [each for each in waiting if _due_at(each, messages) <= now]
    if not due:
        return ()
    first = next((each for each in due if each.event is Event.TEST), due[0])
    if first.host_id is None:
        return (first.id,)
    hosts = {
        each.host_id
        for each in waiting
        if each.host_id is not None and each.namespace_id == first.namespace_id
    }
    if len(hosts) <= MOST_HOSTS:
        hosts = {first.host_id}
    # By the host alone: it may have moved to this namespace, and its older news goes first.
    return tuple(each.id for each in waiting if each.host_id in hosts)


def failed_together(
    failures: Iterable[tuple[int, int, datetime]],
) -> tuple[tuple[int, ...], ...]:
    """Failures (id, host, instant) of one host that one message would tell of, together.

    Each comes at most `HOLD` after the one before. In the order of their first members.
    """
    failures = list(failures)
    group_of: dict[int, list[int]] = {}
    last: dict[int, tuple[datetime, list[int]]] = {}
    for key, host, at in sorted(failures, key=lambda failure: failure[2]):
        before = last.get(host)
        members = before[1] if before is not None and at - before[0] <= HOLD else []
        members.append(key)
        last[host] = at, members
        group_of[key] = members
    order = {key: place for place, (key, _, _) in enumerate(failures)}
    groups = {id(group_of[key]): group_of[key] for key in order}
    return tuple(tuple(sorted(members, key=order.__getitem__)) for members in groups.values())


def message_key(ids: Sequence[int], first_at: datetime) -> str:
    """The name of the message that tells these notifications, the first of which arose then.

    It is the same at every try, so that the receiver can refuse a repeat. A restored database gives
    ids again that were given before, but not at the same instant.
    """
    named = f"{first_at.isoformat()} {','.join(map(str, ids))}"
    digest = hashlib.sha256(named.encode()).hexdigest()
    return f"{ids[0]}-{digest[:16]}"


@dataclass(slots=True)
class _Message:
    sent_at: datetime
    namespace_id: int | None
    hosts: set[int | None]
    directions: set[str | None]

    def is_about(self, news: Waiting) -> bool:
        """Whether it was about the host, or a digest of its namespace."""
        is_digest = len(self.hosts) > 1 and self.namespace_id == news.namespace_id
        return is_digest or news.host_id in self.hosts


def _messages(sent: Iterable[Sent]) -> list[_Message]:
    """The messages sent lately, the newest first."""
    found: dict[int, _Message] = {}
    for each in sent:
        message = found.setdefault(
            each.message, _Message(each.sent_at, each.namespace_id, set(), set())
        )
        message.hosts.add(each.host_id)
        message.directions.add(DIRECTIONS.get(each.event))
    return sorted(found.values(), key=lambda message: message.sent_at, reverse=True)


def _due_at(news: Waiting, messages: Sequence[_Message]) -> datetime:
    """When ``news`` may go out: later if the message before had the same direction for its host.

    So the first recovery after bad news is never held, and the other way round.
    """
    direction = DIRECTIONS.get(news.event)
    if direction is None or news.host_id is None or news.is_overdue:
        return news.ready_at
    before = next((message for message in messages if message.is_about(news)), None)
    if before is None or direction not in before.directions:
        return news.ready_at
    return max(news.ready_at, before.sent_at + HOLD)
