"""Whether the product does its work."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, func, select

from webmon.models import Worker
from webmon.models.connectivity import noted_offline

SILENT_AFTER = timedelta(seconds=30)


def worker_ticks(session: Session, *, now: datetime) -> bool:
    """Whether some worker has ticked within the last 30 seconds."""
    lately = col(Worker.ticked_at).between(now - SILENT_AFTER, now + SILENT_AFTER)
    return session.exec(select(Worker.id).where(lately)).first() is not None


def offline_since(session: Session) -> datetime | None:
    """Since when the monitor itself has been offline, all of its workers; None: it is not."""
    noted = noted_offline(session)
    if not noted.is_open:
        return None
    workers = session.exec(select(Worker.id)).all()
    return noted.since if set(workers) <= set(noted.workers) else None


def database_time(session: Session) -> datetime:
    """What the database takes for the present."""
    stamp = session.exec(select(func.now())).one()
    return stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)
