"""Links with which a person chooses a password, once: after an invitation or a reset."""

import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from webmon.commands.accounts.activity import noted
from webmon.commands.accounts.passwords import HashedPassword
from webmon.commands.accounts.second_factor import remove_factor
from webmon.commands.accounts.users import end_links, end_sessions, find_user, store_password
from webmon.domain.accounts.access import Actor, require_confirmed
from webmon.domain.accounts.sessions import token_hash
from webmon.errors import Invalid, NotFound
from webmon.models import PasswordLink, User

LASTS = timedelta(hours=72)
MAILED_LASTS = timedelta(hours=1)
NOT_VALID = "this link is not valid or has expired: ask an admin for another one"


@noted("user", "made a password link for", always=True)
def new_link(session: Session, user_id: int, *, actor: Actor | None, now: datetime) -> str:
    """The token of a new link for this person; only its hash is stored. An older link ends.

    Raises:
        Invalid: the person is deactivated.
        NotFound, PermissionDenied.
    """
    require_confirmed(actor, now=now)
    return _new_link(session, find_user(session, user_id, actor=actor, lock=True), now=now)


def _new_link(session: Session, user: User, *, now: datetime) -> str:
    if user.disabled_at:
        raise Invalid("this person is deactivated: reactivate them first")
    end_links(session, user.id)
    return _store(session, user, LASTS, now=now)


def send_link(
    session: Session, user: User, *, lasts: timedelta = MAILED_LASTS, now: datetime
) -> str:
    """The token of a link that is mailed to a person, who is locked. An older link ends."""
    return _store(session, user, lasts, now=now)


def _store(session: Session, user: User, lasts: timedelta, *, now: datetime) -> str:
    session.execute(delete(PasswordLink).where(col(PasswordLink.user_id) == user.id))
    token = secrets.token_urlsafe(32)
    session.add(
        PasswordLink(
            user_id=user.id,
            token_hash=token_hash(token),
            created_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()
    return token


@noted("user", "reset the password of", always=True)
def reset_password(session: Session, user_id: int, *, actor: Actor | None, now: datetime) -> str:
    """End a person's password, second factor and sessions; returns the token of a link for a new
    password.

    Raises:
        Invalid: the person is deactivated, or is the actor, who would be signed out before the link
            is seen.
        NotFound, PermissionDenied.
    """
    require_confirmed(actor, now=now)
    if actor is not None and actor.user_id == user_id:
        raise Invalid("your own password is changed in your profile")
    user = find_user(session, user_id, actor=actor, lock=True)
    token = _new_link(session, user, now=now)
    user.password_hash = ""
    session.flush()
    remove_factor(session, user.id)
    end_sessions(session, user.id)
    return token


@noted("user", "withdrew the password link of", always=True)
def withdraw_link(
    session: Session,
    user_id: int,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Let the link of this person open nothing any more.

    Raises:
        NotFound, PermissionDenied.
    """
    require_confirmed(actor, now=now)
    end_links(session, find_user(session, user_id, actor=actor, lock=True).id)


def link_owner(session: Session, token: str, *, now: datetime) -> str | None:
    """The address of the person whose link this is; None where it opens nothing (any more)."""
    user = link_user(session, token, now=now)
    return user.email if user is not None else None


def link_user(session: Session, token: str, *, now: datetime) -> User | None:
    """The person whose link this is; None where it opens nothing (any more)."""
    return session.exec(
        select(User)
        .join(PasswordLink)
        .where(
            PasswordLink.token_hash == token_hash(token),
            PasswordLink.expires_at > now,
            col(User.disabled_at).is_(None),
        )
    ).first()


@noted("user", "chose the password of", always=True)
def choose_password(session: Session, token: str, hashed: HashedPassword, *, now: datetime) -> int:
    """Use the link up and give its person this password; returns their id.

    The person is locked first: of two at once, the second finds the link gone.

    Raises:
        NotFound: the link is wrong, used or expired, or the person is deactivated.
    """
    is_it = col(PasswordLink.token_hash) == token_hash(token)
    owner = session.scalar(select(PasswordLink.user_id).where(is_it))
    user = session.get(User, owner, with_for_update=True) if owner else None
    used = session.scalar(
        delete(PasswordLink)
        .where(is_it, col(PasswordLink.expires_at) > now)
        .returning(col(PasswordLink.user_id))
    )
    if user is None or used is None or user.disabled_at:
        raise NotFound(NOT_VALID)
    store_password(session, user, hashed)
    return user.id
