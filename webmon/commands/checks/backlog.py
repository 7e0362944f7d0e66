"""Checks that are late, spread over their interval so that nothing bursts."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, or_, select, update
from sqlmodel import Session

from webmon.commands.checks.claims import LEASE, OVER_SSH, RECEIVING
from webmon.commands.checks.workers import STATES, service, state
from webmon.domain.checks import schedule
from webmon.domain.checks.status import Status
from webmon.models import Service
from webmon.models.columns import table

LATE = timedelta(seconds=5)
"""A check that is later than this belongs to a backlog, which is spread out."""


SPREAD_SECONDS = 60


SPREAD_SHARE = 0.8
"""A backlog is spread over most of the interval, so that everything is checked within one, but over
a minute at most."""


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
    """Check soon what could not be checked since then, instead of after the whole interval.

    Also checks under way: it is not known yet whether they count (`record` keeps the sooner time).
    """
    could_not_look = (state.last_checked_at >= since) & (state.last_status == Status.UNKNOWN)
    rows = session.execute(
        PLANNED.where(
            could_not_look | state.lease_until.is_not(None), service.kind.not_in(RECEIVING)
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
