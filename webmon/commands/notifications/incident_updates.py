"""Updates that people write about an open incident, and the channels that are told of them."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field
from sqlmodel import Session

from webmon.commands.accounts.activity import noted
from webmon.commands.locks import lock_services
from webmon.commands.notifications.holds import why_not_theirs
from webmon.commands.notifications.outbox import Batch, last_word, load_last_words
from webmon.commands.notifications.subjects import (
    SWITCHED_OFF,
    Subject,
    load_channels,
    load_subjects,
)
from webmon.commands.validation import Fields, validated
from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.ids import is_id
from webmon.domain.notifications.messages.wording import one_line
from webmon.domain.notifications.news import Event
from webmon.domain.notifications.rules import decide_update
from webmon.errors import Invalid, NotFound
from webmon.models import Host, Incident, IncidentUpdate, Service
from webmon.models.history import MOST_CHARACTERS


class UpdateFields(Fields):
    """The text of an update: one line."""

    text: Annotated[
        str, BeforeValidator(lambda typed: one_line(typed) if isinstance(typed, str) else typed)
    ] = Field(min_length=1, max_length=MOST_CHARACTERS)


@noted("incident", "wrote an update about", always=True, told=("text",))
def write_update(
    session: Session, incident_id: int, text: str, *, actor: Actor, now: datetime
) -> IncidentUpdate:
    """Store an update of an open incident, and queue it for the channels that know of it.

    Raises:
        Invalid: the text is empty or too long, or the incident is over.
        NotFound, PermissionDenied.
    """
    service_id = _service_of(session, incident_id, actor)
    wanted = validated(UpdateFields, {"text": text})
    lock_services(session, [service_id])
    subject = load_subjects(session, [service_id]).get(service_id)
    if subject is None or subject.incident_id != incident_id:
        raise Invalid("this incident is over")
    written = IncidentUpdate(
        incident_id=incident_id, written_at=now, author=actor.email, text=wanted.text
    )
    session.add(written)
    session.flush()
    _queue(session, written, subject, now)
    return written


def _service_of(session: Session, incident_id: int, actor: Actor) -> int:
    found = session.get(Incident, incident_id) if is_id(incident_id) else None
    if found is None:
        raise NotFound("this incident does not exist")
    service = session.get_one(Service, found.service_id)
    namespace_id = session.get_one(Host, service.host_id).namespace_id
    require_theirs(actor, Role.EDITOR, namespace_id, "incident")
    return service.id


def _queue(session: Session, written: IncidentUpdate, subject: Subject, now: datetime) -> None:
    """For every channel that was told of the incident, and those that want updates alone."""
    news = subject.news(Event.INCIDENT_UPDATE, now, message=written.text)
    last_words = load_last_words(session, [subject.service_id])
    batch = Batch(now)
    for channel in load_channels(session):
        stored = last_words.get((channel.id, subject.service_id), ())
        is_meant = bool(stored) or channel.wants_news_of(subject.namespace_id)
        decision = decide_update(last_word(stored), channel.wants) if is_meant else None
        if decision is None:
            continue
        because = why_not_theirs(channel, subject) or decision.reason
        if not channel.enabled:
            because = SWITCHED_OFF
        batch.add(
            channel.id,
            news,
            replace(decision, reason=because),
            cause=f"incident:{written.incident_id}",
            sequence=written.id,
            subject=subject,
        )
    batch.store(session)
