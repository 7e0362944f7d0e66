"""Delete what is older than it is kept: a few services and a few thousand rows at a time.

Results lie in the order of (service, instant), so old ones are found service by service; to look
for them by their age alone would read everything.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlmodel import Session

from webmon.models import CheckResult, Hourly, Service
from webmon.models.columns import table

RESULTS, HOURLY, SERVICES = table(CheckResult), table(Hourly), table(Service)
result, hourly, service = RESULTS.c, HOURLY.c, SERVICES.c

SERVICES_AT_ONCE = 200
ROWS_AT_ONCE = 4_000
"""About so many are deleted in one transaction: some milliseconds."""

SHORTEST_STEP_MS = 1_000
HOUR_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Kept:
    """From when on raw results and hourly roll-ups are kept; daily ones stay for ever."""

    results_since: datetime
    hours_since: datetime

    @classmethod
    def at(cls, now: datetime, *, raw_days: int, hourly_days: int) -> "Kept":
        """What is kept at ``now``."""
        return cls(now - timedelta(days=raw_days), now - timedelta(days=hourly_days))


@dataclass(frozen=True, slots=True)
class Step:
    """What one step has deleted, and where the next one begins; None: nothing is left."""

    deleted: int
    after: int | None


def delete_expired(session: Session, kept: Kept, *, after: int = 0) -> Step:
    """Delete some of what has expired of the next services whose ids are greater than ``after``."""
    oldest = (
        select(result.at_ms)
        .where(result.service_id == service.id)
        .order_by(result.at_ms)
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(service.id, service.interval_seconds, oldest)
        .where(service.id > after)
        .order_by(service.id)
        .limit(SERVICES_AT_ONCE)
    ).all()
    if not rows:
        return Step(0, None)
    since_ms = round(kept.results_since.timestamp() * 1000)
    expired = [row for row in rows if row[2] is not None and row[2] < since_ms]
    deleted, is_done = 0, True
    if expired:
        shortest_ms = min(row[1] for row in expired) * 1000
        step_ms = max(SHORTEST_STEP_MS, ROWS_AT_ONCE * shortest_ms // len(expired))
        until_ms = min(since_ms, min(row[2] for row in expired) + step_ms)
        is_done = until_ms == since_ms
        deleted = _rows(
            session.execute(
                delete(RESULTS).where(
                    result.service_id.in_([row[0] for row in expired]), result.at_ms < until_ms
                )
            )
        )
    if is_done:
        deleted += _delete_hours(session, [row[0] for row in rows], kept.hours_since)
    return Step(deleted, rows[-1][0] if is_done else after)


def _delete_hours(session: Session, service_ids: list[int], since: datetime) -> int:
    first = int(since.timestamp()) // HOUR_SECONDS
    gone = delete(HOURLY).where(hourly.service_id.in_(service_ids), hourly.hour < first)
    return _rows(session.execute(gone))


def _rows(outcome: object) -> int:
    return max(0, getattr(outcome, "rowcount", 0))
