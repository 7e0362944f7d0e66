"""Somebody who is signed in says again who they are."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from webmon import db
from webmon.commands.accounts.attempts import count_attempt, refuse_blocked, take_back
from webmon.commands.accounts.passwords import password_fits
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.accounts.throttle import FREE_PER_PAIR, Subject
from webmon.errors import Invalid
from webmon.models import LoginSession, User


def confirm_password(user_id: int, password: str, *, now: datetime) -> None:
    """Verify a person's current password, outside any transaction; wrong ones are counted.

    Raises:
        Throttled: too many attempts.
        Invalid: it is wrong (field ``current``).
    """
    subjects = [Subject(f"confirm:{user_id}", FREE_PER_PAIR, is_cleared=True)]
    with db.write() as session:
        refuse_blocked(session, subjects, is_patient=True, now=now)
        count_attempt(session, subjects, now=now)
        hashed = _hash_of(session, user_id)
    if not password_fits(password, hashed or None):
        raise Invalid("this is not your password", "current")
    with db.write() as session:
        take_back(session, subjects, now=now)


def confirm(session: Session, token: str, *, now: datetime) -> None:
    """Note that the person of this session has just proved again who they are."""
    session.execute(
        update(LoginSession)
        .where(col(LoginSession.token_hash) == token_hash(token))
        .values(confirmed_at=now)
        .execution_options(synchronize_session=False)
    )


def _hash_of(session: Session, user_id: int) -> str:
    user = session.get(User, user_id)
    return user.password_hash if user else ""
