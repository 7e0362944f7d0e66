"""How many messages a channel has sent this month, of its monthly budget."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from webmon.models.columns import table
from webmon.models.notifications import Notification

WARN_AT = 0.8
"""The part of a monthly budget that is used when the administrators are warned."""


def sent_this_month(session: Session, channel_id: int, *, now: datetime) -> int:
    """How many messages the channel has taken since the month began, in UTC."""
    row = table(Notification).c
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    counted = select(func.count()).where(
        row.channel_id == channel_id, row.sent_at >= begin, row.told_with == row.id
    )
    return session.scalar(counted) or 0
