"""Whether the product does its work."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, func, select

from webmon.models import Worker

SILENT_AFTER = timedelta(seconds=30)


def worker_ticks(session: Session, *, now: datetime) -> bool:
    """Whether some worker has ticked within the last 30 seconds."""
    latest = session.exec(select(func.max(Worker.ticked_at))).one()
    return latest is not None and latest > now - SILENT_AFTER


def database_time(session: Session) -> datetime:
    """What the database takes for the present."""
    stamp = session.exec(select(func.now())).one()
    return stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)
