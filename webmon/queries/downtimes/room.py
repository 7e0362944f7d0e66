"""The room "Planned downtime": the timeline, and one time of a downtime with all that it did."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.downtimes.life_cycle import State, Step
from webmon.domain.downtimes.recurrence import local_time
from webmon.domain.downtimes.repeats import rule_in_words
from webmon.domain.durations import in_words
from webmon.domain.history.uptime import Period
from webmon.models import Downtime, Incident
from webmon.queries.downtimes.editor import span_in_words
from webmon.queries.downtimes.listing import (
    OccurrenceView,
    StepView,
    ToldView,
    applying_to,
    find_occurrence,
    list_downtimes,
    next_downtimes,
    occurrences_of,
    steps_of,
)
from webmon.queries.downtimes.windows import service
from webmon.queries.kept import LATELY, Kept

STATE_WORDS = {
    State.SCHEDULED: "planned",
    State.STARTED: "going on",
    State.FINISHED: "finished",
    State.CANCELLED: "cancelled",
    State.SKIPPED: "skipped",
}
STEP_WORDS = {
    Step.SCHEDULED: "planned",
    Step.ANNOUNCED: "announced",
    Step.REMINDED: "reminded",
    Step.RESCHEDULED: "rescheduled",
    Step.STARTED: "started",
    Step.EXTENDED: "extended",
    Step.ASKED: "asked whether to extend it",
    Step.FINISHED: "finished",
    Step.STILL_DOWN: "still down after it",
    Step.CANCELLED: "cancelled",
    Step.SKIPPED: "skipped",
}
DELIVERY_WORDS = {"queued": "waits", "sent": "told", "failed": "failed", "suppressed": "not told"}
LONGEST_SCOPE = 160
MOST_TIMES = 12
MOST_AHEAD = 3
FAR = timedelta(days=400)
NEXT_SHOWN, PAST_SHOWN = 50, 25
"""At first; a browser takes a third of a second to draw two hundred."""


@dataclass(frozen=True, slots=True)
class TimeView:
    """One time of a downtime in the timeline. Instants are ISO texts."""

    id: int = 0
    downtime_id: int = 0
    title: str = ""
    message: str = ""
    namespace: str = ""
    scope: str = ""
    state: str = ""
    word: str = ""
    starts_at: str = ""
    ends_at: str = ""
    there: str = ""
    """Both on the clocks of the downtime's timezone."""
    lasts: str = ""
    repeats: str = ""
    """How often, in words; empty for a downtime that happens once."""
    away: str = ""
    """How long until it starts, or ends where it goes on."""
    moved: bool = False
    can_edit: bool = False


@dataclass(frozen=True, slots=True)
class RoomView:
    """The timeline, for one person."""

    who: str = ""
    can_edit: bool = False
    now: tuple[TimeView, ...] = ()
    next: tuple[TimeView, ...] = ()
    past: tuple[TimeView, ...] = ()
    more_next: bool = False
    more_past: bool = False
    """Whether there are more than are shown."""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What became of a step's message to one channel; ``at`` is empty while it was not sent."""

    what: str
    at: str


@dataclass(frozen=True, slots=True)
class DidView:
    """A step that was taken: when, by whom, and what became of its messages."""

    what: str
    at: str
    by: str
    told: tuple[AnswerView, ...]


@dataclass(frozen=True, slots=True)
class TimeDetail:
    """One time of a downtime with its steps, and the further times of its series."""

    time: TimeView = TimeView()
    steps: tuple[DidView, ...] = ()
    further: tuple[TimeView, ...] = ()
    """Of its series, without the next one, which the timeline shows."""


def downtime_room(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    most_next: int = NEXT_SHOWN,
    most_past: int = PAST_SHOWN,
) -> RoomView:
    """What goes on, what is next and what is over, in the namespaces that ``actor`` sees."""
    found = list_downtimes(session, actor=actor, now=now, most_past=most_past + 1)
    return RoomView(
        who=f"{actor.email} · {actor.role.value}",
        can_edit=actor.has(Role.EDITOR),
        now=tuple(time_view(each, now) for each in found.now),
        next=tuple(time_view(each, now) for each in found.next[:most_next]),
        past=tuple(time_view(each, now) for each in found.past[:most_past]),
        more_next=len(found.next) > most_next,
        more_past=len(found.past) > most_past,
    )


def time_detail(session: Session, occurrence_id: int, *, actor: Actor, now: datetime) -> TimeDetail:
    """One time of a downtime.

    Raises:
        NotFound: there is none, or it is not for this person.
    """
    found = find_occurrence(session, occurrence_id, actor=actor, now=now)
    others: list[OccurrenceView] = []
    if found.rrule:
        rows = occurrences_of(session, found.downtime_id, actor=actor, now=now)
        ahead = [each for each in rows if each.ends_at > now]
        first = next((each.id for each in ahead if each.state == State.SCHEDULED), 0)
        others = [each for each in ahead if each.id not in (found.id, first)]
    return TimeDetail(
        time_view(found, now),
        tuple(_did(each) for each in steps_of(session, found.id)),
        tuple(time_view(each, now) for each in others[:MOST_TIMES]),
    )


