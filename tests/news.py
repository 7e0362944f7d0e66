"""Pieces of news and messages, with everything that a test does not care about filled in."""

from datetime import datetime
from typing import Any

from tests.clock import NOW
from webmon.domain.checks.status import Status
from webmon.domain.notifications.news import Event, Message, News

STATUSES = {Event.UP: Status.UP, Event.DEGRADED: Status.DEGRADED}


def news(event: Event = Event.DOWN, at: datetime = NOW, **fields: Any) -> News:
    """About the service Website of the host Datastore in IATI, at ten o'clock."""
    defaults: dict[str, Any] = {
        "namespace": "iati",
        "namespace_name": "IATI",
        "host": "Datastore",
        "service": "Website",
        "status": STATUSES.get(event, Status.DOWN),
        "since": at,
        "down_since": None if event is Event.DEGRADED else at,
        "message": "connection refused by 10.0.0.7:443" if event is Event.DOWN else "",
        "incident": 17,
    }
    return News(event, at, **(defaults | fields))


def message(*several: News, **fields: Any) -> Message:
    """Composed when the newest of its news arose."""
    told = several or (news(),)
    newest = max(each.told_at for each in told)
    defaults: dict[str, Any] = {"key": "incident:17/3", "composed_at": newest}
    defaults |= {"timezone": "Europe/London", "status_url": "https://status.example.org/status/"}
    return Message(news=told, **(defaults | fields))
