"""Signing in and out, and the brake on guessing.

`log_in` opens its own short transactions, because the password is verified between them: that
takes 40 ms of processor time, and nobody else's writing may wait for it.
"""

import secrets
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from webmon import db
from webmon.commands.accounts.passwords import password_fits
from webmon.commands.accounts.users import canonical_email
from webmon.domain import throttle
from webmon.domain.sessions import LIFETIME, token_hash
from webmon.errors import Invalid, Throttled
from webmon.models import LoginAttempts, LoginSession, User


def log_in(email: str, password: str, *, address: str, now: datetime) -> str:
    """Open a session; returns the token for the cookie.

    1. While the account or the address is blocked, stop: the password is not even looked at.
    2. Count the attempt as failed beforehand, so that many at once are no way round the brake.
    3. Verify the password, outside any transaction; for an unknown account, a decoy.
    4. On success open the session and take the count back.

    Raises:
        Throttled: too many attempts; says how long to wait.
        Invalid: the address or the password is wrong (not said which).
    """
    email = _known_form(email)
    subjects = [throttle.address_subject(address), throttle.account_subject(email)]
    with db.read() as session:
        _refuse_blocked(session, subjects, now=now)
        user = session.exec(select(User).where(User.email == email)).first()
    with db.write() as session:
        _count_attempt(session, subjects, now=now)
    fits = password_fits(password, user.password_hash if user else None)
    token = None
    if user is not None and fits:
        with db.write() as session:
            token = _open_session(session, user, subjects, now=now)
    if token is None:
        raise Invalid("the e-mail address or the password is wrong")
    return token


def log_out(session: Session, token: str) -> None:
    """End the session behind ``token``; nothing happens where there is none."""
    session.execute(delete(LoginSession).where(col(LoginSession.token_hash) == token_hash(token)))


def open_session(session: Session, user_id: int, *, now: datetime) -> str:
    """A new session of this person; returns its token, which is kept nowhere."""
    session.execute(delete(LoginSession).where(col(LoginSession.expires_at) <= now))
    token = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            token_hash=token_hash(token),
            user_id=user_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    return token


def _known_form(email: str) -> str:
    try:
        return canonical_email(email)
    except Invalid:
        return ""  # nobody's; treated like any other unknown account


def _open_session(
    session: Session, seen: User, subjects: list[str], *, now: datetime
) -> str | None:
    """The token; None where the person was disabled or the password changed in the meantime."""
    user = session.exec(select(User).where(User.id == seen.id).with_for_update()).first()
    if user is None or user.disabled_at or user.password_hash != seen.password_hash:
        return None
    address, account = (session.get(LoginAttempts, s, with_for_update=True) for s in subjects)
    if account is not None:
        session.delete(account)
    if address is not None:
        address.failures = max(0, address.failures - 1)
        address.blocked_until = now
    return open_session(session, user.id, now=now)


def _refuse_blocked(session: Session, subjects: list[str], *, now: datetime) -> None:
    rows = session.exec(select(LoginAttempts).where(col(LoginAttempts.subject).in_(subjects)))
    _refuse(list(rows), now=now)


def _refuse(rows: list[LoginAttempts], *, now: datetime) -> None:
    waits = (row.blocked_until - now for row in rows)
    # Nobody is blocked for longer: that was noted before the clock was set back.
    wait = max((each for each in waits if each <= throttle.LONGEST), default=timedelta(0))
    if wait > timedelta(0):
        seconds = ceil(wait.total_seconds())
        raise Throttled(f"too many attempts: try again in {seconds} s", seconds)


def _count_attempt(session: Session, subjects: list[str], *, now: datetime) -> None:
    """Count a failure for the address and the account, unless one became blocked meanwhile."""
    session.execute(
        delete(LoginAttempts).where(col(LoginAttempts.last_at) < now - throttle.FORGOTTEN_AFTER)
    )
    free = [throttle.FREE_PER_ADDRESS, throttle.FREE_PER_ACCOUNT]
    rows = [_locked(session, subject, now=now) for subject in subjects]
    _refuse(rows, now=now)
    for row, allowance in zip(rows, free, strict=True):
        row.failures += 1
        row.last_at = now
        row.blocked_until = now + throttle.wait_after(row.failures, allowance)


def _locked(session: Session, subject: str, *, now: datetime) -> LoginAttempts:
    """The row of ``subject``, made where there is none, locked until the transaction ends."""
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name]
    session.execute(
        dialect.insert(LoginAttempts)
        .values(subject=subject, failures=0, blocked_until=now, last_at=now)
        .on_conflict_do_nothing()
    )
    row = session.get(LoginAttempts, subject, with_for_update=True)
    assert row is not None
    return row
