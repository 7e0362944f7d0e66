"""Workers, and the leases they hold on checks: given back, taken over, brought back into step."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, case, delete, or_, select, update
from sqlmodel import Session

from webmon.commands.checks.claims import LEASE, OVER_SSH, RECEIVING
from webmon.commands.notifications import leases
from webmon.domain import schedule
from webmon.domain.status import Status
from webmon.models import Service, ServiceState, Worker
from webmon.models.columns import table

STATES = table(ServiceState)
state, service, worker = STATES.c, table(Service).c, table(Worker).c

SILENT_AFTER = timedelta(seconds=10)
"""A worker that has not ticked for so long has lost its leases."""

LATE = timedelta(seconds=5)
"""A check that is later than this belongs to a backlog, which is spread out."""

SPREAD_SECONDS = 60
SPREAD_SHARE = 0.8
"""A backlog is spread over most of the interval, so that all is looked at within one; but over a
minute at the most."""

PLANNED = (
    select(
        state.service_id,
        case((service.kind.in_(OVER_SSH), service.host_id), else_=state.service_id),
        state.next_check_at,
        service.interval_seconds,
    )
    .join(table(Service), service.id == state.service_id)
    .order_by(state.service_id)  # the one order in which all writers lock
)
"""Services, and what tells the place of each within its interval: over SSH it is the host's."""


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
    """Forget a worker that has ended; whatever it still held is due at once, unless it was paused
    meanwhile."""
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


def lock_states(session: Session, which: ColumnElement[bool]) -> None:
    """Lock these states in the one order of all writers."""
    session.execute(
        select(state.service_id).where(which).order_by(state.service_id).with_for_update()
    ).all()


def spread_backlog(session: Session, *, now: datetime) -> int:
    """Bring checks back into step after a stop or a step of the clock; returns how many.

    What is overdue is spread over the service's interval (at most a minute), so that nothing
    bursts. What lies further ahead than its interval allows, because the clock went back, too.
    """
    rows = session.execute(
        PLANNED.where(state.next_check_at.is_not(None)).where(
            or_(
                state.lease_until.is_(None)
                & ((state.next_check_at < now - LATE) | (state.next_check_at > now + LATE)),
                state.lease_until > now + LEASE + LATE,
            )
        )
    )
    strays = [
        {"key": service_id, "planned": due, "due": schedule.spread(key, now, _window(interval))}
        for service_id, key, due, interval in rows
        if not now - LATE <= due <= now + timedelta(seconds=interval) + LATE
    ]
    if strays:
        # Nearly all were read, so none is locked: what somebody has claimed since then is theirs.
        unchanged = state.next_check_at == bindparam("planned")
        session.connection().execute(
            update(STATES)
            .where(state.service_id == bindparam("key"), unchanged)
            .values(next_check_at=bindparam("due"), lease_until=None, worker_id=None),
            strays,
        )
    return len(strays)


def look_again(session: Session, *, since: datetime, now: datetime) -> None:
    """Check soon what since then could not be looked at, and would wait for its interval now.

    Also what is under way: nobody knows yet whether it counts (`record` looks at the sooner time).
    """
    looked_in_vain = (state.last_checked_at >= since) & (state.last_status == Status.UNKNOWN)
    rows = session.execute(
        PLANNED.where(
            looked_in_vain | state.lease_until.is_not(None), service.kind.not_in(RECEIVING)
        ).with_for_update(of=STATES, skip_locked=True)
    )
    sooner = [
        {"key": service_id, "due": due}
        for service_id, key, planned, interval in rows
        if planned is not None and (due := schedule.spread(key, now, _window(interval))) < planned
    ]
    if sooner:
        session.connection().execute(
            update(STATES)
            .where(state.service_id == bindparam("key"))
            .values(next_check_at=bindparam("due")),
            sooner,
        )


def _window(interval_seconds: float) -> float:
    return min(SPREAD_SHARE * interval_seconds, SPREAD_SECONDS)
