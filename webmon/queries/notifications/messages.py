"""A message to a channel as it is composed from rows of the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from webmon import config
from webmon.domain.notifications.news import Event, Message
from webmon.domain.notifications.payloads import news_from
from webmon.models import Namespace, Notification
from webmon.models.columns import table
from webmon.queries.downtimes.listing import causes_of_its_occurrence
from webmon.queries.installation import status_page

row, namespace = table(Notification).c, table(Namespace).c


def message_of(
    session: Session, rows: Sequence[Row[Any]], key: str, composed_at: datetime
) -> Message:
    """The message that tells these notifications of one channel, in their order."""
    timezone, slug = _timezone_and_slug(session, rows[0].namespace_id)
    base = config.settings().public_url
    return Message(
        key,
        tuple(news_from(each.payload) for each in rows),
        composed_at,
        timezone=timezone,
        reply_to=_reply_to(session, rows[0].channel_id, rows),
        status_url=status_page(session, slug),
        admin_url=f"{base}/admin",
    )


def _timezone_and_slug(session: Session, namespace_id: int | None) -> tuple[str, str]:
    """Timezone and slug of the namespace; UTC and no slug without one, or if it was deleted."""
    columns = select(namespace.timezone, namespace.slug)
    found = session.execute(columns.where(namespace.id == namespace_id)).first()
    return (found.timezone, found.slug) if found is not None else ("UTC", "")


def _reply_to(session: Session, channel_id: int, rows: Sequence[Row[Any]]) -> str:
    """The reference of the first message about one of these incidents, or this occurrence."""
    if rows[0].event == Event.DOWNTIME:
        is_about = row.cause.in_(causes_of_its_occurrence(session, rows[0].cause))
    else:
        is_about = row.incident_id.in_({each.incident_id for each in rows} - {None})
    found = session.scalar(
        select(row.reference)
        .where(is_about, row.channel_id == channel_id, row.reference != "")
        .order_by(row.id)
        .limit(1)
    )
    return found or ""
