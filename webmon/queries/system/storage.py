"""How large the database is, and how large it will be."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from webmon.domain.history.rollups import Rollup
from webmon.models import CheckResult, Daily, Service, ServiceState

DAY_SECONDS = 86_400
HOURS_PER_DAY = 24
BYTES_PER_RESULT = {"sqlite": 35, "postgresql": 120}
"""Measured by `python -m bench storing`, indices included."""

ENOUGH_RESULTS = 100_000
"""From so many on, the database's own size says more than that."""


THOROUGH_BYTES = 256 * 2**20
"""Up to this size the indices are compared with their tables too: some seconds."""


@dataclass(frozen=True, slots=True)
class StorageView:
    """Sizes in bytes. ``settles_at`` is what raw results come to in the end."""

    size: int
    results: int
    since: datetime | None
    """Of when the oldest result is; None: there is none."""
    growth_per_day: int
    settles_at: int


def storage(session: Session, *, raw_days: int, now: datetime) -> StorageView:
    """The size of the database, and what the configured checks add to it.

    Results are counted by their roll-ups.
    """
    dialect = session.get_bind().dialect.name
    size = _size(session, dialect)
    first_day = int((now - timedelta(days=raw_days)).timestamp()) // DAY_SECONDS
    counts = col(Daily.up) + col(Daily.degraded) + col(Daily.down) + col(Daily.unknown)
    results = session.exec(select(func.sum(counts)).where(Daily.day >= first_day)).one() or 0
    hours = session.exec(
        select(col(ServiceState.hourly)).where(col(ServiceState.hour) >= first_day * HOURS_PER_DAY)
    )
    results += sum(Rollup.from_list(hour).results for hour in hours)
    checks = select(func.sum(float(DAY_SECONDS) / col(Service.interval_seconds)))
    per_day = float(session.exec(checks.where(~col(Service.paused))).one() or 0)
    each = size / results if results >= ENOUGH_RESULTS else BYTES_PER_RESULT[dialect]
    growth = round(per_day * each)
    return StorageView(size, int(results), _oldest(session), growth, growth * raw_days)


def _oldest(session: Session) -> datetime | None:
    """One look into the index for each service."""
    own = select(func.min(CheckResult.at_ms)).where(CheckResult.service_id == Service.id)
    of_each = select(own.scalar_subquery().label("at_ms")).select_from(Service).subquery()
    at_ms = session.exec(select(func.min(of_each.c.at_ms))).one()
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)


def _size(session: Session, dialect: str) -> int:
    if dialect == "postgresql":
        query = "SELECT pg_database_size(current_database())"
    else:
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return int(session.connection().execute(text(query)).scalar_one())


def shrinks(session: Session) -> bool:
    """Whether the file gives room back that is not needed any more. PostgreSQL does so itself."""
    if session.get_bind().dialect.name == "postgresql":
        return True
    return bool(session.connection().execute(text("PRAGMA auto_vacuum")).scalar_one())


def damage(session: Session) -> str:
    """What is wrong inside a SQLite file, in one line; empty where nothing is, and on PostgreSQL.

    Raises:
        DatabaseError: the file is so damaged that it cannot even be examined.
    """
    if session.get_bind().dialect.name == "postgresql":
        return ""
    is_small = _size(session, "sqlite") <= THOROUGH_BYTES
    pragma = "integrity_check(1)" if is_small else "quick_check(1)"
    found = str(session.connection().execute(text(f"PRAGMA {pragma}")).scalar_one())
    return "" if found == "ok" else " ".join(found.split())
