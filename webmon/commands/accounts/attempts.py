"""The brake on guessing: failures are counted, and too many make a wait.

How long: `domain.accounts.throttle`.
"""

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from webmon.domain.accounts import throttle
from webmon.domain.accounts.throttle import Subject
from webmon.errors import MustBePatient, Throttled
from webmon.models import LoginAttempts


def refuse_blocked(
    session: Session, subjects: list[Subject], *, is_patient: bool, now: datetime
) -> None:
    """Stop while a subject is blocked, or where an unknown browser has to be patient.

    Raises:
        Throttled, MustBePatient.
    """
    names = [subject.name for subject in subjects]
    found = session.exec(select(LoginAttempts).where(col(LoginAttempts.subject).in_(names)))
    rows = {row.subject: row for row in found}
    _refuse([rows[each.name] for each in subjects if each.name in rows and each.blocks], now=now)
    for subject in subjects:
        row = rows.get(subject.name)
        if row and not subject.blocks and row.failures >= subject.free and not is_patient:
            raise MustBePatient


def count_attempt(session: Session, subjects: list[Subject], *, now: datetime) -> None:
    """Count a failure for each subject, unless one became blocked meanwhile.

    Raises:
        Throttled: one has.
    """
    _forget_old(session, now=now)
    rows = {subject: _locked(session, subject.name, now=now) for subject in subjects}
    _refuse([row for subject, row in rows.items() if subject.blocks], now=now)
    for subject, row in rows.items():
        row.failures += 1
        row.last_at = now
        if subject.blocks:
            row.blocked_until = now + throttle.wait_after(row.failures, subject.free)


def take_back(session: Session, subjects: list[Subject], *, now: datetime) -> None:
    """Undo what `count_attempt` counted: the attempt was a success."""
    for subject in subjects:
        row = session.get(LoginAttempts, subject.name, with_for_update=True)
        if row is None:
            continue
        if subject.is_cleared:
            session.delete(row)
        else:  # an own account does not wash an address clean
            row.failures = max(0, row.failures - 1)
            row.blocked_until = now


def use_once(session: Session, name: str, *, now: datetime) -> bool:
    """Whether ``name`` was not used before, in any process. It is remembered for at least a day."""
    _forget_old(session, now=now)
    return _add(session, name, now=now)


def _forget_old(session: Session, *, now: datetime) -> None:
    session.execute(
        delete(LoginAttempts).where(col(LoginAttempts.last_at) < now - throttle.FORGOTTEN_AFTER)
    )


def _refuse(rows: list[LoginAttempts], *, now: datetime) -> None:
    waits = (row.blocked_until - now for row in rows)
    # Nobody is blocked for longer: that was noted before the clock was set back.
    wait = max((each for each in waits if each <= throttle.LONGEST), default=timedelta(0))
    if wait > timedelta(0):
        seconds = ceil(wait.total_seconds())
        raise Throttled(f"too many attempts: try again in {seconds} s", seconds)


def _locked(session: Session, subject: str, *, now: datetime) -> LoginAttempts:
    """The row of ``subject``, made where there is none, locked until the transaction ends."""
    _add(session, subject, now=now)
    row = session.get(LoginAttempts, subject, with_for_update=True)
    assert row is not None
    return row


def _add(session: Session, subject: str, *, now: datetime) -> bool:
    """Make the row of ``subject``; False where there is one."""
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name]
    added = session.execute(
        dialect.insert(LoginAttempts)
        .values(subject=subject, failures=0, blocked_until=now, last_at=now)
        .on_conflict_do_nothing()
        .returning(LoginAttempts.subject)
    )
    return added.first() is not None
