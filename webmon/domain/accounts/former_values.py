"""Which changes of the activity can be put back: edits whose old values it knows."""

from collections.abc import Mapping
from typing import Any

from webmon.domain.accounts.access import Role

CHANGED = "changed"
"""The verb of an edit."""
SECRET = "a secret"
ANOTHER_SECRET = "another secret"

PUT_BACK_BY = {
    "namespace": Role.EDITOR,
    "host": Role.EDITOR,
    "service": Role.EDITOR,
    "downtime": Role.EDITOR,
    "channel": Role.ADMIN,
    "user": Role.ADMIN,
}
"""Who at least may put back an edit of each thing."""

FOLLOWS = {"host": frozenset({"host_keys"}), "service": frozenset({"paused_until"})}
"""Fields that nobody edits: they change with others."""
OWN = {"user": frozenset({"timezone", "theme"})}
"""Fields that people choose for themselves alone."""


def can_be_put_back(verb: str, thing: str, changes: Mapping[str, Any]) -> bool:
    """Whether it is an edit by somebody who manages the thing, without an old value that was a
    secret."""
    wanted = fields_to_put_back(thing, changes)
    is_edit = verb == CHANGED and thing in PUT_BACK_BY and bool(wanted)
    is_theirs = not OWN.get(thing, frozenset()).isdisjoint(wanted)
    return (
        is_edit and not is_theirs and not any(holds_secret(before) for before, _ in wanted.values())
    )


def fields_to_put_back(thing: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the changes that somebody has decided: path, and value before and after."""
    left_out = FOLLOWS.get(thing, frozenset())
    return {path: each for path, each in changes.items() if path.split(".")[0] not in left_out}


def holds_secret(value: Any) -> bool:
    """Whether the activity has only a word in place of (a part of) the value."""
    if isinstance(value, dict):
        return any(map(holds_secret, value.values()))
    if isinstance(value, list):
        return any(map(holds_secret, value))
    return value in (SECRET, ANOTHER_SECRET)
