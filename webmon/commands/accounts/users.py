"""People: invited, changed, shut out, let in again, deleted; and the first one, at the start."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator
from sqlmodel import Session, col, delete, select

from webmon.commands.accounts.activity import noted, write_entry
from webmon.commands.accounts.admins import lock_admins, require_an_admin
from webmon.commands.accounts.passwords import HashedPassword
from webmon.commands.accounts.snapshots import snapshot
from webmon.commands.validation import Fields, require_revision, validated
from webmon.domain.accounts.access import Actor, Role, require_confirmed
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.accounts.throttle import account_subject, pairs_of
from webmon.domain.ids import is_id
from webmon.domain.names import checked_name
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import (
    Letter,
    LoginAttempts,
    LoginSession,
    Namespace,
    PasswordLink,
    Setting,
    User,
    UserNamespace,
)
from webmon.models.letters import Occasion

SETUP_TOKEN = "setup_token_hash"

NOT_HERE = "this address cannot be given here: ask an administrator of all namespaces"

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


def _display_name(name: str) -> str:
    if len(name) > 100:
        raise ValueError("must have at most 100 characters")
    return checked_name(name) if name else ""


DisplayName = Annotated[str, AfterValidator(_display_name)]


class UserFields(Fields):
    """What can be said about a person. ``namespaces`` are slugs; None means all of them."""

    email: str
    name: DisplayName = ""
    role: Role
    namespaces: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A person that was saved, by the name that others know them by."""

    id: int
    name: str


@noted("user", "added")
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
    fields = {"email": email, "role": role, "namespaces": list(namespaces) or None}
    user = _add(session, validated(UserFields, fields), actor=None, now=now)
    user.password_hash, user.invited = hashed, False
    session.flush()
    return user.id


