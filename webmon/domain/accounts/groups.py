"""Which groups of an identity provider may do what. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from webmon.domain.accounts.access import RANKS, Role


@dataclass(frozen=True, slots=True)
class Grant:
    """What a group gives: a role, in the namespaces with these slugs (None: in all of them)."""

    role: Role
    namespaces: tuple[str, ...] | None = None


def read_grant(text: str) -> tuple[str, Grant]:
    """``group=role``, or ``group=role:slug+slug`` for some namespaces only.

    Raises:
        ValueError: it is not written so.
    """
    group, found, rest = text.rpartition("=")
    role, limited, slugs = rest.partition(":")
    names = tuple(each for each in slugs.split("+") if each)
    if not found or not group or (limited and not names):
        raise ValueError("must be group=role or group=role:namespace+namespace")
    try:
        return group, Grant(Role(role), names or None)
    except ValueError:
        raise ValueError("a role is admin, editor or viewer") from None


def granted(groups: Collection[str], grants: Mapping[str, Grant]) -> Grant | None:
    """The highest role of a person's groups, in the namespaces of the groups that give it."""
    theirs = [grants[group] for group in groups if group in grants]
    if not theirs:
        return None
    role = max((each.role for each in theirs), key=RANKS.__getitem__)
    limits = [each.namespaces for each in theirs if each.role is role]
    if None in limits:
        return Grant(role)
    return Grant(role, tuple(sorted({slug for limit in limits for slug in limit or ()})))
