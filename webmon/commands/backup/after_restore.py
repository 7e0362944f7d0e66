"""What becomes of the rows of a backup, so that nothing old is sent and all is looked at again.

What waited to be sent is suppressed: it is old, and has probably been sent. An outage that was told
stays told: its end is told once a check has seen it. One that was not told is told when a check has
found it still there (`notifications.holds` holds it back until then).
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import Session, col

from webmon.commands.downtimes.life import take_due
from webmon.commands.inventory.services import untouched_state
from webmon.models import (
    Channel,
    ChannelState,
    DeferredMail,
    Deleted,
    Heartbeat,
    LoginAttempts,
    LoginSession,
    Notification,
    Service,
    ServiceState,
    Setting,
    Worker,
)
from webmon.models.columns import table
from webmon.models.notifications import Delivery
from webmon.queries.system.backups import NOTE
from webmon.queries.system.offline import OFFLINE
from webmon.queries.system.restored import RESTORED_AT

OUTBOX, CHANNELS = table(Notification), table(Channel)
row, state, heartbeat = OUTBOX.c, table(ServiceState).c, table(Heartbeat).c

RESTORED = "restored: it is from before the backup was put back"


def prepare_restored(session: Session, *, now: datetime) -> int:
    """Prepare restored rows so that the monitor can continue; returns how many are not sent.

    1. What is queued is suppressed, and reminders come as long after now as the channel wants.
    2. Every check is due, and no count from before the backup leads to a change.
    3. Planned downtime has taken its steps until now, and nobody is told of them.
    4. Workers, leases and sessions are gone: everybody signs in again.
    """
    suppressed = _hold_back(session)
    while take_due(session, now=now, told=False):
        pass
    _remind_later(session, now)
    session.execute(
        update(table(ServiceState)).values(
            up_count=0, down_count=0, lease_until=None, worker_id=None
        )
    )
    due = update(table(ServiceState)).where(state.next_check_at.is_not(None))
    session.execute(due.values(next_check_at=now))
    session.execute(
        update(table(ChannelState)).values(
            worker_id=None,
            lease_until=None,
            failures=0,
            next_try_at=None,
            stopped_at=None,  # else the ends that it had missed are sent when it works again
            message_key="",
        )
    )
    for gone in (Worker, LoginSession, LoginAttempts, DeferredMail, Deleted):
        session.execute(delete(table(gone)))
    session.execute(delete(table(Setting)).where(col(Setting.name).in_((NOTE, OFFLINE))))
    session.merge(Setting(name=RESTORED_AT, value=now.isoformat()))
    return suppressed


def _hold_back(session: Session) -> int:
    """Suppress what is queued; what is the last word about a service may be told later."""
    waiting = row.ready_at.is_not(None)
    held_back = {"delivery": Delivery.SUPPRESSED, "ready_at": None, "told_with": None}
    session.execute(update(OUTBOX).where(waiting, row.is_open).values(is_muted=True))
    done = session.execute(update(OUTBOX).where(waiting).values(**held_back, reason=RESTORED))
    return int(done.rowcount)  # type: ignore[attr-defined]


def _remind_later(session: Session, now: datetime) -> None:
    channels = session.execute(select(CHANNELS.c.id, CHANNELS.c.reminder_every_seconds)).all()
    later = [{"key": key, "at": now + timedelta(seconds=every)} for key, every in channels]
    if later:
        session.connection().execute(
            update(OUTBOX)
            .where(row.channel_id == bindparam("key"), row.remind_at.is_not(None))
            .values(remind_at=bindparam("at")),
            later,
        )


def begin_watching(session: Session, *, now: datetime) -> None:
    """Give every service of a backup without history its state, as if it had just been made."""
    states = [untouched_state(service, now) for service in session.scalars(select(Service))]
    if states:
        session.connection().execute(insert(table(ServiceState)), states)
    session.execute(
        update(table(Heartbeat)).values(
            expected_from=now,
            last_at=None,
            started_at=None,
            failed=False,
            exit_status=None,
            run_seconds=None,
            body="",
        )
    )
