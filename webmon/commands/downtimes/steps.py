"""A step of an occurrence, stored in the transaction that takes it."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from webmon.domain.downtimes.life_cycle import Step
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
    """Store that the occurrence, as it is now, has taken this step."""
    taken = DowntimeStep(
        occurrence_id=occurrence.id,
        step=step,
        at=at,
        done_at=now,
        by=by,
        told=told,
        detail=detail,
    )
    downtime.changed_at = now
    session.add(taken)
    session.flush()
    return taken
