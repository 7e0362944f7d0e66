"""When heartbeats could be received, and what is corrected when they could not.

The web process notes every two seconds that it listens. A gap in these notes means that it did not:
the product was stopped, the machine slept, the database was away, or the clock was set forward. A
job that should have reported in the gap is not to blame.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select, update
from sqlmodel import Session

from webmon import crypto
from webmon.domain.checks.heartbeats import LISTEN_EVERY, was_expected
from webmon.errors import Invalid
from webmon.models import Heartbeat, Service, ServiceState, Setting
from webmon.models.columns import table
from webmon.models.heartbeats import reports_in
from webmon.probes.heartbeat import HeartbeatConfig
from webmon.queries.system.listening import LISTENED_UNTIL, listened_until

HEARTBEATS, STATES, SERVICES = table(Heartbeat), table(ServiceState), table(Service)
heartbeat, state, service = HEARTBEATS.c, STATES.c, SERVICES.c

SILENCE = 2.5 * LISTEN_EVERY
"""Notes that lie further apart mean that the web process did not run in between."""

NEVER = datetime.min.replace(tzinfo=UTC)
INSTANTS = ("last_at", "expected_from", "started_at")


def listen(session: Session, *, now: datetime) -> int:
    """Note that heartbeats can be received; returns how many have their whole time again.

    That is given to each that was expected since the last note, if that is long ago, and was not
    overdue before. After a clock that was ahead is set back, no heartbeat lies in the future.
    """
    before = listened_until(session, lock=True)
    session.merge(Setting(name=LISTENED_UNTIL, value=now.isoformat()))
    if before is not None and abs(now - before) <= SILENCE:
        return 0
    return make_good(session, since=before or NEVER, now=now)


def make_good(session: Session, *, since: datetime, now: datetime) -> int:
    """Give every job its whole time again that was to report in a time that is just over, and was
    not overdue when that began; returns how many."""
    changes = [
        (row.service_id, change)
        for row in _locked_heartbeats(session)
        if (change := _made_good(row, since, now))
    ]
    for service_id, (next_check_at, columns) in changes:
        owned = heartbeat.service_id == service_id
        session.execute(update(HEARTBEATS).where(owned).values(columns))
        due = update(STATES).where(state.service_id == service_id)
        session.execute(due.values(next_check_at=next_check_at))
    return len(changes)


def _locked_heartbeats(session: Session) -> Sequence[Any]:
    """The reports to the services that are not paused, locked until the transaction ends."""
    return session.execute(
        select(*heartbeat, service.config)
        .join(SERVICES, service.id == heartbeat.service_id)
        .join(STATES, state.service_id == heartbeat.service_id)
        .where(service.paused.is_(False))
        .order_by(state.service_id)
        .with_for_update(of=STATES)
    ).all()


def _made_good(row: Any, since: datetime, now: datetime) -> tuple[datetime, dict[str, Any]] | None:
    """The next check, and the heartbeat's columns that change; None: nothing is to be made good."""
    if ahead := [name for name in INSTANTS if (getattr(row, name) or now) > now]:
        return now, dict.fromkeys(ahead, now)
    try:
        plan = HeartbeatConfig.model_validate(crypto.unseal(row.config)).plan
    except (ValidationError, Invalid):
        return None  # the worker says at each check that it cannot be used
    if not was_expected(plan, reports_in(row), since, now):
        return None
    return plan.deadline(now), {"expected_from": now}
