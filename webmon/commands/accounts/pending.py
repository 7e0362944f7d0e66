"""What a browser brings to the second step of a sign-in: a sealed cookie that lives for minutes.

It lets nobody in. It says whose password was right, and is nothing once that password changes.
"""

from datetime import datetime

from sqlmodel import Session

from webmon import crypto
from webmon.domain.accounts.sessions import PENDING_LIFETIME, token_hash
from webmon.errors import Invalid, NotFound
from webmon.models import User

OVER = "this took too long: sign in again"


def new_pending(user: User, *, now: datetime) -> str:
    """The cookie's value for a person whose password was right."""
    return seal_for("pending", user.id, _print(user), now=now)


def pending_user(session: Session, cookie: str | None, *, now: datetime) -> User:
    """The person whose password was right, locked.

    Raises:
        NotFound: there is no such cookie, it is too old, or the password has changed since.
    """
    user_id, fingerprint = unseal_for("pending", cookie, now=now)
    user = session.get(User, user_id, with_for_update=True)
    if user is None or user.disabled_at or _print(user) != fingerprint:
        raise NotFound(OVER)
    return user


def seal_for(what: str, user_id: int, text: str, *, now: datetime) -> str:
    """``text`` for one person and one purpose, to be brought back within `PENDING_LIFETIME`."""
    until = int((now + PENDING_LIFETIME).timestamp())
    return crypto.vault().encrypt(f"{what} {user_id} {until} {text}").rstrip("=")


def unseal_for(what: str, sealed: str | None, *, now: datetime) -> tuple[int, str]:
    """Whose it is, and the text.

    Raises:
        NotFound: it was not sealed here for this purpose, or is too old.
    """
    try:
        if not sealed or not sealed.isascii():
            raise NotFound(OVER)
        parts = crypto.vault().decrypt(sealed + "=" * (-len(sealed) % 4)).split(" ", 3)
    except Invalid:
        raise NotFound(OVER) from None
    match parts:
        case [kind, user_id, until, text] if kind == what and int(until) > now.timestamp():
            return int(user_id), text
    raise NotFound(OVER)


def _print(user: User) -> str:
    return token_hash(f"{user.id} {user.password_hash}")[:32]
