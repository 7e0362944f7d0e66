"""What is made good after the wall clock was set, or the machine slept.

Nothing ends, waits or is lost because of it: leases begin anew, and what was noted while the clock
was ahead counts from now on, so that what follows keeps its order. What is owed to channels has
its own (`follow_ups.realign`, `channel_leases.realign`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, select, update
from sqlmodel import Session

from webmon.commands.checks import connectivity, workers
from webmon.commands.checks.results import milliseconds
from webmon.domain.calendar import utc_day
from webmon.models import Incident, NoData, ServiceState, StatusChange
from webmon.models.columns import table

STATES = table(ServiceState)
AHEAD = ("since", "up_since", "down_since", "observed_at", "last_checked_at")
"""The columns of a state that say when something was seen."""


def realign(session: Session, *, now: datetime) -> int:
    """Bring everything back into step while the worker runs; returns how many checks."""
    workers.renew(session, now=now)
    return begin(session, now=now)


def begin(session: Session, *, now: datetime) -> int:
    """Bring everything into step where a worker begins; returns how many checks.

    Whoever worked before may have done so by a clock that was ahead, or have ended long ago.
    """
    workers.pull_back_workers(session, now=now)
    connectivity.pull_back(session, now=now)
    _pull_back_history(session, now)
    return workers.spread_backlog(session, now=now)


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
    workers.lock_states(session, state.service_id.in_(affected))
    for name in AHEAD:
        _pull_back(session, STATES, name, True, now)
    session.execute(update(STATES).where(state.settled_day > today).values(settled_day=today))


def _pull_back(session: Session, rows: Table, name: str, where: Any, now: datetime) -> None:
    """Let no instant in the column ``name`` lie ahead of the clock."""
    session.execute(update(rows).where(where, rows.c[name] > now).values({name: now}))
