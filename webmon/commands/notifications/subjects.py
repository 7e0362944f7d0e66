"""Load what news is about, and the rules of the channels it may go to.

`domain.notifications.rules` decides which of them are told; `announcements` asks it and queues.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from webmon.domain.checks.status import Status
from webmon.domain.notifications.news import Event, News
from webmon.domain.notifications.rules import NOWHERE
from webmon.models import (
    Channel,
    Host,
    Incident,
    Namespace,
    Service,
    ServiceState,
)
from webmon.models.columns import table

INCIDENTS, CHANNELS = table(Incident), table(Channel)
incident, channel = INCIDENTS.c, CHANNELS.c
service, state = table(Service).c, table(ServiceState).c
host, namespace = table(Host).c, table(Namespace).c


SWITCHED_OFF = "the channel is switched off"


ELSEWHERE = "the channel is for another namespace"


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
    acknowledged: bool
    """Whether somebody has taken the open incident."""

    def news(self, event: Event, now: datetime, **fields: Any) -> News:
        """News about the service as it is now; ``fields`` replace what is read from it."""
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
            incident.acknowledged_at.is_not(None),
        )
        .join(table(ServiceState), state.service_id == service.id)
        .join(table(Host), host.id == service.host_id)
        .join(table(Namespace), namespace.id == host.namespace_id)
        .outerjoin(INCIDENTS, (incident.service_id == service.id) & incident.resolved_at.is_(None))
        .where(service.id.in_(list(service_ids)))
    )
    return {each[0]: Subject(*each) for each in rows}


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """The columns of a channel that decide what it is told."""

    id: int
    namespace_id: int | None
    kind: str
    enabled: bool
    built_in: bool
    reminder_every_seconds: int
    wants: frozenset[Event]

    def wants_news_of(self, namespace_id: int) -> bool:
        """Whether the channel is on, and for this namespace."""
        return self.enabled and self.is_for(namespace_id)

    def is_for(self, namespace_id: int | None) -> bool:
        """Whether the channel is for this namespace, on or off; None stands for all of them."""
        return self.namespace_id in (None, namespace_id)


def load_channels(session: Session) -> list[ChannelRules]:
    """Every channel, locked against deletion until the transaction ends."""
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
        ChannelRules(
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
