"""Through what, and from where, the present work was asked for: the admin app, a command, a file.

Every way in says so once, around all it does. What says nothing is the monitor's own work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum


class Way(StrEnum):
    """Through what something was changed."""

    APP = "app"
    CLI = "cli"
    FILE = "file"
    API_KEY = "api_key"
    SLACK = "slack"
    MCP = "mcp"
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class Origin:
    """``address`` is the client's; ``who`` names somebody who has no account, such as the user of
    the machine who runs a command."""

    way: Way = Way.MONITOR
    address: str = ""
    who: str = ""


_present: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 -- frozen


def present_origin() -> Origin:
    """That of the work under way."""
    return _present.get()


def comes_by(way: Way) -> None:
    """The rest of the request under way is asked for in this way, from where the request comes."""
    _present.set(replace(_present.get(), way=way))


@contextmanager
def coming(way: Way, *, address: str = "", who: str = "") -> Iterator[None]:
    """What is done inside was asked for in this way."""
    token = _present.set(Origin(way, address, who))
    try:
        yield
    finally:
        _present.reset(token)
