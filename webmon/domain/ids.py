"""Ids that come from outside."""

from typing import Any, TypeGuard

LARGEST_ID = 2**31 - 1


def is_id(value: Any) -> TypeGuard[int]:
    """Whether ``value`` can be the id of a row at all; a browser may send anything."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID
