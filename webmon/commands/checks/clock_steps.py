"""Repair what is stored about checks after the wall clock was set, or the machine slept.

Nothing ends, waits or is lost because of it: leases run for their full time again, and what was
noted while the clock was ahead counts from now on, so that later changes keep their order.
`commands.notifications.clock_steps` does the same for messages; `workers.clock_steps` says when.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, case, delete, select, update
from sqlmodel import Session

from webmon.commands import locks
from webmon.commands.checks import backlog, connectivity
from webmon.commands.checks.claims import LEASE
from webmon.commands.checks.results import milliseconds
from webmon.commands.checks.workers import SILENT_AFTER, state, worker
from webmon.commands.locks import lock_states
from webmon.domain.history.calendar import utc_day
from webmon.models import Incident, NoData, ServiceState, StatusChange, Worker
from webmon.models.columns import table

STATES = table(ServiceState)
AHEAD = ("since", "up_since", "down_since", "observed_at", "last_checked_at")
"""The columns of a state that say when something was seen."""


def realign(session: Session, *, now: datetime) -> int:
    """Bring everything back into step while the worker runs; returns how many checks."""
    renew(session, now=now)
    return begin(session, now=now)


def begin(session: Session, *, now: datetime) -> int:
    """Bring everything into step where a worker begins; returns how many checks.

    The worker before it may have used a clock that was ahead, or have ended long ago.
    """
    pull_back_workers(session, now=now)
    connectivity.pull_back(session, now=now)
    _pull_back_history(session, now)
    return backlog.spread_backlog(session, now=now)


def _pull_back_history(session: Session, now: datetime) -> None:
    state, today = STATES.c, utc_day(now)
    affected = select(state.service_id).where(
        (state.since > now) | (state.observed_at > now) | (state.settled_day > today)
    )
    if session.execute(affected.limit(1)).first() is None:
        return
    for history, columns in (
        (table(StatusChange), ("at", "decided_at")),
        (table(Incident), ("opened_at", "resolved_at")),
    ):
        for name in columns:
            _pull_back(session, history, name, history.c.service_id.in_(affected), now)
    no_data, now_ms = table(NoData), milliseconds(now)
    theirs = no_data.c.service_id.in_(affected)
    session.execute(delete(no_data).where(theirs, no_data.c.began_at_ms >= now_ms))
    session.execute(
        update(no_data).where(theirs, no_data.c.ended_at_ms > now_ms).values(ended_at_ms=now_ms)
    )
    locks.lock_states(session, state.service_id.in_(affected))
    for name in AHEAD:
        _pull_back(session, STATES, name, True, now)
    session.execute(update(STATES).where(state.settled_day > today).values(settled_day=today))


def _pull_back(session: Session, rows: Table, name: str, where: Any, now: datetime) -> None:
    """Let no instant in the column ``name`` lie ahead of the clock."""
    session.execute(update(rows).where(where, rows.c[name] > now).values({name: now}))


def renew(session: Session, *, now: datetime) -> None:
    """After a leap of the clock: what is under way has its whole lease again, as if it had just
    been claimed, and no worker is silent only because the clock has gone on."""
    until = now + LEASE
    ended = (state.lease_until <= now) | (state.lease_until > until)
    lock_states(session, ended)
    session.execute(
        update(STATES)
        .where(ended)
        .values(
            lease_until=until,
            # Another instant than the lease's end was asked for meanwhile.
            next_check_at=case(
                (state.next_check_at == state.lease_until, until), else_=state.next_check_at
            ),
        )
    )
    silent = worker.ticked_at < now - SILENT_AFTER
    session.execute(update(table(Worker)).where(silent).values(ticked_at=now))


def pull_back_workers(session: Session, *, now: datetime) -> None:
    """Let no worker have ticked ahead of the clock: it would never fall silent."""
    ahead = worker.ticked_at > now
    session.execute(update(table(Worker)).where(ahead).values(ticked_at=now))
