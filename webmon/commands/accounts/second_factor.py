"""The second factor: codes of an app (TOTP), and recovery codes for who has lost it."""

import secrets
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, update

from webmon import crypto, db
from webmon.commands.accounts.activity import write_entry
from webmon.commands.accounts.attempts import count_attempt, refuse_blocked, take_back
from webmon.commands.accounts.logins import Login, new_login, note_failure
from webmon.commands.accounts.pending import pending_login
from webmon.commands.accounts.snapshots import snapshot
from webmon.commands.accounts.users import end_sessions
from webmon.domain.accounts.access import Actor
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.accounts.throttle import FREE_PER_PAIR, Subject
from webmon.errors import Invalid
from webmon.models import RecoveryCode, SecondFactor, User
from webmon.queries.second_factors import without_required_factor

ISSUER = "Beaconry"
PERIOD_SECONDS = 30
RECOVERY_CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
WRONG = "this code is wrong, or was used already"


def new_secret() -> str:
    """A secret for an app, in base32."""
    return str(_totp().new().base32_key)


def app_address(secret: str, email: str) -> str:
    """``otpauth://…``, which an app reads from a QR code."""
    return str(_totp()(key=secret, format="base32", label=email, issuer=ISSUER).to_uri())


def set_up(
    session: Session, user_id: int, secret: str, code: str, *, now: datetime
) -> tuple[str, ...]:
    """Give a person a second factor; returns the recovery codes, which are kept nowhere. Every
    session of theirs ends.

    ``code`` is what the app shows, so that nobody is locked out by an app that was not set up.

    Raises:
        Invalid: the code is wrong (``code``), or there is a second factor already.
    """
    user = session.get_one(User, user_id, with_for_update=True)
    if session.get(SecondFactor, user.id, with_for_update=True) is not None:
        raise Invalid("you have a second factor already")
    counter = _counter(secret, code, last=None, now=now)
    session.add(
        SecondFactor(
            user_id=user.id,
            secret=crypto.vault().encrypt(secret),
            last_counter=counter,
            created_at=now,
        )
    )
    session.flush()
    end_sessions(session, user.id)
    subject = snapshot(session, "user", user.id)
    write_entry(session, "set up the second factor of", "user", subject, actor=None, now=now)
    return _new_recovery_codes(session, user.id)


def remove_factor(session: Session, user_id: int) -> None:
    """Let a person sign in by the password alone."""
    for table in (SecondFactor, RecoveryCode):
        session.execute(delete(table).where(col(table.user_id) == user_id))


def new_recovery_codes(session: Session, *, actor: Actor, now: datetime) -> tuple[str, ...]:
    """Ten new recovery codes of the actor instead of any older ones; only their hashes are
    stored."""
    subject = snapshot(session, "user", actor.user_id)
    write_entry(session, "made recovery codes of", "user", subject, actor=actor, now=now)
    return _new_recovery_codes(session, actor.user_id)


def _new_recovery_codes(session: Session, user_id: int) -> tuple[str, ...]:
    session.execute(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    session.add_all(RecoveryCode(code_hash=_hash(user_id, code), user_id=user_id) for code in codes)
    session.flush()
    return codes


def use_code(session: Session, user_id: int, code: str, *, now: datetime) -> None:
    """Use a code of the app or a recovery code up. Of two at once, one is refused.

    Raises:
        Invalid: it is wrong, or was used already (field ``code``).
    """
    factor = session.get(SecondFactor, user_id, with_for_update=True)
    if factor is None:
        raise Invalid(WRONG, "code")
    plain = _plain(code)
    if plain.isdigit():
        secret = crypto.vault().decrypt(factor.secret)
        factor.last_counter = _counter(secret, plain, last=factor.last_counter, now=now)
        session.flush()
        return
    unused = col(RecoveryCode.used_at).is_(None)
    used = session.execute(
        update(RecoveryCode)
        .where(col(RecoveryCode.code_hash) == _hash(user_id, plain), unused)
        .values(used_at=now)
        .returning(col(RecoveryCode.user_id))
    ).first()
    if used is None:
        raise Invalid(WRONG, "code")


def check_code(user_id: int, code: str, *, now: datetime) -> None:
    """Use a code up, in transactions of its own; wrong ones are counted.

    Raises:
        Throttled: too many wrong ones.
        Invalid: it is wrong, or was used already.
    """
    subjects = brake(user_id)
    with db.write() as session:
        refuse_blocked(session, subjects, is_patient=True, now=now)
        count_attempt(session, subjects, now=now)
    with db.write() as session:
        use_code(session, user_id, code, now=now)
        take_back(session, subjects, now=now)


def finish_login(
    cookie: str | None, code: str, *, address: str, browser: str, now: datetime
) -> Login:
    """The second step of a sign-in: open the session of the person behind the cookie.

    Raises:
        NotFound: the cookie is no (longer) one of ours.
        Throttled, Invalid: as `check_code`.
    """
    with db.write() as session:
        user_id = pending_login(session, cookie, now=now).user.id
    try:
        check_code(user_id, code, now=now)
    except Invalid:
        with db.write() as session:
            note_failure(session, snapshot(session, "user", user_id), now=now)
        raise
    with db.write() as session:
        way = pending_login(session, cookie, now=now).by_provider
        return new_login(
            session, user_id, address=address, browser=browser, by_provider=way, now=now
        )


def give_up_factor(session: Session, *, actor: Actor, now: datetime) -> None:
    """Let the actor sign in by the password alone, from now on.

    Raises:
        Invalid: the actor's role needs a second factor.
    """
    user = session.get_one(User, actor.user_id, with_for_update=True)
    remove_factor(session, user.id)
    if without_required_factor(session, [user]):
        raise Invalid("your role needs a second factor")
    subject = snapshot(session, "user", user.id)
    write_entry(session, "removed the second factor of", "user", subject, actor=actor, now=now)


def brake(user_id: int) -> list[Subject]:
    """What wrong codes of a person count against, wherever they come from."""
    return [Subject(f"code:{user_id}", FREE_PER_PAIR, is_cleared=True)]


def _counter(secret: str, code: str, *, last: int | None, now: datetime) -> int:
    """The counter that the code is of: that of now, or of one step before or after.

    Raises:
        Invalid: it is of none of them, or not later than ``last``.
    """
    from passlib.exc import MalformedTokenError, TokenError

    try:
        app = _totp()(key=secret, format="base32")
        match = app.match(
            _plain(code), time=now.timestamp(), window=PERIOD_SECONDS, last_counter=last
        )
    except (TokenError, MalformedTokenError):
        raise Invalid(WRONG, "code") from None
    return int(match.counter)


def _totp() -> Any:
    from passlib.totp import TOTP  # with all that it needs 1 MB, which the worker has no use for

    return TOTP


def _plain(code: str) -> str:
    """A code as it was typed, without spaces and hyphens."""
    return "".join(each for each in code[:100].lower() if each.isascii() and each.isalnum())


def _recovery_code() -> str:
    text = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def _hash(user_id: int, code: str) -> str:
    return token_hash(f"{user_id} {_plain(code)}")
