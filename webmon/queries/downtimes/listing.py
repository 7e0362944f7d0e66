"""Planned downtime for people who sign in: past, now and next, what applies, and what was told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.downtimes.life_cycle import OPEN_STATES, State, Step
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import Channel, DowntimeStep, Namespace, Notification
from webmon.models.columns import table
from webmon.queries.downtimes.public import state_at
from webmon.queries.downtimes.scopes import in_words, scopes
from webmon.queries.downtimes.windows import (
    DOWNTIMES,
    FIRST,
    OCCURRENCES,
    covering,
    downtime,
    occurrence,
)

NAMESPACES, STEPS = table(Namespace), table(DowntimeStep)
namespace, step = NAMESPACES.c, STEPS.c
notification, channel = table(Notification).c, table(Channel).c

MOST_PAST = 50


@dataclass(frozen=True, slots=True)
class OccurrenceView:
    """One time of a downtime; instants are in UTC. ``slot_at`` names it in its series."""

    id: int
    downtime_id: int
    revision: int
    title: str
    message: str
    namespace: str
    namespace_id: int
    scope: str
    state: str
    starts_at: datetime
    ends_at: datetime
    slot_at: datetime
    timezone: str
    rrule: str
    moved: bool
    can_edit: bool


@dataclass(frozen=True, slots=True)
class DowntimesView:
    """What goes on, the next time of each downtime that is to come, and what is over."""

    now: tuple[OccurrenceView, ...] = ()
    next: tuple[OccurrenceView, ...] = ()
    past: tuple[OccurrenceView, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldView:
    """A channel and what became of its message; ``reason`` says why it was not sent."""

    channel: str
    delivery: str
    reason: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class StepView:
    """A step that was taken; ``by`` is empty where time has brought it."""

    step: Step
    at: datetime
    by: str
    told: tuple[ToldView, ...]


def list_downtimes(
    session: Session, *, actor: Actor | None, now: datetime, most_past: int = MOST_PAST
) -> DowntimesView:
    """The planned downtime of the namespaces that ``actor`` sees; None sees all."""
    seen = _seen(actor)
    is_open = occurrence.state.in_(OPEN_STATES)
    is_first = occurrence.starts_at == FIRST.c.first_at
    shown = is_open & (occurrence.ends_at > now) & ((occurrence.starts_at <= now) | is_first)
    ahead = _views(session, seen & shown, actor, now)
    over = ~is_open | (occurrence.ends_at <= now)
    past = _views(session, seen & over, actor, now, newest=most_past)
    coming = [each for each in ahead if each.state == State.SCHEDULED.value]
    return DowntimesView(
        now=tuple(each for each in ahead if each.state == State.STARTED.value),
        next=tuple(coming),
        past=tuple(past),
    )


def next_downtimes(
    session: Session, most: int, *, actor: Actor | None, now: datetime
) -> tuple[OccurrenceView, ...]:
    """What goes on and what comes next, the earliest first, at most so many."""
    where = _seen(actor) & occurrence.state.in_(OPEN_STATES) & (occurrence.ends_at > now)
    return tuple(_views(session, where, actor, now, first=most))


def occurrences_of(
    session: Session, downtime_id: int, *, actor: Actor | None, now: datetime
) -> tuple[OccurrenceView, ...]:
    """The times of one downtime that are stored, the earliest first."""
    return tuple(_views(session, _seen(actor) & (downtime.id == downtime_id), actor, now))


def find_occurrence(
    session: Session, occurrence_id: int, *, actor: Actor | None, now: datetime
) -> OccurrenceView:
    """One time of a downtime.

    Raises:
        NotFound: there is none, or it is not for this person.
    """
    where = _seen(actor) & (occurrence.id == occurrence_id)
    found = _views(session, where, actor, now) if is_id(occurrence_id) else []
    if not found:
        raise NotFound("this downtime does not exist (any more)")
    return found[0]


def applying_to(
    session: Session,
    service_ids: Iterable[int],
    *,
    actor: Actor | None,
    since: datetime,
    until: datetime,
    now: datetime,
    most: int | None = None,
) -> tuple[OccurrenceView, ...]:
    """The downtime that has one of these services in its scope, within a period.

    The earliest first, at most so many.
    """
    within = (occurrence.starts_at < until) & (occurrence.ends_at > since)
    counts = occurrence.state.in_((*OPEN_STATES, State.FINISHED))
    where = _seen(actor) & downtime.id.in_(covering(service_ids)) & within & counts
    return tuple(_views(session, where, actor, now, first=most))


def steps_of(session: Session, occurrence_id: int) -> tuple[StepView, ...]:
    """What an occurrence has gone through, and whom each step was told."""
    rows = session.execute(
        select(step.id, step.step, step.at, step.by)
        .where(step.occurrence_id == occurrence_id)
        .order_by(step.id)
    ).all()
    causes = [cause_of(each.id) for each in rows]
    told: dict[str, list[ToldView]] = {}
    sent = session.execute(
        select(
            *(notification.cause, channel.name, notification.delivery),
            *(notification.reason, notification.sent_at),
        )
        .join(table(Channel), channel.id == notification.channel_id)
        .where(notification.cause.in_(causes))
        .order_by(notification.id)
    )
    for cause, name, delivery, reason, sent_at in sent:
        told.setdefault(cause, []).append(ToldView(name, delivery.value, reason, sent_at))
    return tuple(
        StepView(Step(each.step), each.at, each.by, tuple(told.get(cause, ())))
        for each, cause in zip(rows, causes, strict=True)
    )


def cause_of(step_id: int) -> str:
    """The cause of the notifications of a step."""
    return f"downtime:{step_id}"


def causes_of_its_occurrence(session: Session, cause: str) -> list[str]:
    """The causes of all steps of the occurrence that has the step with this ``cause``.

    None where it is not that of a step, as of a message that somebody sends again.
    """
    what, _, its_id = cause.partition(":")
    if what != "downtime":
        return []
    mine = select(step.occurrence_id).where(step.id == int(its_id)).scalar_subquery()
    found = session.scalars(select(step.id).where(step.occurrence_id == mine).order_by(step.id))
    return [cause_of(each) for each in found]


def _seen(actor: Actor | None) -> ColumnElement[bool]:
    if actor is None or actor.namespace_ids is None:
        return downtime.id.is_not(None)
    return downtime.namespace_id.in_(list(actor.namespace_ids))


def _views(
    session: Session,
    where: ColumnElement[bool],
    actor: Actor | None,
    now: datetime,
    *,
    newest: int | None = None,
    first: int | None = None,
) -> list[OccurrenceView]:
    found = (
        select(
            *(occurrence.id, occurrence.downtime_id, occurrence.slot_at, occurrence.starts_at),
            *(occurrence.ends_at, occurrence.state, occurrence.moved),
            *(occurrence.title, occurrence.message),
            *(downtime.title.label("downtime_title"), downtime.message.label("downtime_message")),
            *(downtime.revision, downtime.timezone, downtime.rrule, downtime.namespace_id),
            namespace.slug,
        )
        .select_from(OCCURRENCES)
        .join(DOWNTIMES, downtime.id == occurrence.downtime_id)
        .join(NAMESPACES, namespace.id == downtime.namespace_id)
        .outerjoin(FIRST, FIRST.c.downtime_id == downtime.id)
        .where(where)
    )
    if newest is None:
        found = found.order_by(occurrence.starts_at, occurrence.id).limit(first)
    else:
        is_off = occurrence.state.in_((State.CANCELLED, State.SKIPPED))
        over_at = case((is_off, occurrence.changed_at), else_=occurrence.ends_at)
        found = found.order_by(over_at.desc(), occurrence.id.desc()).limit(newest)
    rows = session.execute(found, {"now": now}).all()
    covered = scopes(session, {each.downtime_id for each in rows})
    words = {key: in_words(members) for key, members in covered.items()}
    return [_view(each, words[each.downtime_id], actor, now) for each in rows]


def _view(row: Row[Any], scope: str, actor: Actor | None, now: datetime) -> OccurrenceView:
    is_called_off = row.state in (State.CANCELLED, State.SKIPPED)
    return OccurrenceView(
        id=row.id,
        downtime_id=row.downtime_id,
        revision=row.revision,
        title=row.title or row.downtime_title,
        message=row.message or row.downtime_message,
        namespace=row.slug,
        namespace_id=row.namespace_id,
        scope=scope,
        state=row.state.value if is_called_off else state_at(row.starts_at, row.ends_at, now),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        slot_at=row.slot_at,
        timezone=row.timezone,
        rrule=row.rrule,
        moved=row.moved,
        can_edit=actor is None or (actor.has(Role.EDITOR) and actor.sees(row.namespace_id)),
    )