def times_ahead(
    session: Session, *, host_id: int = 0, service_id: int = 0, actor: Actor, now: datetime
) -> tuple[TimeView, ...]:
    """What applies to a host or a service now, and next."""
    is_it = service.host_id == host_id if host_id else service.id == service_id
    ids = list(session.scalars(select(service.id).where(is_it)))
    found = applying_to(
        session, ids, actor=actor, since=now, until=now + FAR, most=MOST_AHEAD, now=now
    )
    return tuple(time_view(each, now) for each in found if each.ends_at > now)


def times_of_incident(
    session: Session, incident_id: int, *, actor: Actor, now: datetime
) -> tuple[TimeView, ...]:
    """The planned downtime that an outage fell into."""
    found = session.get(Incident, incident_id) if incident_id else None
    if found is None:
        return ()
    views = applying_to(
        session,
        [found.service_id],
        actor=actor,
        since=found.opened_at,
        until=found.resolved_at or now,
        most=MOST_AHEAD,
        now=now,
    )
    return tuple(time_view(each, now) for each in views)


TICKS: Kept[tuple[TimeView, ...]] = Kept(LATELY)


def next_times(
    session: Session, *, actor: Actor, now: datetime, lately: bool = False
) -> tuple[TimeView, ...]:
    """What goes on and what comes next, for the dashboard. ``lately``: it may be up to a second
    old."""
    read = partial(_next_times, session, actor, now)
    key = actor.role, actor.namespace_ids
    return TICKS.of(session, key, read, now=now) if lately else read()


def _next_times(session: Session, actor: Actor, now: datetime) -> tuple[TimeView, ...]:
    found = next_downtimes(session, MOST_AHEAD, actor=actor, now=now)
    return tuple(time_view(each, now) for each in found)


def time_fields(
    session: Session, occurrence_id: int, *, actor: Actor, now: datetime
) -> dict[str, Any]:
    """One time of a downtime as its form shows it, and its place in the series.

    Raises:
        NotFound: there is none, or it is not for this person.
    """
    found = find_occurrence(session, occurrence_id, actor=actor, now=now)
    series = session.get_one(Downtime, found.downtime_id)
    return {
        "id": found.id,
        "downtime_id": found.downtime_id,
        "revision": series.revision,
        "series_title": series.title,
        "series_message": series.message,
        "slot_at": found.slot_at,
        "starts_at": local_time(found.starts_at, found.timezone).isoformat(),
        "duration_seconds": int((found.ends_at - found.starts_at).total_seconds()),
        "timezone": found.timezone,
        "title": found.title,
        "message": found.message,
    }


def time_view(each: OccurrenceView, now: datetime) -> TimeView:
    """The occurrence in words."""
    scope = each.scope
    goes_on = each.state == State.STARTED
    is_ahead = goes_on or each.state == State.SCHEDULED
    until = (each.ends_at if goes_on else each.starts_at) - now
    return TimeView(
        id=each.id,
        downtime_id=each.downtime_id,
        title=each.title,
        message=each.message,
        namespace=each.namespace,
        scope=scope if len(scope) <= LONGEST_SCOPE else f"{scope[:LONGEST_SCOPE]} …",
        state=each.state,
        word=STATE_WORDS[State(each.state)],
        starts_at=each.starts_at.isoformat(),
        ends_at=each.ends_at.isoformat(),
        there=span_in_words(Period(each.starts_at, each.ends_at), each.timezone),
        lasts=in_words((each.ends_at - each.starts_at).total_seconds()),
        repeats=rule_in_words(each.rrule),
        away=_rounded(until.total_seconds()) if is_ahead and until.total_seconds() > 0 else "",
        moved=each.moved and bool(each.rrule),
        can_edit=each.can_edit,
    )


def _rounded(seconds: float) -> str:
    """To the minute, so that the room does not change every second."""
    return in_words(seconds - seconds % 60) if seconds >= 60 else "less than a minute"


def _did(each: StepView) -> DidView:
    told = tuple(_told(one) for one in each.told)
    return DidView(STEP_WORDS[each.step], each.at.isoformat(), each.by, told)


def _told(each: ToldView) -> AnswerView:
    word = DELIVERY_WORDS.get(each.delivery, each.delivery)
    why = f", {each.reason}" if each.reason else ""
    return AnswerView(
        f"{each.channel}: {word}{why}", each.sent_at.isoformat() if each.sent_at else ""
    )
