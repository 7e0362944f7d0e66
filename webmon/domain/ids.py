"""Ids that come from outside."""

from typing import Any, TypeGuard

LARGEST_ID = 2**31 - 1


def is_id(value: Any) -> TypeGuard[int]:
    """Whether ``value`` can be the id of a row at all; a browser may send anything."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID


def read_id(text: str | None) -> int:
    """The id in an address; 0 where it is none."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 10:
        return 0
    number = int(text)
    return number if is_id(number) else 0
