"""Whether the product does its work."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, func, select

from webmon.models import Worker
from webmon.models.connectivity import noted_offline

SILENT_AFTER = timedelta(seconds=30)


def worker_ticks(session: Session, *, now: datetime) -> bool:
    """Whether some worker has ticked within the last 30 seconds."""
    latest = session.exec(select(func.max(Worker.ticked_at))).one()
    return latest is not None and latest > now - SILENT_AFTER


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
