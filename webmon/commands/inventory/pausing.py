"""Pause and resume services: any number of them, in as many statements as for one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, insert, select, update
from sqlmodel import Session

from webmon.commands.checks import heartbeats
from webmon.commands.checks.incidents import resolve_incidents
from webmon.commands.checks.results import store_silences
from webmon.commands.history.daily_uptime import unsettle
from webmon.commands.notifications import announcements
from webmon.domain.checks.status import Status
from webmon.domain.history.calendar import utc_day
from webmon.models import Service, ServiceState, StatusChange
from webmon.models.columns import table

state = table(ServiceState).c


def set_paused(
    session: Session, services: Sequence[Service], paused: bool, *, now: datetime
) -> list[int]:
    """Pause services, or resume them; returns the ids of those that were not so before.

    Their states are locked. An open incident ends; what is resumed is due at once.
    """
    for service in services:
        if not paused:
            service.paused_until = None
    changed = [service for service in services if service.paused is not paused]
    ids = [service.id for service in changed]
    if not ids:
        return []
    for service in changed:
        service.paused = paused
    session.flush()
    after = Status.PAUSED if paused else Status.UNKNOWN
    rows = session.execute(
        select(state.service_id, state.status, state.since).where(state.service_id.in_(ids))
    ).all()
    session.execute(
        insert(table(StatusChange)),
        [
            {
                "service_id": row.service_id,
                # After the change before it, also where the clock was set back.
                "at": max(now, row.since),
                "decided_at": max(now, row.since),
                "from_status": Status(row.status),
                "to_status": after,
                "message": "",
            }
            for row in rows
        ],
    )
    unsettle(session, dict.fromkeys(ids, utc_day(now)))
    if paused:
        store_silences(session, ids, now=now)
        announcements.end_watching(session, ids, "was paused", now=now)
    resolve_incidents(session, dict.fromkeys(ids, now))
    heartbeats.expect_again(session, ids, now=now)
    session.execute(
        update(table(ServiceState))
        .where(state.service_id.in_(ids))
        .values(
            status=after,
            since=case((state.since > now, state.since), else_=now),
            up_count=0,
            down_count=0,
            next_check_at=None if paused else now,
        )
    )
    return ids
