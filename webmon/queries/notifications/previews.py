"""What a channel would be told, word by word: an example for each event that it wants."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webmon import config
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.domain.notifications.news import CHOOSABLE, Event, Message, News
from webmon.models import Channel, Host, Namespace, Service
from webmon.notifiers import NOTIFIERS
from webmon.queries.installation import status_page
from webmon.queries.notifications.channels import EVENT_WORDS, find_channel, usable_config

STATUSES = {Event.UP: Status.UP, Event.DEGRADED: Status.DEGRADED, Event.DOWNTIME: Status.UP}
MESSAGES = {
    Event.DOWN: "answered 503 Service Unavailable",
    Event.REMINDER: "answered 503 Service Unavailable",
    Event.UP: "answered 200 OK",
    Event.DEGRADED: "answered 200 OK, slowly",
    Event.DOWNTIME: "Planned downtime: the database is moved, from 22:00 to 22:45.",
    Event.INCIDENT_UPDATE: "We have found the cause and are working on it.",
    Event.ACKNOWLEDGED: "acknowledged by anna@example.org",
}
OUTAGE = timedelta(minutes=29)


@dataclass(frozen=True, slots=True)
class PreviewView:
    """A text as it would be sent. ``counted`` is empty where the receiver has no limit."""

    event: str
    text: str
    counted: str
    is_too_long: bool


def previews(
    session: Session, channel_id: int, *, actor: Actor, now: datetime
) -> tuple[PreviewView, ...]:
    """An example for each event that the channel wants, about a service of its namespace.

    Raises:
        NotFound, PermissionDenied.
    """
    row = find_channel(session, channel_id, actor=actor, role=Role.VIEWER)
    kind, settings = NOTIFIERS.get(row.kind), usable_config(row.kind, row.config)
    if kind is None or settings is None:
        return ()
    found = []
    for event in (each for each in CHOOSABLE if each in row.events):
        text = kind.preview(settings, _example(session, row, event, actor, now))
        weight = kind.weigh(text) if kind.weigh is not None else None
        counted = "" if weight is None else f"{weight} of {kind.most_weight}"
        is_too_long = weight is not None and weight > kind.most_weight
        found.append(PreviewView(EVENT_WORDS[event], text, counted, is_too_long))
    return tuple(found)


def _example(
    session: Session, channel: Channel, event: Event, actor: Actor, now: datetime
) -> Message:
    slug, name, timezone, host, service = _subject(session, channel, actor)
    news = News(
        event,
        now,
        namespace=slug,
        namespace_name=name,
        host=host,
        service=service,
        status=STATUSES.get(event, Status.DOWN),
        since=now if event is Event.UP else now - OUTAGE,
        message=MESSAGES[event],
        incident=1,
    )
    if event in (Event.DOWN, Event.DEGRADED):
        news = replace(news, since=now)
    if event is not Event.DEGRADED:
        news = replace(news, down_since=now if event is Event.DOWN else now - OUTAGE)
    base = config.settings().public_url
    return Message(
        "example",
        (news,),
        now,
        timezone,
        status_url=status_page(session, slug),
        admin_url=f"{base}/admin",
    )


def _subject(session: Session, channel: Channel, actor: Actor) -> tuple[str, str, str, str, str]:
    """Namespace (slug, name, timezone), host and service: real ones where there are any."""
    found = select(Namespace, Host.name, Service.name).select_from(Service).join(Host)
    found = found.join(Namespace).order_by(col(Service.id)).limit(1)
    if channel.namespace_id is not None:
        found = found.where(Host.namespace_id == channel.namespace_id)
    elif actor.namespace_ids is not None:
        found = found.where(col(Host.namespace_id).in_(actor.namespace_ids))
    row = session.exec(found).first()
    if row is None:
        return "", "", "UTC", "Datastore", "Website"
    namespace, host, service = row
    return namespace.slug, namespace.name, namespace.timezone, host, service
