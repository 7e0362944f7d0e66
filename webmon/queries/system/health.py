"""Whether the product does its work."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, func, select, text

from webmon.models import ServiceState, Worker
from webmon.queries.system.offline import noted_offline

SILENT_AFTER = timedelta(seconds=30)


def worker_ticks(session: Session, *, now: datetime) -> bool:
    """Whether some worker has ticked within the last 30 seconds."""
    lately = col(Worker.ticked_at).between(now - SILENT_AFTER, now + SILENT_AFTER)
    return session.exec(select(Worker.id).where(lately)).first() is not None


def others_connected(session: Session) -> bool:
    """Whether another process of ours uses the database. PostgreSQL only, which knows."""
    question = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'webmon' AND pid <> pg_backend_pid()"
    )
    return bool(session.connection().execute(question).scalar_one())


def offline_since(session: Session) -> datetime | None:
    """Since when the monitor itself has been offline, all of its workers; None: it is not."""
    noted = noted_offline(session)
    if not noted.is_open:
        return None
    workers = session.exec(select(Worker.id)).all()
    return noted.since if set(workers) <= set(noted.workers) else None


def known_at(session: Session, *, now: datetime) -> datetime:
    """Of when the statuses are: the present; while nothing can be seen, the last moment at which
    something could.

    That is when the last worker fell silent, or the monitor itself went offline.
    """
    present = now + SILENT_AFTER  # what lies further ahead was noted by a clock that was
    ticked_at = select(func.max(Worker.ticked_at)).where(col(Worker.ticked_at) <= present)
    last_checked_at = col(ServiceState.last_checked_at)
    checked_at = select(func.max(last_checked_at)).where(last_checked_at <= present)
    latest = max(
        filter(
            None,
            session.exec(select(ticked_at.scalar_subquery(), checked_at.scalar_subquery())).one(),
        ),
        default=now,
    )
    latest = min(latest, offline_since(session) or latest)
    return now if is_present(latest, now) else latest


def is_present(known: datetime, now: datetime) -> bool:
    """Whether what was known then still goes for the present."""
    return known >= now - SILENT_AFTER


def database_time(session: Session) -> datetime:
    """What the database takes for the present."""
    stamp = session.exec(select(func.now())).one()
    return stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)
