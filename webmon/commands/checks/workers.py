"""Workers, and the leases that they hold on checks: given back, and taken over."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, select, update
from sqlmodel import Session

from webmon.commands.notifications import leases
from webmon.models import Service, ServiceState, Worker
from webmon.models.columns import table

STATES = table(ServiceState)
state, service, worker = STATES.c, table(Service).c, table(Worker).c

SILENT_AFTER = timedelta(seconds=10)
"""A worker that has not ticked for this long has lost its leases."""


def tick(session: Session, worker_id: str, *, now: datetime) -> float:
    """Note that the worker is alive; returns its turn, a part of a second (0 to 1).

    When those that are alive claim in turn, evenly over the second, each gets an even share.
    """
    known = {row.id: row for row in session.scalars(select(Worker))}
    if worker_id in known:
        known[worker_id].ticked_at = now
    else:
        known[worker_id] = Worker(id=worker_id, started_at=now, ticked_at=now)
        session.add(known[worker_id])
    alive = sorted(each.id for each in known.values() if each.ticked_at >= now - SILENT_AFTER)
    return alive.index(worker_id) / len(alive)


def retire(session: Session, worker_id: str, *, now: datetime) -> None:
    """Forget a worker that has ended. The checks that it held are due at once, unless they were
    paused in between."""
    due_at = case((state.next_check_at.is_not(None), now))
    session.execute(
        update(STATES)
        .where(state.worker_id == worker_id)
        .values(next_check_at=due_at, lease_until=None, worker_id=None)
    )
    leases.retire(session, worker_id)
    session.execute(delete(Worker).where(worker.id == worker_id))


def retire_silent(session: Session, *, asked_by: str, now: datetime) -> list[str]:
    """Retire the workers that have fallen silent, not the one that asks; returns their ids."""
    silent = session.scalars(
        select(worker.id).where(worker.ticked_at < now - SILENT_AFTER, worker.id != asked_by)
    ).all()
    for worker_id in silent:
        retire(session, worker_id, now=now)
    return list(silent)
