"""Who somebody is, and who there is."""

from collections import defaultdict
from collections.abc import Collection
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
    hashed = token_hash(token)
    return live_actors(session, {hashed}, now=now).get(hashed)


def live_actors(session: Session, hashes: Collection[str], *, now: datetime) -> dict[str, Actor]:
    """The person behind each of the given token hashes whose session has not ended."""
    rows = session.exec(
        select(LoginSession.token_hash, User)
        .join(User)
        .where(
            col(LoginSession.token_hash).in_(hashes),
            LoginSession.expires_at > now,
            col(User.disabled_at).is_(None),
        )
    ).all()
    limited = {user.id for _, user in rows if user.limited}
    namespaces = _namespaces_of(session, limited)
    return {
        hashed: Actor(
            user.id,
            user.email,
            user.role,
            frozenset(namespaces[user.id]) if user.limited else None,
        )
        for hashed, user in rows
    }


def _namespaces_of(session: Session, user_ids: set[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    if user_ids:
        owned = col(UserNamespace.user_id).in_(user_ids)
        for row in session.exec(select(UserNamespace).where(owned)):
            found[row.user_id].add(row.namespace_id)
    return found


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
