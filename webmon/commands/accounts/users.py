"""People and their passwords: made, changed, shut out, set up for the first time."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, delete, select

from webmon.commands.accounts.passwords import HashedPassword
from webmon.domain.access import Role
from webmon.domain.sessions import token_hash
from webmon.domain.throttle import account_subject, pairs_of
from webmon.errors import Invalid, NotFound
from webmon.models import LoginAttempts, LoginSession, Namespace, Setting, User, UserNamespace

SETUP_TOKEN = "setup_token_hash"

_EMAIL = re.compile(r"[^\s@<>()\",:;\\\[\]\x00-\x1f\x7f]{1,64}@[^\s@<>()\",:;\\\[\]\x00-\x1f\x7f]+")


def canonical_email(email: str) -> str:
    """``email`` as it is stored.

    Raises:
        Invalid: it cannot be an e-mail address (field ``email``).
    """
    email = email.strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise Invalid("must be an e-mail address, such as anna@example.org", "email")
    return email


def create_user(
    session: Session,
    email: str,
    hashed: HashedPassword,
    role: Role,
    *,
    namespaces: Sequence[str] = (),
    now: datetime,
) -> int:
    """Add a person, limited to the namespaces with these slugs where any are given; returns the id.

    Raises:
        Invalid: the address is none or is taken (``email``), or a slug is unknown (``namespaces``).
    """
    email = canonical_email(email)
    if session.exec(select(User.id).where(User.email == email)).first() is not None:
        raise Invalid(f"there is a user {email} already", "email")
    namespace_ids = [_namespace_id(session, slug) for slug in dict.fromkeys(namespaces)]
    limited = bool(namespace_ids)
    user = User(email=email, password_hash=hashed, role=role, limited=limited, created_at=now)
    session.add(user)
    session.flush()
    session.add_all(UserNamespace(user_id=user.id, namespace_id=key) for key in namespace_ids)
    session.execute(delete(Setting).where(col(Setting.name) == SETUP_TOKEN))
    return user.id


def _namespace_id(session: Session, slug: str) -> int:
    found = session.exec(select(Namespace.id).where(Namespace.slug == slug)).first()
    if found is None:
        raise Invalid(f"there is no namespace {slug}", "namespaces")
    return found


def new_setup_token(session: Session) -> str | None:
    """A fresh token for the setup link, valid instead of any older one; None once a user exists."""
    if _has_users(session):
        return None
    token = secrets.token_urlsafe(32)
    session.merge(Setting(name=SETUP_TOKEN, value=token_hash(token)))
    return token


def setup_token_fits(session: Session, token: str) -> bool:
    """Whether ``token`` still opens the setup page."""
    stored = session.get(Setting, SETUP_TOKEN)
    return stored is not None and secrets.compare_digest(stored.value, token_hash(token))


def create_first_admin(
    session: Session, token: str, email: str, hashed: HashedPassword, *, now: datetime
) -> int:
    """Use the setup link up and add the first person; returns the id.

    The token's row is deleted first: of two at once, the second finds it gone.

    Raises:
        NotFound: the token is wrong or used, or somebody was faster.
        Invalid: the address is none (``email``); the link stays usable.
    """
    used = session.execute(
        delete(Setting)
        .where(col(Setting.name) == SETUP_TOKEN, col(Setting.value) == token_hash(token))
        .returning(col(Setting.name))
    ).first()
    if used is None or _has_users(session):
        raise NotFound("this setup link is not valid or has expired")
    return create_user(session, email, hashed, Role.ADMIN, now=now)


def set_password(session: Session, email: str, hashed: HashedPassword) -> None:
    """Change a password. Every session of the person ends; a block on the account is lifted.

    Raises:
        NotFound: there is no such user.
    """
    user = _user(session, email)
    user.password_hash = hashed
    session.add(user)
    end_sessions(session, user.id)
    subject = col(LoginAttempts.subject)
    session.execute(
        delete(LoginAttempts).where(
            (subject == account_subject(user.email)) | subject.startswith(pairs_of(user.email))
        )
    )


def disable_user(session: Session, email: str, *, now: datetime) -> None:
    """Shut a person out, at once.

    Raises:
        NotFound: there is no such user.
    """
    user = _user(session, email)
    user.disabled_at = user.disabled_at or now
    session.add(user)
    end_sessions(session, user.id)


def end_sessions(session: Session, user_id: int) -> None:
    """Sign a person out everywhere."""
    session.execute(delete(LoginSession).where(col(LoginSession.user_id) == user_id))


def _user(session: Session, email: str) -> User:
    # Locked, so that a login that is under way ends either before this or not at all.
    user = session.exec(
        select(User).where(User.email == email.strip().lower()).with_for_update()
    ).first()
    if user is None:
        raise NotFound(f"there is no user {email}")
    return user


def _has_users(session: Session) -> bool:
    return session.exec(select(User.id).limit(1)).first() is not None
