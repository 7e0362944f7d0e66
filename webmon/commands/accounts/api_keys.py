"""Keys for programs: made, replaced, taken back. A key is shown once; only its hash is stored."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from webmon.commands.accounts.activity import Found, noted
from webmon.domain.accounts.access import Actor, Role, require, require_confirmed
from webmon.domain.accounts.api_keys import PREFIX, SHOWN, Scope
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.names import checked_name
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import ApiKey, ApiKeyNamespace, Namespace

LONGEST = timedelta(days=3660)
LONGEST_NAME = 100


def _of_that_name(session: Session, _result: object, _now: datetime, name: str) -> Found:
    newest = select(ApiKey.id).where(ApiKey.name == name.strip()).order_by(col(ApiKey.id).desc())
    yield "API key", session.exec(newest.limit(1)).first()


@noted("API key", "made", about=_of_that_name)
def add_key(
    session: Session,
    name: str,
    scope: Scope,
    *,
    namespaces: Sequence[str] = (),
    lasts: timedelta | None = None,
    actor: Actor | None,
    now: datetime,
) -> str:
    """A new key, for the namespaces with these slugs where any are given; returns it. It may no
    more than ``actor``, and ends with their account; without an actor it is nobody's.

    Raises:
        Invalid: the name is taken by a key that still holds, or a slug is unknown.
        PermissionDenied: only admins of all namespaces make keys.
    """
    _require_admin(actor, now)
    name = _name(name)
    if _active(session, name, now):
        raise Invalid("there is a key of this name; rotate it or take another name", "name")
    ids = [_namespace_id(session, slug) for slug in dict.fromkeys(namespaces)]
    owner = actor.user_id or None if actor else None
    return _store(session, name, scope, ids, _end(lasts, now), user_id=owner, now=now)


@noted("API key", "replaced", about=_of_that_name)
def rotate_key(
    session: Session,
    name: str,
    *,
    overlap: timedelta,
    lasts: timedelta | None = None,
    actor: Actor | None,
    now: datetime,
) -> str:
    """A key in place of the current ones of that name, which hold for ``overlap`` more.

    It has the scope and the namespaces of the latest of them.

    Raises:
        NotFound: no key of that name holds.
        PermissionDenied: as `add_key`.
    """
    _require_admin(actor, now)
    present = _active(session, name, now)
    if not present:
        raise NotFound(f"there is no active key {name}")
    latest = present[-1]
    for each in present:
        end = now + overlap
        each.expires_at = end if each.expires_at is None else min(end, each.expires_at)
    owned = select(ApiKeyNamespace.namespace_id).where(ApiKeyNamespace.api_key_id == latest.id)
    ids = list(session.exec(owned)) if latest.limited else []
    if latest.limited and not ids:
        raise Invalid("the namespaces of this key are gone; make another one", "namespaces")
    end_at = _end(lasts, now)
    return _store(session, name, latest.scope, ids, end_at, user_id=latest.user_id, now=now)


@noted("API key", "revoked", about=_of_that_name)
def revoke_key(session: Session, name: str, *, actor: Actor | None, now: datetime) -> int:
    """Take back every key of that name, at once; returns how many there were.

    Raises:
        NotFound: no key of that name holds.
        PermissionDenied: as `add_key`.
    """
    _require_admin(actor, now)
    present = _active(session, name, now)
    if not present:
        raise NotFound(f"there is no active key {name}")
    for each in present:
        each.revoked_at = now
    session.flush()
    return len(present)


def note_use(session: Session, key_id: int, *, now: datetime) -> None:
    """Remember when a key was used last."""
    session.execute(
        update(ApiKey)
        .where(col(ApiKey.id) == key_id)
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )


def _name(text: str) -> str:
    try:
        name = checked_name(text.strip())
    except ValueError as error:
        raise Invalid(str(error), "name") from None
    if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        raise Invalid(f"must have 1 to {LONGEST_NAME} characters", "name")
    return name


def _require_admin(actor: Actor | None, now: datetime) -> None:
    if actor is None:
        return
    require(actor, Role.ADMIN)
    if actor.namespace_ids is not None:
        raise PermissionDenied("this needs access to all namespaces")
    require_confirmed(actor, now=now)


def _active(session: Session, name: str, now: datetime) -> list[ApiKey]:
    rows = session.exec(
        select(ApiKey)
        .where(ApiKey.name == name, col(ApiKey.revoked_at).is_(None))
        .order_by(col(ApiKey.id))
        .with_for_update()
    )
    return [row for row in rows if row.expires_at is None or row.expires_at > now]


def _end(lasts: timedelta | None, now: datetime) -> datetime | None:
    if lasts is None:
        return None
    if not timedelta(0) < lasts <= LONGEST:
        raise Invalid("must be between 1 s and 10 years", "expires")
    return now + lasts


def _store(
    session: Session,
    name: str,
    scope: Scope,
    namespace_ids: Sequence[int],
    expires_at: datetime | None,
    *,
    user_id: int | None = None,
    now: datetime,
) -> str:
    key = PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        name=name,
        token_hash=token_hash(key),
        beginning=key[:SHOWN],
        scope=scope,
        limited=bool(namespace_ids),
        user_id=user_id,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    session.add_all(ApiKeyNamespace(api_key_id=row.id, namespace_id=id) for id in namespace_ids)
    session.flush()
    return key


def _namespace_id(session: Session, slug: str) -> int:
    found = session.exec(select(Namespace.id).where(Namespace.slug == slug)).first()
    if found is None:
        raise Invalid(f"there is no namespace {slug}", "namespaces")
    return found
