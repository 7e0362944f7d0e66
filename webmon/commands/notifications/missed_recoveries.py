"""Recoveries that a channel did not take: sent again once the channel works."""

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session

from webmon.commands.notifications.outbox import OUTBOX, QUEUED_AGAIN, row
from webmon.domain.notifications.news import Event
from webmon.models.notifications import Delivery

BAD = (Event.DOWN, Event.REMINDER, Event.DEGRADED, Event.FLAPPING)
other = OUTBOX.alias("other").c

_OF_THE_SAME = (
    (other.channel_id == row.channel_id)
    & (other.service_id == row.service_id)
    & other.event.in_((*BAD, Event.UP))
)
_IS_THE_LAST = ~select(other.id).where(_OF_THE_SAME, other.id > row.id).correlate(OUTBOX).exists()
_LAST_TOLD = (
    select(other.event)
    .where(_OF_THE_SAME, other.delivery == Delivery.SENT)
    .order_by(other.id.desc())
    .limit(1)
    .correlate(OUTBOX)
    .scalar_subquery()
)


def requeue(session: Session, channel_id: int, *, now: datetime) -> None:
    """Re-queue failed recovery messages, unless newer news superseded them or the channel was never
    told of the outage."""
    lost = session.scalars(
        select(row.id)
        .where(row.channel_id == channel_id, row.event == Event.UP)
        .where(row.delivery == Delivery.FAILED, _IS_THE_LAST, _LAST_TOLD.in_(BAD))
        .order_by(row.id)
        .with_for_update(of=OUTBOX)
    ).all()
    if lost:
        again = update(OUTBOX).where(row.id.in_(lost))
        session.execute(again.values(**QUEUED_AGAIN, ready_at=now, error=""))
