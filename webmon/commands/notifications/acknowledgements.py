"""Acknowledge incidents: somebody takes them, and no more reminders follow."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import select, update
from sqlmodel import Session

from webmon.commands.accounts.activity import Found, noted
from webmon.commands.locks import lock_services
from webmon.commands.notifications.holds import why_not_theirs
from webmon.commands.notifications.outbox import (
    Batch,
    last_word,
    load_last_words,
    still_waits,
)
from webmon.commands.notifications.subjects import (
    INCIDENTS,
    SWITCHED_OFF,
    ChannelRules,
    Subject,
    host,
    incident,
    load_channels,
    load_subjects,
    service,
)
from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.ids import is_id
from webmon.domain.notifications.news import Event
from webmon.domain.notifications.rules import decide_acknowledged
from webmon.errors import Invalid, NotFound
from webmon.models import Host, Service
from webmon.models.columns import table
from webmon.notifiers import NOTIFIERS


def _taken(session: Session, _count: int, now: datetime, incident_ids: Iterable[int]) -> Found:
    """Those that were taken just now."""
    just_now = incident.acknowledged_at == now
    for each in session.scalars(
        select(incident.id).where(incident.id.in_([*incident_ids]), just_now).order_by(incident.id)
    ):
        yield "incident", each


@noted("incident", "acknowledged", about=_taken)
def acknowledge(
    session: Session, incident_ids: Sequence[int], *, actor: Actor, now: datetime
) -> int:
    """Take these incidents; returns how many were taken.

    Those that somebody has taken before stay theirs, and those that are over stay as they are.
    Channels that know of the outage and want to know are told who has taken it.

    Raises:
        Invalid: all of them are over.
        NotFound, PermissionDenied.
    """
    wanted = [*incident_ids]
    service_ids = _services_of(session, wanted, actor)
    lock_services(session, service_ids)
    subjects = load_subjects(session, service_ids).values()
    still_open = [each for each in subjects if each.incident_id in wanted]
    if not still_open:
        raise Invalid("this incident is over" if len(wanted) == 1 else "these incidents are over")
    taken = [each for each in still_open if not each.acknowledged]
    session.execute(
        update(INCIDENTS)
        .where(incident.id.in_([each.incident_id for each in taken]))
        .values(acknowledged_at=now, acknowledged_by=actor.email)
    )
    session.expire_all()
    _tell(session, taken, actor, now)
    return len(taken)


def _services_of(session: Session, incident_ids: list[int], actor: Actor) -> list[int]:
    """The services of these incidents, if the actor may change what is theirs."""
    if not incident_ids or not all(map(is_id, incident_ids)):
        raise NotFound("this incident does not exist")
    rows = session.execute(
        select(incident.id, service.id, host.namespace_id)
        .join(table(Service), service.id == incident.service_id)
        .join(table(Host), host.id == service.host_id)
        .where(incident.id.in_(incident_ids))
    ).all()
    if len(rows) < len(set(incident_ids)):
        raise NotFound("this incident does not exist")
    for each in rows:
        require_theirs(actor, Role.EDITOR, each.namespace_id, "incident")
    return sorted({each[1] for each in rows})


def _tell(session: Session, taken: list[Subject], actor: Actor, now: datetime) -> None:
    last_words = load_last_words(session, [each.service_id for each in taken])
    channels = load_channels(session)
    batch = Batch(now)
    by = f"acknowledged by {actor.email}"
    for each in chain.from_iterable(last_words.values()):
        if each.event == Event.REMINDER and still_waits(each):
            batch.take_back(each, by)
    for subject in taken:
        news = subject.news(Event.ACKNOWLEDGED, now, message=by)
        for channel in channels:
            stored = last_words.get((channel.id, subject.service_id), ())
            if not stored and not channel.wants_news_of(subject.namespace_id):
                continue
            decision = decide_acknowledged(
                last_word(stored), channel.wants, because=_why_not(channel, subject)
            )
            if decision is not None:
                cause = f"incident:{subject.incident_id}"
                batch.add(channel.id, news, decision, cause=cause, subject=subject)
    batch.store(session)


def _why_not(channel: ChannelRules, subject: Subject) -> str:
    kind = NOTIFIERS.get(channel.kind)
    if not channel.enabled:
        return SWITCHED_OFF
    if kind is not None and kind.is_public:
        return "it names a person, and this channel is public"
    return why_not_theirs(channel, subject)
