"""Who may do what. Pure: the person comes in as a value."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from webmon.errors import ConfirmationNeeded, NotFound, PermissionDenied


class Role(StrEnum):
    """What a person may do: see, change what is watched, or also manage people."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


RANKS = {Role.VIEWER: 0, Role.EDITOR: 1, Role.ADMIN: 2}


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind a request, as the database knows them at this moment."""

    user_id: int
    email: str
    role: Role
    namespace_ids: frozenset[int] | None = None
    """The namespaces the person is limited to; None for all of them."""
    confirmed_at: datetime | None = field(default=None, compare=False)
    """When the person last proved who they are in this browser; None for programs, whose key is all
    they have."""

    def has(self, role: Role) -> bool:
        """Whether the person's role is ``role`` or more."""
        return RANKS[self.role] >= RANKS[role]

    def sees(self, namespace_id: int) -> bool:
        """Whether the namespace is one of the person's."""
        return self.namespace_ids is None or namespace_id in self.namespace_ids

    def manages(self, namespace_ids: Collection[int] | None) -> bool:
        """Whether the person is an admin of all that somebody with these namespaces (None: all of
        them) has: only then may they make, change or end that account."""
        if not self.has(Role.ADMIN):
            return False
        if self.namespace_ids is None:
            return True
        return bool(namespace_ids) and self.namespace_ids.issuperset(namespace_ids or ())


def require(actor: Actor, role: Role, namespace_id: int | None = None) -> None:
    """Let through only who has ``role`` (and, where given, the namespace).

    Raises:
        PermissionDenied: otherwise.
    """
    if not actor.has(role):
        article = "an" if role is not Role.VIEWER else "a"
        raise PermissionDenied(f"only {article} {role.value} may do this")
    if namespace_id is not None and not actor.sees(namespace_id):
        raise PermissionDenied("this namespace is not one of yours")


def require_theirs(actor: Actor | None, role: Role, namespace_id: int | None, thing: str) -> None:
    """The same about a ``thing`` that is there. One of a namespace that the person does not see is
    as one that is not there: nobody learns which names and numbers others have.

    Raises:
        NotFound, PermissionDenied.
    """
    if actor is None:
        return
    if namespace_id is not None and not actor.sees(namespace_id):
        raise NotFound(f"this {thing} does not exist")
    require(actor, role)


CONFIRMED_FOR = timedelta(minutes=10)


def require_confirmed(actor: Actor | None, *, now: datetime) -> None:
    """Let through only who has just proved who they are: before users, keys and secrets change.

    Raises:
        ConfirmationNeeded: that was more than `CONFIRMED_FOR` ago.
    """
    if actor is not None and not is_confirmed(actor, now=now):
        raise ConfirmationNeeded("say again who you are, and then do this again")


def is_confirmed(actor: Actor, *, now: datetime) -> bool:
    """Whether the actor has just proved who they are, or is a program."""
    return actor.confirmed_at is None or timedelta(0) <= now - actor.confirmed_at < CONFIRMED_FOR
