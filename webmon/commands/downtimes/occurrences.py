"""The rows of a downtime's times: made ahead of time, moved, and taken from step to step."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from webmon.commands.downtimes.steps import take_step
from webmon.domain.downtimes.life_cycle import (
    OPEN_STATES,
    Life,
    State,
    Step,
    due_steps,
    next_step_at,
    still_handled,
)
from webmon.domain.downtimes.recurrence import LAST_YEAR
from webmon.domain.history.uptime import Period
from webmon.models import Downtime, DowntimeOccurrence
from webmon.queries.downtimes.windows import schedule_of

AHEAD = timedelta(days=35)
"""Longer than the earliest announcement."""

BACK = timedelta(days=400)
"""A series that began earlier leaves older time as it was counted."""

AFTER_ALL = datetime.fromisoformat(f"{LAST_YEAR + 50}-01-01T00:00:00+00:00")


def fill(session: Session, downtime: Downtime, *, now: datetime) -> list[DowntimeOccurrence]:
    """Make rows of the occurrences of the next weeks, and of the next one in any case.

    Returns the new ones. Those that began before now are taken to where they would be by now.
    """
    schedule = schedule_of(downtime)
    until = now + AHEAD
    begin = max(downtime.occurs_until, now - BACK) if downtime.rrule else downtime.occurs_until
    slots = schedule.between(begin, until)
    beyond = schedule.following(max(until, begin), 1)
    if beyond and not _has_coming(session, downtime.id, now) and not any(s > now for s in slots):
        slots.append(beyond[0])
        until = beyond[0] + timedelta(seconds=1)
    present = set(session.exec(_slots_of(downtime.id)))
    new = [new_occurrence(downtime, each, now=now) for each in slots if each not in present]
    session.add_all(new)
    downtime.occurs_until = max(until, begin) if beyond else AFTER_ALL
    session.flush()
    for each in new:
        bring_up_to(session, downtime, each, now=now)
    return new


def keep_one_ahead(session: Session, downtime: Downtime, *, now: datetime) -> None:
    """Make the row of the next time of a series that has none ahead, since pages show only rows.

    To be called after a time has begun, was moved or was called off.
    """
    is_left = downtime.rrule and downtime.cancelled_at is None and downtime.occurs_until < AFTER_ALL
    if is_left and not _has_coming(session, downtime.id, now):
        fill(session, downtime, now=now)


def _slots_of(downtime_id: int) -> Any:
    return select(DowntimeOccurrence.slot_at).where(DowntimeOccurrence.downtime_id == downtime_id)


def _has_coming(session: Session, downtime_id: int, now: datetime) -> bool:
    coming = col(DowntimeOccurrence.starts_at) > now
    is_open = col(DowntimeOccurrence.state).in_(OPEN_STATES)
    return session.exec(_slots_of(downtime_id).where(coming, is_open)).first() is not None


def new_occurrence(downtime: Downtime, slot_at: datetime, *, now: datetime) -> DowntimeOccurrence:
    """The row of the time that the rule gives."""
    period = schedule_of(downtime).period(slot_at)
    return DowntimeOccurrence(
        downtime_id=downtime.id,
        slot_at=slot_at,
        starts_at=period.began_at,
        ends_at=period.ended_at,
        known_from=now,
        changed_at=now,
    )


def life_of(downtime: Downtime, occurrence: DowntimeOccurrence) -> Life:
    """The occurrence as its rules see it."""
    return Life(
        State(occurrence.state),
        occurrence.starts_at,
        occurrence.ends_at,
        tuple(downtime.announce_before),
        frozenset(occurrence.handled),
        occurrence.announced,
        occurrence.known_from,
    )


def bring_up_to(
    session: Session,
    downtime: Downtime,
    occurrence: DowntimeOccurrence,
    *,
    now: datetime,
    told: bool = True,
) -> None:
    """Take the steps that time has brought, and note when it brings the next one.

    Without ``told`` nobody is told.
    """
    while due := due_steps(life_of(downtime, occurrence), now):
        for each in due:
            if each.step in (Step.ANNOUNCED, Step.REMINDED):
                occurrence.announced = True
                occurrence.handled = sorted({*occurrence.handled, *each.handled})
            elif each.step is Step.STARTED:
                occurrence.state = State.STARTED
            else:
                occurrence.state = State.FINISHED
            hears = told and each.told
            take_step(session, downtime, occurrence, each.step, at=each.at, told=hears, now=now)
    occurrence.next_step_at = next_step_at(life_of(downtime, occurrence))
    session.flush()


def move(
    session: Session,
    downtime: Downtime,
    occurrence: DowntimeOccurrence,
    period: Period,
    *,
    by: str,
    now: datetime,
) -> None:
    """Give an occurrence another time. What was told of the old one is told of the new one.

    One that is over, or was cancelled, begins a new life if its new end lies ahead.
    """
    before = Period(occurrence.starts_at, occurrence.ends_at)
    if before == period and occurrence.state in OPEN_STATES:
        return
    occurrence.starts_at, occurrence.ends_at = period
    occurrence.sequence += 1
    occurrence.changed_at = now
    state = State(occurrence.state)
    if state is State.STARTED and period.began_at <= now < period.ended_at:
        step = Step.EXTENDED if period.ended_at > before.ended_at else Step.RESCHEDULED
        _take_moved(session, downtime, occurrence, step, before, by=by, now=now)
    elif period.ended_at <= now:
        occurrence.state = State.FINISHED
        detail = _times(before)
        take_step(
            session, downtime, occurrence, Step.RESCHEDULED,
            at=now, by=by, told=False, detail=detail, now=now,
        )  # fmt: skip
    else:
        if state in OPEN_STATES:
            _keep_told(downtime, occurrence, before, now)
        else:
            occurrence.announced, occurrence.handled = False, []
        occurrence.state, occurrence.known_from = State.SCHEDULED, now
        _take_moved(session, downtime, occurrence, Step.RESCHEDULED, before, by=by, now=now)
    bring_up_to(session, downtime, occurrence, now=now)


def _keep_told(
    downtime: Downtime, occurrence: DowntimeOccurrence, before: Period, now: datetime
) -> None:
    if occurrence.announced or occurrence.state is State.STARTED:
        occurrence.announced = True
        occurrence.handled = sorted(
            still_handled(
                occurrence.handled,
                before.began_at,
                occurrence.starts_at,
                downtime.announce_before,
                now,
            )
        )


def _take_moved(
    session: Session,
    downtime: Downtime,
    occurrence: DowntimeOccurrence,
    step: Step,
    before: Period,
    *,
    by: str,
    now: datetime,
) -> None:
    """Told where the old time was told."""
    told = occurrence.announced or occurrence.state is State.STARTED
    take_step(
        session, downtime, occurrence, step,
        at=now, by=by, told=told, detail=_times(before), now=now,
    )  # fmt: skip


def _times(before: Period) -> dict[str, str]:
    return {
        "starts_before": before.began_at.isoformat(),
        "ends_before": before.ended_at.isoformat(),
    }


def end(
    session: Session,
    downtime: Downtime,
    occurrence: DowntimeOccurrence,
    state: State,
    *,
    by: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Finish, cancel or skip an occurrence now; told where it was announced or has started."""
    step = {State.FINISHED: Step.FINISHED, State.SKIPPED: Step.SKIPPED}.get(state, Step.CANCELLED)
    was_started = occurrence.state is State.STARTED
    told = occurrence.state in OPEN_STATES and (occurrence.announced or was_started)
    if step is Step.SKIPPED and told:
        step = Step.CANCELLED
    occurrence.state = state
    if state is State.FINISHED:
        occurrence.ends_at = max(now, occurrence.starts_at)
    occurrence.sequence += 1
    occurrence.changed_at = now
    occurrence.next_step_at = None
    take_step(session, downtime, occurrence, step, at=now, by=by, told=told, detail=detail, now=now)
