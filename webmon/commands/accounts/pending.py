"""What a browser brings to the second step of a sign-in: a sealed cookie that lives for minutes.

It lets nobody in. It says who has done the first step, and is nothing once their password changes.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from webmon import crypto
from webmon.domain.accounts.sessions import PENDING_LIFETIME, token_hash
from webmon.errors import Invalid, NotFound
from webmon.models import User

PROVIDER = " provider"
OVER = "this took too long: sign in again"


@dataclass(frozen=True, slots=True)
class Pending:
    """Who has done the first step, and how."""

    user: User
    by_provider: bool


def new_pending(user: User, *, by_provider: bool = False, now: datetime) -> str:
    """The cookie's value for a person whose password was right, or for whom the provider speaks."""
    way = PROVIDER if by_provider else ""
    return seal_for("pending", user.id, f"{_print(user)}{way}", now=now)


def pending_login(session: Session, cookie: str | None, *, now: datetime) -> Pending:
    """The person who has done the first step, locked.

    Raises:
        NotFound: there is no such cookie, it is too old, or the password has changed since.
    """
    user_id, text = unseal_for("pending", cookie, now=now)
    user = session.get(User, user_id, with_for_update=True)
    fingerprint = text.removesuffix(PROVIDER)
    if user is None or user.disabled_at or _print(user) != fingerprint:
        raise NotFound(OVER)
    return Pending(user, by_provider=text != fingerprint)


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
