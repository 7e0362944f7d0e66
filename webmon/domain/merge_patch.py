"""Changes as JSON Merge Patch (RFC 7396) writes them, and opaque positions in a list."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from webmon.domain.ids import is_id


def patched(present: Any, patch: Any) -> Any:
    """``present`` with what ``patch`` says: null takes a name away, objects are merged."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(present) if isinstance(present, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), value)
    return result


def cursor_after(row_id: int) -> str:
    """The position behind a row."""
    return urlsafe_b64encode(f"after:{row_id}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> int:
    """The id of the row before a position.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        said = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        name, _, number = said.partition(":")
        found = int(number) if number.isdecimal() and len(number) < 11 else 0
    except (ValueError, UnicodeError):
        name, found = "", 0
    if name != "after" or not is_id(found):
        raise ValueError("must be the next_cursor of an earlier answer")
    return found