@noted("user", "invited")
def invite_user(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> Account:
    """Add a person who has no password yet: `password_links.new_link` lets them choose one.

    Raises:
        Invalid: a field of `UserFields` is wrong, or the address is taken.
        PermissionDenied: the actor does not manage people with these namespaces.
    """
    require_confirmed(actor, now=now)
    user = _add(session, validated(UserFields, fields), actor=actor, now=now)
    return Account(user.id, shown_name(user))


@noted("user", "changed")
def update_user(
    session: Session,
    user_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    revision: int | None = None,
) -> Account:
    """Give a person another address, name, role or other namespaces. ``revision`` is the one that
    the fields are based on, if somebody edited them.

    Raises:
        Invalid: a field is wrong, or the last admin would go.
        NotFound, PermissionDenied.
    """
    require_confirmed(actor, now=now)
    admins = lock_admins(session, actor)
    user = find_user(session, user_id, actor=actor, lock=True)
    wanted = validated(UserFields, fields)
    email = canonical_email(wanted.email)
    stored = {**user.model_dump(), "namespaces": _slugs(session, user)}
    typed = {**wanted.model_dump(), "email": email, "namespaces": _sorted(wanted.namespaces)}
    require_revision("user", revision, user.revision, stored, typed)
    if email != user.email:
        require_free(session, email, actor=actor)
        end_links(session, user.id)  # one was mailed to the address before
    namespace_ids = _namespace_ids(session, wanted, actor)
    _require_manages(actor, namespace_ids)
    user.email, user.name, user.role = email, wanted.name, wanted.role
    user.revision += 1
    _limit(session, user, namespace_ids)
    require_an_admin(session, admins)
    return Account(user.id, shown_name(user))


@noted("user", "deactivated")
def disable_user(session: Session, user_id: int, *, actor: Actor | None, now: datetime) -> None:
    """Shut a person out, at once: every session and link ends.

    Raises:
        Invalid: this is the last admin.
        NotFound, PermissionDenied.
    """
    require_confirmed(actor, now=now)
    admins = lock_admins(session, actor)
    user = find_user(session, user_id, actor=actor, lock=True)
    user.disabled_at = user.disabled_at or now
    require_an_admin(session, admins)
    end_sessions(session, user.id)
    end_links(session, user.id)


@noted("user", "reactivated")
def enable_user(
    session: Session,
    user_id: int,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Let a person in again who was shut out.

    Raises:
        NotFound, PermissionDenied.
    """
    require_confirmed(actor, now=now)
    find_user(session, user_id, actor=actor, lock=True).disabled_at = None
    session.flush()


@noted("user", "deleted")
def delete_user(
    session: Session,
    user_id: int,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Delete a person. What they did keeps their address.

    Raises:
        Invalid: this is the last admin.
        NotFound, PermissionDenied.
    """
    require_confirmed(actor, now=now)
    admins = lock_admins(session, actor)
    user = find_user(session, user_id, actor=actor, lock=True)
    end_sessions(session, user.id)
    session.delete(user)
    require_an_admin(session, admins)


@noted("user", "set the password of", always=True)
def set_password(
    session: Session,
    user_id: int,
    hashed: HashedPassword,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Change a password. Every session and link of the person ends; a block on the account is
    lifted.

    Raises:
        NotFound, PermissionDenied.
    """
    require_confirmed(actor, now=now)
    store_password(session, find_user(session, user_id, actor=actor, lock=True), hashed)


def change_own_password(
    session: Session,
    hashed: HashedPassword,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Change the actor's own password; every session and link of theirs ends.

    Raises:
        PermissionDenied: the actor has been shut out since.
    """
    user = session.get(User, actor.user_id, with_for_update=True)
    if user is None or user.disabled_at:
        raise PermissionDenied("this account is closed")
    store_password(session, user, hashed)
    subject = snapshot(session, "user", user.id)
    write_entry(session, "changed the password of", "user", subject, actor=actor, now=now)


def store_password(session: Session, user: User, hashed: HashedPassword) -> None:
    """Give a person, who is locked, a password; everything that knew the one before ends."""
    user.password_hash, user.invited = hashed, False
    session.flush()
    end_sessions(session, user.id)
    end_links(session, user.id)
    subject = col(LoginAttempts.subject)
    session.execute(
        delete(LoginAttempts).where(
            (subject == account_subject(user.email)) | subject.startswith(pairs_of(user.email))
        )
    )


def end_sessions(session: Session, user_id: int) -> None:
    """Sign a person out everywhere."""
    session.execute(delete(LoginSession).where(col(LoginSession.user_id) == user_id))


def end_links(session: Session, user_id: int) -> None:
    """Let no link that was made for this person set a password any more, nor one that is still to
    be mailed."""
    session.execute(delete(PasswordLink).where(col(PasswordLink.user_id) == user_id))
    with_link = col(Letter.occasion).in_((Occasion.PASSWORD, Occasion.INVITATION))
    waits = col(Letter.ready_at).is_not(None)
    session.execute(delete(Letter).where(col(Letter.user_id) == user_id, with_link, waits))


def shown_name(user: User) -> str:
    """What a person is called: their name, or their address where they have given none."""
    return user.name or user.email


def find_user(session: Session, user_id: int, *, actor: Actor | None, lock: bool = False) -> User:
    """The person, for somebody who manages them. Locked, a login that is under way ends either
    before this or not at all.

    Raises:
        NotFound, PermissionDenied.
    """
    if actor is not None and not actor.has(Role.ADMIN):
        raise PermissionDenied("only an admin may do this")
    how: dict[str, Any] = {"populate_existing": True, "with_for_update": True} if lock else {}
    user = session.get(User, user_id, **how) if is_id(user_id) else None
    if user is None or (actor is not None and not actor.manages(namespaces_of(session, user))):
        raise NotFound("this user does not exist")
    return user


def id_of(session: Session, email: str) -> int:
    """The id of the person with this address.

    Raises:
        NotFound: there is none.
    """
    found = session.exec(select(User.id).where(User.email == email.strip().lower())).first()
    if found is None:
        raise NotFound(f"there is no user {email}")
    return found


def namespaces_of(session: Session, user: User) -> frozenset[int] | None:
    """The namespaces that a person is limited to; None for all of them."""
    if not user.limited:
        return None
    owned = select(UserNamespace.namespace_id).where(UserNamespace.user_id == user.id)
    return frozenset(session.exec(owned))


def _slugs(session: Session, user: User) -> list[str] | None:
    if not user.limited:
        return None
    owned = select(Namespace.slug).join(UserNamespace).where(UserNamespace.user_id == user.id)
    return _sorted(session.exec(owned))


def _sorted(slugs: Iterable[str] | None) -> list[str] | None:
    return None if slugs is None else sorted(set(slugs))


def _add(session: Session, wanted: UserFields, *, actor: Actor | None, now: datetime) -> User:
    email = canonical_email(wanted.email)
    namespace_ids = _namespace_ids(session, wanted, actor)
    _require_manages(actor, namespace_ids)
    require_free(session, email, actor=actor)
    user = User(
        email=email,
        name=wanted.name,
        password_hash="",
        role=wanted.role,
        invited=True,
        created_at=now,
    )
    session.add(user)
    session.flush()
    _limit(session, user, namespace_ids)
    session.execute(delete(Setting).where(col(Setting.name) == SETUP_TOKEN))
    return user


@noted("user", "added")
def add_from_provider(session: Session, wanted: UserFields, *, now: datetime) -> User:
    """Add a person whom the identity provider has signed in, without a password.

    Raises:
        Invalid: the address is none or is taken, or a namespace is unknown.
    """
    return _add(session, wanted, actor=None, now=now)


@noted("user", "changed")
def give_role(
    session: Session,
    user_id: int,
    role: Role,
    namespaces: Sequence[str] | None,
    *,
    now: datetime,  # noqa: ARG001 -- every command takes it
) -> None:
    """Give a person the role and the namespaces that their groups give them now.

    Raises:
        Invalid: a namespace is unknown.
    """
    user = session.get_one(User, user_id, with_for_update=True)
    user.role = role
    known = (
        None if namespaces is None else {_namespace_id(session, each, None) for each in namespaces}
    )
    _limit(session, user, None if known is None else frozenset(known))


def _limit(session: Session, user: User, namespace_ids: frozenset[int] | None) -> None:
    session.execute(delete(UserNamespace).where(col(UserNamespace.user_id) == user.id))
    user.limited = namespace_ids is not None
    session.add_all(
        UserNamespace(user_id=user.id, namespace_id=key) for key in sorted(namespace_ids or ())
    )
    session.flush()


def _require_manages(actor: Actor | None, namespace_ids: frozenset[int] | None) -> None:
    if actor is None or actor.manages(namespace_ids):
        return
    if not actor.has(Role.ADMIN):
        raise PermissionDenied("only an admin may do this")
    raise Invalid("choose some of your own namespaces", "namespaces")


def require_free(session: Session, email: str, *, actor: Actor | None) -> None:
    """Go on only if nobody has this address. Who does not manage the account that has it is not
    told that there is one.

    Raises:
        Invalid: somebody has (field ``email``).
    """
    taken = session.exec(select(User).where(User.email == email)).first()
    if taken is None:
        return
    if actor is None or actor.manages(namespaces_of(session, taken)):
        raise Invalid(f"there is a user {email} already", "email")
    raise Invalid(NOT_HERE, "email")


def _namespace_ids(
    session: Session, wanted: UserFields, actor: Actor | None
) -> frozenset[int] | None:
    if actor is not None and not actor.has(Role.ADMIN):
        raise PermissionDenied("only an admin may do this")
    if wanted.namespaces is None:
        return None
    if not wanted.namespaces:
        raise Invalid("choose at least one", "namespaces")
    return frozenset(_namespace_id(session, slug, actor) for slug in wanted.namespaces)


def _namespace_id(session: Session, slug: str, actor: Actor | None) -> int:
    found = session.exec(select(Namespace.id).where(Namespace.slug == slug)).first()
    if found is None or (actor is not None and not actor.sees(found)):
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


def _has_users(session: Session) -> bool:
    return session.exec(select(User.id).limit(1)).first() is not None
