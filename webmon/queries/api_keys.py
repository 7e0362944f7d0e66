"""Whose request it is, by its key, and which keys there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.api_keys import Scope, role_of
from webmon.domain.accounts.sessions import token_hash
from webmon.models import ApiKey, ApiKeyNamespace, Namespace, User, UserNamespace

NOTED_EVERY = timedelta(minutes=1)
"""The last use is known to the minute."""
MOST_ENDED = 20


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who comes in with a key. ``actor`` is what the commands and queries go by."""

    key_id: int
    name: str
    scope: Scope
    actor: Actor
    note_use: bool
    """The last use that is stored is not a recent one."""


@dataclass(frozen=True, slots=True)
class ApiKeyView:
    """A key as it is listed. ``namespaces`` are slugs; None means all of them."""

    id: int
    name: str
    beginning: str
    scope: Scope
    namespaces: tuple[str, ...] | None
    state: str
    """``active``, ``expired`` or ``revoked``."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    owner: str = ""
    """The address of the person it ends with; empty: it is nobody's."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as the room lists it; instants are ISO 8601, empty for none."""

    id: int
    name: str
    beginning: str
    scope: str
    where: str
    state: str
    expires_at: str
    used_at: str
    owner: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A namespace that a key can be limited to."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class KeysView:
    """The room: keys by name, those that hold first; empty for who may not manage them."""

    who: str = ""
    may_manage: bool = False
    found: tuple[KeyRow, ...] = ()
    namespaces: tuple[Choice, ...] = ()
    """Those that a key can be limited to."""


def bearer_of(session: Session, key: str, *, now: datetime) -> Bearer | None:
    """Who comes in with ``key``; None unless it is one of ours that still holds, as its owner
    does."""
    found = session.exec(
        select(ApiKey, User)
        .join(User, isouter=True)
        .where(ApiKey.token_hash == token_hash(key), col(ApiKey.revoked_at).is_(None))
    ).first()
    if found is None:
        return None
    row, owner = found
    if (row.expires_at and row.expires_at <= now) or (owner and owner.disabled_at):
        return None
    seen = _namespaces(session, row, owner)
    role = role_of(row.scope, owner.role if owner else None, limited=seen is not None)
    actor = Actor(owner.id if owner else 0, f"API key {row.name}", role, seen)
    used = row.last_used_at
    return Bearer(row.id, row.name, row.scope, actor, used is None or used < now - NOTED_EVERY)


def _namespaces(session: Session, row: ApiKey, owner: User | None) -> frozenset[int] | None:
    own = select(ApiKeyNamespace.namespace_id).where(ApiKeyNamespace.api_key_id == row.id)
    seen = frozenset(session.exec(own)) if row.limited else None
    if owner is None or not owner.limited:
        return seen
    theirs = select(UserNamespace.namespace_id).where(UserNamespace.user_id == owner.id)
    allowed = frozenset(session.exec(theirs))
    return allowed if seen is None else seen & allowed


def list_keys(session: Session, *, now: datetime) -> list[ApiKeyView]:
    """All keys by name, the newest of one name first."""
    limits: dict[int, list[str]] = {}
    rows = select(ApiKeyNamespace.api_key_id, Namespace.slug).join(Namespace)
    for key_id, slug in session.exec(rows.order_by(Namespace.slug)):
        limits.setdefault(key_id, []).append(slug)
    rows_and_owners = select(ApiKey, User.email).join(User, isouter=True)
    keys = session.exec(rows_and_owners.order_by(ApiKey.name, col(ApiKey.id).desc())).all()
    return [_view(row, limits.get(row.id, ()), owner, now) for row, owner in keys]


def admin_keys(session: Session, *, actor: Actor, now: datetime) -> KeysView:
    """The keys, for admins of all namespaces; of the ended ones the latest `MOST_ENDED`."""
    who = f"{actor.email} · {actor.role.value}"
    if not actor.has(Role.ADMIN) or actor.namespace_ids is not None:
        return KeysView(who)
    found = [_row(each) for each in list_keys(session, now=now)]
    ended = sorted((each for each in found if each.state != "active"), key=lambda each: -each.id)
    present = [each for each in found if each.state == "active"]
    spaces = session.exec(select(Namespace.slug, Namespace.name).order_by(Namespace.name))
    return KeysView(
        who, True, (*present, *ended[:MOST_ENDED]), tuple(Choice(*each) for each in spaces)
    )


def _row(key: ApiKeyView) -> KeyRow:
    spaces = "all namespaces" if key.namespaces is None else ", ".join(key.namespaces)
    return KeyRow(
        id=key.id,
        name=key.name,
        beginning=key.beginning,
        scope=key.scope.value,
        where=spaces or "no namespace",
        state=key.state,
        expires_at=key.expires_at.isoformat() if key.expires_at else "",
        used_at=key.last_used_at.isoformat() if key.last_used_at else "",
        owner=key.owner,
    )


def _view(row: ApiKey, slugs: Sequence[str], owner: str | None, now: datetime) -> ApiKeyView:
    expired = row.expires_at is not None and row.expires_at <= now
    return ApiKeyView(
        row.id,
        row.name,
        row.beginning,
        row.scope,
        tuple(slugs) if row.limited else None,
        "revoked" if row.revoked_at else "expired" if expired else "active",
        row.created_at,
        row.expires_at,
        row.last_used_at,
        owner or "",
    )
