"""A step of an occurrence: stored, and told, in the transaction that takes it."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from webmon.commands.downtimes.telling import (
    down_now,
    no_longer_planned,
    silence_queued,
    tell_step,
    tell_still_down,
)
from webmon.domain.downtimes.life_cycle import TOLD_STEPS, Step
from webmon.models import Downtime, DowntimeOccurrence, DowntimeStep


def take_step(
    session: Session,
    downtime: Downtime,
    occurrence: DowntimeOccurrence,
    step: Step,
    *,
    at: datetime,
    now: datetime,
    by: str = "",
    told: bool = True,
    detail: dict[str, Any] | None = None,
) -> DowntimeStep:
    """Store that the occurrence, as it is now, has taken this step, and queue what is told of it.

    When it begins, what waits to be sent to the quiet channels is held back; when it is over, what
    went down meanwhile and is still down is told.
    """
    taken = _store(session, downtime, occurrence, step, at, now, by, told, detail)
    if told and step in TOLD_STEPS:
        tell_step(session, downtime, occurrence, taken, now=now)
    if step is Step.STARTED and now < occurrence.ends_at:
        silence_queued(session, downtime, now=now)
    if told and step in (Step.FINISHED, Step.CANCELLED) and occurrence.starts_at <= now:
        found = down_now(session, downtime, since=occurrence.starts_at)
        if left := no_longer_planned(session, found, now):
            still = _store(session, downtime, occurrence, Step.STILL_DOWN, at, now, "", told, None)
            tell_still_down(session, downtime, still, left, now=now)
    return taken


def _store(
    session: Session,
    downtime: Downtime,
    occurrence: DowntimeOccurrence,
    step: Step,
    at: datetime,
    now: datetime,
    by: str,
    told: bool,
    detail: dict[str, Any] | None,
) -> DowntimeStep:
    downtime.changed_at = now
    taken = DowntimeStep(
        occurrence_id=occurrence.id,
        step=step,
        at=at,
        done_at=now,
        by=by,
        told=told,
        detail=detail,
    )
    session.add(taken)
    session.flush()
    return taken
