"""Delete what is older than it is kept: a few services and a few thousand rows at a time.

Results lie in the order of (service, instant), so old ones are found service by service; to look
for them by their age alone would read everything.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Column, bindparam, delete, func, select, true, update
from sqlmodel import Session, col

from webmon.bulk import insert_new
from webmon.commands.notifications.follow_ups import MOST_AT_ONCE
from webmon.commands.notifications.outbox import OUTBOX, row
from webmon.models import (
    CheckResult,
    Daily,
    Deleted,
    HostMetricDay,
    HostMetricHour,
    Hourly,
    NoData,
    Service,
    Setting,
)
from webmon.models.columns import table

service = table(Service).c

PERIOD = timedelta(hours=1)
"""From one pass to the next. What a service has of an hour lies together: to delete it at once
costs little more than to delete one row of it."""

NEXT_PASS = "retention_due_at"
"""The setting that says when the next pass is due."""

SERVICES_AT_ONCE = 10
ROWS_PER_SERVICE = 200
"""Of each table in one transaction: some milliseconds."""

LEFT_AT_ONCE = 2_000
"""Of the rows that deleted services have left, in one transaction and of each table."""

HOUR_SECONDS = 3_600

OUTLIVING = (
    table(CheckResult).c.at_ms,
    table(NoData).c.began_at_ms,
    table(Hourly).c.hour,
    table(Daily).c.day,
    table(HostMetricHour).c.hour,
    table(HostMetricDay).c.day,
)
"""What a deleted service leaves behind, by when it was."""


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


def begin_pass(session: Session, *, now: datetime) -> bool:
    """Whether a pass is due. One worker gets a yes, and makes it; the others get a no."""
    due_at = (now + PERIOD).isoformat()
    insert_new(session, table(Setting), [{"name": NEXT_PASS, "value": now.isoformat()}])
    noted = session.get_one(Setting, NEXT_PASS, populate_existing=True, with_for_update=True)
    if now < datetime.fromisoformat(noted.value) <= now + PERIOD:
        return False
    # One that lies further ahead was noted before the clock was set back.
    session.execute(update(Setting).where(col(Setting.name) == NEXT_PASS).values(value=due_at))
    return True


def delete_expired(session: Session, kept: Kept, *, after: int = 0) -> Step:
    """Delete some of what has expired of the next services whose ids are greater than ``after``."""
    following = select(service.id).where(service.id > after).order_by(service.id)
    ids = list(session.scalars(following.limit(SERVICES_AT_ONCE)))
    left = [_delete_left(session, when, after, ids) for when in OUTLIVING]
    if max(left) >= LEFT_AT_ONCE:
        return Step(sum(left), after)
    if not ids:
        return Step(sum(left), None)
    since_ms = round(kept.results_since.timestamp() * 1000)
    # Hours go by whole days: their rows are large, and there is one a pass.
    since_hour = int(kept.hours_since.timestamp()) // HOUR_SECONDS // 24 * 24
    results = _delete(session, table(CheckResult).c.at_ms, since_ms, ids)
    hours = _delete(session, table(Hourly).c.hour, since_hour, ids)
    hours += _delete(session, table(HostMetricHour).c.hour, since_hour, ids)
    is_done = max(results + hours) < ROWS_PER_SERVICE
    return Step(sum(left + results + hours), ids[-1] if is_done else after)


def _delete_left(session: Session, when: Column[Any], after: int, ids: list[int]) -> int:
    """Delete some of the rows of services that are no more; returns how many.

    Looks between the ids of those that are: after ``after``, up to the last of ``ids``, or to the
    end where there are none.
    """
    owner, room = when.table.c.service_id, LEFT_AT_ONCE
    for low, high in pairwise((after, *(ids or (None,)))):
        if high == low + 1:
            continue
        within = true() if high is None else owner < high
        while room and (gone := session.scalar(select(func.min(owner)).where(owner > low, within))):
            room -= _delete_oldest(session, when, gone, room)
            low = gone if room else low
    return LEFT_AT_ONCE - room


def _delete_oldest(session: Session, when: Column[Any], gone: int, most: int) -> int:
    """Delete the oldest rows of a service that was deleted; none of one that was made just now, nor
    while one can come back."""
    owner = when.table.c.service_id
    oldest = select(when).where(owner == gone).order_by(when).limit(most)
    found = session.scalars(oldest).all()
    if not found or session.scalar(select(service.id).where(service.id == gone)):
        return 0
    if session.scalar(select(table(Deleted).c.id).limit(1)) is not None:
        return 0
    session.execute(delete(when.table).where(owner == gone, when <= found[-1]))
    return len(found)


def _delete(session: Session, when: Column[Any], since: int, ids: list[int]) -> list[int]:
    """Delete the oldest rows before ``since`` of these services; returns how many of each."""
    owner = when.table.c.service_id
    oldest = (
        select(when)
        .where(owner == service.id, when < since)
        .order_by(when)
        .limit(ROWS_PER_SERVICE)
        .correlate(table(Service))
        .subquery()
    )
    count, last = func.count(), func.max(oldest.c[when.name])
    found = [
        (row.id, row.rows, row.until)
        for row in session.execute(
            select(
                service.id,
                select(count).select_from(oldest).scalar_subquery().label("rows"),
                select(last).select_from(oldest).scalar_subquery().label("until"),
            ).where(service.id.in_(ids))
        )
        if row.rows
    ]
    if found:
        session.connection().execute(
            delete(when.table).where(owner == bindparam("key"), when <= bindparam("until")),
            [{"key": service_id, "until": until} for service_id, _, until in found],
        )
    return [rows for _, rows, _ in found] or [0]


def forget_old(session: Session, *, before: datetime) -> int:
    """Delete some of what was settled before ``before``; returns how many rows.

    Looks at the oldest rows only, because ids grow with time.
    """
    oldest = session.execute(
        select(row.id, row.created_at, row.ready_at, row.is_open)
        .order_by(row.id)
        .limit(MOST_AT_ONCE)
    )
    gone = [
        each.id
        for each in oldest
        if each.created_at < before and each.ready_at is None and not each.is_open
    ]
    if gone:
        session.execute(delete(OUTBOX).where(row.id.in_(gone)))
    return len(gone)
