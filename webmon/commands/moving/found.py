"""What another monitor watches, in our words, and what of it is lost."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

JOBS = "Jobs"
"""The host of jobs that report in: they have no address."""
MOVED = "the job must call another address, which the service's page shows"
"""What is different for each of them."""


@dataclass(slots=True)
class Found:
    """One thing that the other monitor has.

    ``service`` is a service as the configuration file writes it; None where it is not carried, and
    then ``why`` says so. ``changed`` says what is different here.
    """

    name: str
    kind: str
    host: str = ""
    address: str = ""
    service: dict[str, Any] | None = None
    changed: list[str] = field(default_factory=list)
    why: str = ""

    @property
    def shown(self) -> str:
        """As the report names it."""
        return f"{self.name} ({self.kind})"


def left_out(name: object, kind: object, why: str) -> Found:
    """Something that is not carried."""
    return Found(str(name or "without a name")[:100], str(kind), why=why)


def read_each(make: Callable[[Any], Found], items: Iterable[Any], kind: str) -> list[Found]:
    """What ``make`` finds in each item; one that is of another shape than expected is left out."""
    found = []
    for item in items:
        try:
            found.append(make(item))
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            name = item.get("name") if isinstance(item, Mapping) else item
            found.append(left_out(name, kind, f"it cannot be read: {error}"[:200]))
    return found


def host_of(url: str) -> str:
    """The host in an address; empty where there is none."""
    try:
        return urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""


def port_of(url: str, ordinary: int = 0) -> int:
    """The port in an address."""
    try:
        return urlsplit(url if "://" in url else f"//{url}").port or ordinary
    except ValueError:
        return ordinary


def seconds(value: object, ordinary: float) -> str:
    """A length as the file writes it."""
    try:
        number = float(str(value))
    except ValueError:
        number = ordinary
    if not 0 < number < 10**9:
        number = ordinary
    return f"{number:g}s"


def without_nothing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Only what says something."""
    return {name: value for name, value in fields.items() if value not in (None, "", {}, [])}
