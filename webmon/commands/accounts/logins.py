"""Signing in and out, and the brake on guessing.

`log_in` opens its own short transactions, because the password is verified between them: that
takes 40 ms of processor time, and nobody else's writing may wait for it.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, delete, select

from webmon import db
from webmon.commands.accounts.activity import write_entry
from webmon.commands.accounts.attempts import count_attempt, refuse_blocked, take_back
from webmon.commands.accounts.devices import device_id, new_device
from webmon.commands.accounts.passwords import password_fits
from webmon.commands.accounts.pending import new_pending
from webmon.commands.accounts.snapshots import Snapshot, snapshot
from webmon.commands.accounts.users import canonical_email
from webmon.domain.accounts import throttle
from webmon.domain.accounts.sessions import LIFETIME, token_hash
from webmon.domain.accounts.throttle import Subject
from webmon.errors import Invalid
from webmon.models import LoginSession, SecondFactor, User
from webmon.origin import Way, coming
from webmon.queries.installation import installation
from webmon.queries.second_factors import provider_factor_counts, without_required_factor


@dataclass(frozen=True, slots=True)
class Login:
    """A session that was opened: its token, and the cookie that makes the browser known.

    Where a second step is needed, both are empty, and ``pending`` is what the browser brings there.
    """

    token: str = ""
    device: str = ""
    pending: str = ""
    must_enrol: bool = False
    """The second step is to set up a second factor."""
    lasts: timedelta = LIFETIME
    """For how long the session lives."""


def log_in(
    email: str,
    password: str,
    *,
    address: str,
    device: str | None = None,
    browser: str = "",
    is_patient: bool = False,
    now: datetime,
) -> Login:
    """Open a session. ``device`` is the cookie of a browser that signed in before, ``browser`` what
    it calls itself.

    1. While the address, or the account from there, is blocked, stop: the password is not even
       looked at. A known browser is blocked by its own failures only.
    2. Where the account has failed too often from anywhere, a browser that is not known has to
       come back patiently.
    3. Count the attempt as failed beforehand, so that many at once are no way round the brake.
    4. Verify the password, outside any transaction; for an unknown account, a decoy.
    5. On success open the session and take the count back.

    Raises:
        Throttled: too many attempts; says how long to wait.
        MustBePatient: to be called again after a while, with ``is_patient``.
        Invalid: the address or the password is wrong (not said which).
    """
    email = _known_form(email)
    with coming(Way.APP, address=address):
        return _log_in(email, password, address, device, browser, is_patient=is_patient, now=now)


def _log_in(
    email: str,
    password: str,
    address: str,
    device: str | None,
    browser: str,
    *,
    is_patient: bool,
    now: datetime,
) -> Login:
    with db.read() as session:
        user = session.exec(select(User).where(User.email == email)).first()
        known = device_id(device, user.id if user else None)
        subjects = throttle.subjects(email, address, known)
        refuse_blocked(session, subjects, is_patient=is_patient, now=now)
    with db.write() as session:
        count_attempt(session, subjects, now=now)
    fits = password_fits(password, user.password_hash or None if user else None)
    login = None
    if user is not None and fits:
        kept = device if device and known else ""
        with db.write() as session:
            if _still_fits(session, user, subjects, now=now):
                login = enter(
                    session, user.id, address=address, browser=browser, device=kept or "", now=now
                )
    if login is None:
        with db.write() as session:
            account = snapshot(session, "user", user.id) if user else None
            note_failure(session, account or Snapshot(None, email, None, {}), now=now)
        raise Invalid("the e-mail address or the password is wrong")
    return login


def enter(
    session: Session,
    user_id: int,
    *,
    address: str = "",
    browser: str = "",
    device: str = "",
    by_provider: bool = False,
    now: datetime,
) -> Login:
    """What follows for a person whose password was right, or whom the identity provider vouches
    for: a session, or a second step first.

    ``device`` is the cookie that the browser keeps; it gets another one where that is empty.
    """
    user = session.get_one(User, user_id)
    has_factor = session.get(SecondFactor, user_id) is not None
    is_asked = has_factor or bool(without_required_factor(session, [user]))
    if is_asked and not (by_provider and provider_factor_counts(session)):
        pending = new_pending(user, by_provider=by_provider, now=now)
        return Login(pending=pending, must_enrol=not has_factor)
    where = {"address": address, "browser": browser, "by_provider": by_provider}
    return new_login(session, user_id, device=device, **where, now=now)


def new_login(
    session: Session, user_id: int, *, device: str = "", now: datetime, **where: Any
) -> Login:
    """A session of this person, as `open_session` opens it, with what the browser gets."""
    lasts = timedelta(days=installation(session).session_days)
    token = open_session(session, user_id, lasts=lasts, now=now, **where)
    return Login(token, device or new_device(user_id), lasts=lasts)


def note_failure(session: Session, account: Snapshot | None, *, now: datetime) -> None:
    """Note that somebody failed to sign in to this account, which there may not be."""
    write_entry(session, "failed to sign in", "user", account, actor=None, by="somebody", now=now)


def log_out(session: Session, token: str, *, now: datetime) -> None:
    """End the session behind ``token``; nothing happens where there is none."""
    user_id = session.scalar(
        delete(LoginSession)
        .where(col(LoginSession.token_hash) == token_hash(token))
        .returning(col(LoginSession.user_id))
    )
    if user_id is not None:
        subject = snapshot(session, "user", user_id)
        write_entry(session, "signed out", "user", subject, actor=None, now=now)


def open_session(
    session: Session,
    user_id: int,
    *,
    address: str = "",
    browser: str = "",
    by_provider: bool = False,
    lasts: timedelta = LIFETIME,
    now: datetime,
) -> str:
    """A new session of this person; returns its token, which is kept nowhere."""
    session.execute(delete(LoginSession).where(col(LoginSession.expires_at) <= now))
    token = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            token_hash=token_hash(token),
            user_id=user_id,
            created_at=now,
            expires_at=now + lasts,
            address=address[:45],
            browser="".join(filter(str.isprintable, browser))[:300],
            used_at=now,
            by_provider=by_provider,
        )
    )
    session.execute(update(User).where(col(User.id) == user_id).values(last_seen_at=now))
    subject = snapshot(session, "user", user_id)
    write_entry(session, "signed in", "user", subject, actor=None, now=now)
    return token


def note_used(session: Session, hashes: Collection[str], *, now: datetime) -> None:
    """Note that these sessions (the hashes of their tokens) are in use, and that their people are
    there. People are locked in the order of their ids, as everywhere."""
    is_theirs = col(LoginSession.token_hash).in_(hashes)
    people = session.exec(
        select(User.id)
        .where(col(User.id).in_(select(LoginSession.user_id).where(is_theirs)))
        .order_by(col(User.id))
        .with_for_update()
    ).all()
    for statement in (
        update(LoginSession).where(is_theirs).values(used_at=now),
        update(User).where(col(User.id).in_(people)).values(last_seen_at=now),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _known_form(email: str) -> str:
    try:
        return canonical_email(email)
    except Invalid:
        return ""  # nobody's; treated like any other unknown account


def _still_fits(session: Session, seen: User, subjects: list[Subject], *, now: datetime) -> bool:
    """Take the failure back that was counted beforehand; False where the person was disabled or the
    password changed in the meantime."""
    user = session.exec(select(User).where(User.id == seen.id).with_for_update()).first()
    if user is None or user.disabled_at or user.password_hash != seen.password_hash:
        return False
    take_back(session, subjects, now=now)
    return True
