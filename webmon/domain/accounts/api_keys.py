"""What a key of the API looks like, what it may do, and where it stands in a request."""

from enum import StrEnum

from webmon.domain.accounts.access import RANKS, Role

PREFIX = "wm_"
SHOWN = 9
"""Characters of a key that may be seen: enough to tell two apart, nothing to come in with."""


class Scope(StrEnum):
    """What a program may do with its key."""

    READ = "read"
    WRITE = "write"


def role_of(scope: Scope, owner: Role | None, *, limited: bool) -> Role:
    """The role that a key has: no more than its owner's, where it belongs to a person.

    A key that writes everywhere is an admin's, one that is limited to namespaces an editor's.
    """
    if scope is Scope.READ:
        return Role.VIEWER
    most = Role.EDITOR if limited else Role.ADMIN
    return most if owner is None else min(most, owner, key=RANKS.__getitem__)


def key_in(authorization: str) -> str:
    """The key in the header ``Authorization: Bearer wm_…``; empty where there is none."""
    scheme, _, key = authorization.strip().partition(" ")
    key = key.strip()
    return key if scheme.lower() == "bearer" and key.startswith(PREFIX) else ""
