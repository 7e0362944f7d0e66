"""Address families: which one a check is made over, where that was chosen."""

import socket
from contextvars import ContextVar
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

AUTO, BOTH = "auto", "both"
FAMILIES: dict[str, int] = {"4": socket.AF_INET, "6": socket.AF_INET6}


def _as_text(value: Any) -> Any:
    """YAML has 4 and 6 as numbers."""
    if value == "":
        return AUTO
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


AddressFamily = Annotated[
    Literal["auto", "4", "6", "both"],
    BeforeValidator(_as_text),
    Field(
        title="Address family",
        description="4: IPv4 only; 6: IPv6 only; auto: the one that connects first; "
        "both: each is looked at, and if only one works, the service has difficulties",
    ),
]
"""For a field ``address_family``; its default is ``auto``."""

_chosen: ContextVar[str] = ContextVar("family", default=AUTO)


def choose_family(family: str) -> None:
    """What this task begins from now on looks up and connects to addresses of ``family`` only."""
    _chosen.set(family)


def present_family() -> str:
    """The one that was chosen for this code: ``auto``, ``4`` or ``6``."""
    return _chosen.get()
