"""Who somebody is, and who there is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from webmon.domain.access import Actor, Role
from webmon.domain.sessions import token_hash
from webmon.models import LoginSession, Namespace, User, UserNamespace


@dataclass(frozen=True, slots=True)
class UserView:
    """A person as the admins see them. ``namespaces`` are slugs; empty means all."""

    id: int
    email: str
    role: Role
    namespaces: tuple[str, ...]
    disabled: bool
    created_at: datetime


def actor_for_token(session: Session, token: str | None, *, now: datetime) -> Actor | None:
    """The person behind a session's token; None unless it lives and the person may sign in."""
    if not token:
        return None
    user = session.exec(
        select(User)
        .join(LoginSession)
        .where(
            LoginSession.token_hash == token_hash(token),
            LoginSession.expires_at > now,
            col(User.disabled_at).is_(None),
        )
    ).first()
    if user is None:
        return None
    if not user.limited:
        return Actor(user.id, user.email, user.role)
    limited_to = session.exec(
        select(UserNamespace.namespace_id).where(UserNamespace.user_id == user.id)
    ).all()
    return Actor(user.id, user.email, user.role, frozenset(limited_to))


def live_hashes(session: Session, hashes: Iterable[str], *, now: datetime) -> set[str]:
    """Those of the given token hashes whose session has not ended."""
    return set(
        session.exec(
            select(LoginSession.token_hash)
            .join(User)
            .where(
                col(LoginSession.token_hash).in_(list(hashes)),
                LoginSession.expires_at > now,
                col(User.disabled_at).is_(None),
            )
        ).all()
    )


def any_user(session: Session) -> bool:
    """Whether the product has been set up."""
    return session.exec(select(User.id).limit(1)).first() is not None


def list_users(session: Session) -> list[UserView]:
    """Everybody, by e-mail address."""
    limits: dict[int, list[str]] = {}
    rows = select(UserNamespace.user_id, Namespace.slug).join(Namespace).order_by(Namespace.slug)
    for user_id, slug in session.exec(rows):
        limits.setdefault(user_id, []).append(slug)
    return [
        UserView(
            id=user.id,
            email=user.email,
            role=user.role,
            namespaces=tuple(limits.get(user.id, ())),
            disabled=user.disabled_at is not None,
            created_at=user.created_at,
        )
        for user in session.exec(select(User).order_by(User.email))
    ]
