"""Delete what is no longer asked about planned downtime: a few hundred rows at a time.

The times that have taken place stay, as status changes do: the uptime of old days is counted with
them. What a step told whom goes with the messages.
"""

from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlmodel import Session

from webmon.domain.downtimes.life_cycle import COUNTED_STATES
from webmon.models import Downtime, DowntimeOccurrence, DowntimeStep
from webmon.models.columns import table

DOWNTIMES, STEPS = table(Downtime), table(DowntimeStep)
downtime, occurrence, step = DOWNTIMES.c, table(DowntimeOccurrence).c, STEPS.c

MOST_AT_ONCE = 500


def forget_old(session: Session, *, before: datetime) -> int:
    """Delete some steps of times that ended before ``before``, and some downtime that was cancelled
    before it and never took place; returns how many rows."""
    steps = session.scalars(
        select(step.id)
        .join(table(DowntimeOccurrence), occurrence.id == step.occurrence_id)
        .where(occurrence.ends_at < before, step.done_at < before)
        .limit(MOST_AT_ONCE)
    ).all()
    session.execute(delete(STEPS).where(step.id.in_(steps)))
    counts = (occurrence.downtime_id == downtime.id) & occurrence.state.in_(COUNTED_STATES)
    cancelled = session.scalars(
        select(downtime.id)
        .where(downtime.cancelled_at < before, ~exists().where(counts))
        .limit(MOST_AT_ONCE)
    ).all()
    session.execute(delete(DOWNTIMES).where(downtime.id.in_(cancelled)))
    return len(steps) + len(cancelled)
