"""Who somebody is, and who there is."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webmon import config
from webmon.domain.accounts.access import Actor, Role, require
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import (
    Letter,
    LoginSession,
    Namespace,
    PasswordLink,
    User,
    UserNamespace,
)
from webmon.models.letters import Occasion
from webmon.queries.second_factors import (
    people_with_factor,
    provider_factor_counts,
    without_required_factor,
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class UserView:
    """A person as the admins see them. ``namespaces`` are slugs; empty means all.

    ``state`` is ``active``, ``invited``, ``expired`` (invited, and the link is over), ``reset`` (a
    link for a new password is open) or ``deactivated``.
    """

    id: int
    email: str
    name: str
    role: Role
    namespaces: tuple[str, ...]
    limited: bool
    state: str
    is_self: bool
    created_at: datetime
    last_seen_at: str
    """ISO 8601; empty where the person never signed in."""
    revision: int
    link_until: str
    """Until when a link of theirs is open; empty where none is."""
    has_factor: bool = False
    """Whether they sign in with a code as well."""
    mail: str = ""
    """What became of the mail with their invitation; empty where none was sent."""

    @property
    def disabled(self) -> bool:
        """Whether the person is shut out."""
        return self.state == "deactivated"


@dataclass(frozen=True, slots=True)
class UsersView:
    """The page: people by name, ``page`` of ``pages``; empty for who manages nobody."""

    who: str = ""
    may_manage: bool = False
    users: tuple[UserView, ...] = ()
    total: int = 0
    page: int = 1
    pages: int = 1
    namespaces: tuple[tuple[str, str], ...] = ()
    """Slug and name of those that can be given to people."""
    all_namespaces: bool = False
    """Whether the person may give all of them."""
    has_mail: bool = False
    """Whether invitations can be sent by mail."""


def actor_for_token(session: Session, token: str | None, *, now: datetime) -> Actor | None:
    """The person behind a session's token; None unless it lives and the person may sign in."""
    if not token:
        return None
    hashed = token_hash(token)
    return live_actors(session, {hashed}, now=now).get(hashed)


def has_password(session: Session, user_id: int) -> bool:
    """Whether a person has a password; who was made by the identity provider has none."""
    found = session.get(User, user_id)
    return found is not None and bool(found.password_hash)


def signed_in_by_provider(session: Session, token: str | None) -> bool:
    """Whether the identity provider has opened the session behind this token."""
    found = session.get(LoginSession, token_hash(token)) if token else None
    return found is not None and found.by_provider


def live_actors(session: Session, hashes: Collection[str], *, now: datetime) -> dict[str, Actor]:
    """The person behind each of the given token hashes whose session has not ended."""
    rows = session.exec(
        select(LoginSession, User)
        .join(User)
        .where(
            col(LoginSession.token_hash).in_(hashes),
            LoginSession.expires_at > now,
            col(User.disabled_at).is_(None),
        )
    ).all()
    shut_out = without_required_factor(session, [user for _, user in rows])
    if shut_out:
        counts = provider_factor_counts(session)
        rows = [
            (row, user)
            for row, user in rows
            if user.id not in shut_out or (row.by_provider and counts)
        ]
    limited = {user.id for _, user in rows if user.limited}
    namespaces = _namespaces_of(session, limited)
    return {
        row.token_hash: Actor(
            user.id,
            user.email,
            user.role,
            frozenset(namespaces[user.id]) if user.limited else None,
            confirmed_at=row.confirmed_at or row.created_at,
        )
        for row, user in rows
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


def list_users(
    session: Session, *, actor: Actor | None = None, now: datetime | None = None
) -> list[UserView]:
    """Everybody whom ``actor`` manages (None: everybody), by name or address."""
    limits: dict[int, list[tuple[int, str]]] = {}
    rows = (
        select(UserNamespace.user_id, Namespace.id, Namespace.slug)
        .join(Namespace)
        .order_by(Namespace.slug)
    )
    for user_id, namespace_id, slug in session.exec(rows):
        limits.setdefault(user_id, []).append((namespace_id, slug))
    with_factor = people_with_factor(session)
    mails = _invitations(session)
    links = {row.user_id: row.expires_at for row in session.exec(select(PasswordLink))}
    found = []
    for user in session.exec(select(User)):
        theirs = limits.get(user.id, [])
        if actor is not None and not actor.manages(
            {each for each, _ in theirs} if user.limited else None
        ):
            continue
        until = links.get(user.id)
        open_until = until if until and (now is None or until > now) else None
        found.append(
            UserView(
                id=user.id,
                email=user.email,
                name=user.name,
                role=user.role,
                namespaces=tuple(slug for _, slug in theirs),
                limited=user.limited,
                state=_state(user, open_until),
                is_self=actor is not None and actor.user_id == user.id,
                created_at=user.created_at,
                last_seen_at=user.last_seen_at.isoformat() if user.last_seen_at else "",
                revision=user.revision,
                link_until=open_until.isoformat() if open_until else "",
                has_factor=user.id in with_factor,
                mail=mails.get(user.id, "") if user.invited else "",
            )
        )
    return sorted(found, key=lambda each: ((each.name or each.email).casefold(), each.id))


def _invitations(session: Session) -> dict[int, str]:
    """What became of the last letter to each person who was invited by mail."""
    rows = select(Letter).where(Letter.occasion == Occasion.INVITATION).order_by(col(Letter.id))
    return {row.user_id: _told(row) for row in session.exec(rows)}


def _told(letter: Letter) -> str:
    if letter.sent_at:
        return "the mail was sent"
    if letter.ready_at and not letter.error:
        return "the mail is on its way"
    why = f": {letter.error}" if letter.error else ""
    return f"the mail is tried again{why}" if letter.ready_at else f"the mail was not sent{why}"


def _state(user: User, link_until: datetime | None) -> str:
    if user.disabled_at:
        return "deactivated"
    if user.invited:
        return "invited" if link_until else "expired"
    return "reset" if link_until else "active"


def admin_users(
    session: Session, *, search: str = "", page: int = 1, actor: Actor, now: datetime
) -> UsersView:
    """The people whom ``actor`` manages, those first whose address or name holds ``search``."""
    who = f"{actor.email} · {actor.role.value}"
    if not actor.has(Role.ADMIN):
        return UsersView(who)
    wanted = search.casefold()
    found = [
        each
        for each in list_users(session, actor=actor, now=now)
        if wanted in each.email or wanted in each.name.casefold()
    ]
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, page), pages)
    named = select(Namespace.id, Namespace.slug, Namespace.name).order_by(Namespace.name)
    return UsersView(
        who,
        may_manage=True,
        users=tuple(found[(page - 1) * PAGE : page * PAGE]),
        total=len(found),
        page=page,
        pages=pages,
        namespaces=tuple(
            (slug, name) for key, slug, name in session.exec(named) if actor.sees(key)
        ),
        all_namespaces=actor.namespace_ids is None,
        has_mail=config.settings().has_mail,
    )


def user_fields(session: Session, user_id: int, *, actor: Actor) -> dict[str, Any]:
    """A person as their form shows them, for somebody who manages them.

    Raises:
        NotFound, PermissionDenied.
    """
    require(actor, Role.ADMIN)
    for each in list_users(session, actor=actor):
        if is_id(user_id) and each.id == user_id:
            return {
                "id": each.id,
                "revision": each.revision,
                "name": each.name or each.email,
                "shown_name": each.name,
                "email": each.email,
                "role": each.role.value,
                "namespaces": each.namespaces if each.limited else None,
            }
    raise NotFound("this user does not exist")
