"""What happened in an incident, in its order: seen, decided, told, taken, muted, written, over."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.domain.notifications.news import Event
from webmon.domain.notifications.rules import Muting, why_muted
from webmon.models import Channel, IncidentUpdate, Mute, Notification, StatusChange
from webmon.models.columns import table
from webmon.models.notifications import Delivery
from webmon.queries.notifications.channels import EVENT_WORDS

written, told, changed = (
    table(IncidentUpdate).c,
    table(Notification).c,
    table(StatusChange).c,
)
channel, mute = table(Channel).c, table(Mute).c


IN_DOWNTIME = "planned downtime: "
"""How the reasons begin for which channels are quiet in planned downtime."""


@dataclass(frozen=True, slots=True)
class MomentView:
    """One thing that happened. ``who`` is empty where no person did it."""

    at: str
    what: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class MuteView:
    """A mute in effect; ``until`` is empty where it lasts until all is well again."""

    id: int
    what: str
    why: str
    until: str
    can_end: bool


def timeline(session: Session, incident: Row[Any]) -> tuple[MomentView, ...]:
    """What happened in an incident. ``incident`` has its columns, and ``host_id``."""
    moments = [(incident.opened_at, "First failure", "")]
    moments += _decided(session, incident)
    moments += _told(session, incident)
    moments += _muted(session, incident)
    if incident.acknowledged_at is not None:
        moments.append((incident.acknowledged_at, "Acknowledged", incident.acknowledged_by))
    rows = session.execute(
        select(written.written_at, written.text, written.author)
        .where(written.incident_id == incident.id)
        .order_by(written.id)
    )
    moments += [(each.written_at, each.text, each.author) for each in rows]
    if incident.resolved_at is not None:
        moments.append((incident.resolved_at, "Over", ""))
    moments.sort(key=lambda moment: moment[0])
    return tuple(MomentView(at.isoformat(), what, who) for at, what, who in moments)


Moments = Iterator[tuple[datetime, str, str]]


def _decided(session: Session, incident: Row[Any]) -> Moments:
    at = session.scalar(
        select(changed.decided_at)
        .where(changed.service_id == incident.service_id, changed.to_status == Status.DOWN)
        .where(changed.at == incident.opened_at)
        .limit(1)
    )
    if at is not None:
        yield at, "Down, confirmed", ""


def _told(session: Session, incident: Row[Any]) -> Moments:
    rows = session.execute(
        select(told.sent_at, told.event, channel.name)
        .join(table(Channel), channel.id == told.channel_id)
        .where(told.incident_id == incident.id, told.sent_at.is_not(None))
        .order_by(told.id)
    )
    for each in rows:
        yield each.sent_at, f"{each.name} was sent: {EVENT_WORDS[Event(each.event)]}", ""
    rows = session.execute(
        select(told.created_at, told.event, told.reason, channel.name)
        .join(table(Channel), channel.id == told.channel_id)
        .where(told.incident_id == incident.id, told.delivery == Delivery.SUPPRESSED)
        .where(told.reason.startswith(IN_DOWNTIME))
        .order_by(told.id)
    )
    for each in rows:
        word = EVENT_WORDS[Event(each.event)]
        yield each.created_at, f"{each.name} was not sent: {word} ({each.reason})", ""


def _muted(session: Session, incident: Row[Any]) -> Moments:
    rows = session.execute(select(*mute).where(_about([incident])).order_by(mute.id))
    for each in rows:
        end = incident.resolved_at or each.created_at
        if each.created_at <= end and (each.ended_at is None or each.ended_at > incident.opened_at):
            yield each.created_at, f"Muted: {each.reason}", each.created_by
            if each.ended_at is not None:
                yield each.ended_at, "No longer muted", each.ended_by or ""


class Mutable(NamedTuple):
    """What can be muted: a host, and perhaps a service of it."""

    host_id: int
    host: str
    service_id: int = 0
    service: str = ""


def current_mutes(
    session: Session, incident: Row[Any] | Mutable, actor: Actor
) -> tuple[MuteView, ...]:
    """The mutes of the incident's service, if there is one, and of its host."""
    current = select(*mute).where(_about([incident]), mute.ended_at.is_(None))
    rows = session.execute(current.order_by(mute.id))
    return tuple(
        MuteView(
            each.id,
            f"{incident.host} / {incident.service}" if each.service_id else incident.host,
            _why(each),
            each.until_at.isoformat() if each.until_at is not None else "",
            actor.has(Role.EDITOR),
        )
        for each in rows
    )


def why_muted_now(session: Session, incidents: Sequence[Row[Any]], now: datetime) -> dict[int, str]:
    """By the id of each open incident: why it is muted."""
    still_open = [each for each in incidents if each.resolved_at is None]
    if not still_open:
        return {}
    rows = session.execute(select(*mute).where(_about(still_open), mute.ended_at.is_(None))).all()
    return {
        each.id: why_muted(
            (
                Muting(row.created_by, row.reason, row.until_at)
                for row in rows
                if row.host_id == each.host_id or row.service_id == each.service_id
            ),
            now,
        )
        for each in still_open
    }


def _why(stored: Row[Any]) -> str:
    return f"muted by {stored.created_by}: {stored.reason}"


def _about(incidents: Iterable[Row[Any] | Mutable]) -> Any:
    incidents = list(incidents)
    hosts = mute.host_id.in_({each.host_id for each in incidents})
    return hosts | mute.service_id.in_({each.service_id for each in incidents})
