"""Recipients whom a mail server has put off, as greylisting does: tried again, each mail alone.

keep → claim → the worker hands it over → note

The mail has gone out to the others, so that it is no more than this: the channel goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from webmon.domain.notifications.backoff import GIVE_UP_AFTER, retry_delay_seconds
from webmon.models.deferred_mails import DeferredMail
from webmon.notifiers.base import Deferred

LEASE = timedelta(minutes=2)
"""Longer than a mail server can take."""
AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class DueMail:
    """What the worker hands over."""

    id: int
    deferred: Deferred


def keep(session: Session, channel_id: int, deferred: Deferred, *, now: datetime) -> None:
    """Keep a mail for those who were put off."""
    session.add(
        DeferredMail(
            channel_id=channel_id,
            recipients=list(deferred.recipients),
            mail=deferred.mail,
            created_at=now,
            ready_at=_next_try(1, now),
        )
    )
    session.flush()


def claim(session: Session, *, now: datetime) -> list[DueMail]:
    """The mails that are due, which are this worker's to send for a while."""
    session.execute(delete(DeferredMail).where(col(DeferredMail.created_at) < now - GIVE_UP_AFTER))
    rows = session.exec(
        select(DeferredMail)
        .where(col(DeferredMail.ready_at) <= now)
        .order_by(col(DeferredMail.ready_at))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.ready_at, row.attempts = now + LEASE, row.attempts + 1
    session.flush()
    return [DueMail(row.id, Deferred(tuple(row.recipients), row.mail)) for row in rows]


def note(session: Session, mail_id: int, waiting: Sequence[str], *, now: datetime) -> None:
    """Note who is still ``waiting`` after a try; `claim` forgets them after a day."""
    row = session.get(DeferredMail, mail_id, with_for_update=True)
    if row is None:
        return
    if not waiting:
        session.delete(row)
    else:
        row.recipients, row.ready_at = list(waiting), _next_try(row.attempts + 1, now)
    session.flush()


def _next_try(failures: int, now: datetime) -> datetime:
    return now + timedelta(seconds=retry_delay_seconds(failures, jitter=0.5))
