"""What can go wrong because of what somebody asked for.

WebmonError
├── Invalid            the input is wrong: names the field and what is allowed
│   └── Conflict       somebody else saved it since it was read
├── FileError          something in a file is wrong: says in which line
├── NotFound           there is no such thing (any more)
├── PermissionDenied   the person may not do this
│   └── ConfirmationNeeded   until they have proved again who they are
├── Throttled          too many attempts; says how long to wait
└── MustBePatient      the same may be asked again after a while, and is then done
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class WebmonError(Exception):
    """Base of the errors whose text is meant to be shown to the person who caused them."""


class Invalid(WebmonError):
    """The input is wrong. ``field`` is the path to it (``"config.port"``), empty for the whole.

    ``more`` is what else is wrong with the same input.
    """

    def __init__(self, message: str, field: str = "", more: Sequence["Invalid"] = ()) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message
        self.more = tuple(more)

    def each(self) -> Iterator["Invalid"]:
        """All that is wrong, once for each field."""
        told = {self.field}
        yield self
        for other in self.more:
            if other.field not in told:
                told.add(other.field)
                yield other


def joined(mistakes: Sequence[Invalid]) -> Invalid:
    """Several of them as one; there is at least one."""
    every = [each for mistake in mistakes for each in mistake.each()]
    return Invalid(every[0].message, every[0].field, every[1:])


class Conflict(Invalid):
    """Somebody else saved the same thing since it was read; ``fields`` is where the two differ."""

    def __init__(self, thing: str, fields: list[str]) -> None:
        super().__init__(
            f"someone else changed this {thing} in the meantime, and this would undo it: "
            f"{', '.join(fields)}"
        )
        self.fields = fields


class FileError(WebmonError):
    """Something in a file is wrong: ``FILE:line: what``."""

    def __init__(self, file: Path, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")


class NotFound(WebmonError):
    """There is no such thing (any more)."""


class PermissionDenied(WebmonError):
    """The person may not do this."""


class ConfirmationNeeded(PermissionDenied):
    """The person may do this, once they have proved again who they are."""


class Throttled(WebmonError):
    """Too many attempts; ``wait_seconds`` until the next one is looked at."""

    def __init__(self, message: str, wait_seconds: int) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class MustBePatient(WebmonError):
    """The same may be asked again after a while, and is then done."""


_TYPES = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "names with values",
    "model_type": "names with values",
}


def in_plain_words(error: ErrorDetails) -> str:
    """What pydantic found wrong, as a message of `Invalid`."""
    kind, limits = error["type"], error.get("ctx", {})
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}"
    if kind == "missing":
        return "is required"
    if kind == "greater_than_equal":
        return f"must be {limits['ge']:.10g} or more"
    if kind == "greater_than":
        return f"must be more than {limits['gt']:.10g}"
    if kind == "less_than_equal":
        return f"must be {limits['le']:.10g} or less"
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "string_too_long":
        return f"must have at most {limits['max_length']} characters"
    if kind in ("literal_error", "enum"):
        return f"must be {limits['expected']}"
    message = error["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def what_is_wrong(error: ValidationError | Invalid) -> str:
    """The first thing that is wrong with something stored, with the path to it; no value."""
    if isinstance(error, Invalid):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return str(Invalid(in_plain_words(first), ".".join(map(str, first["loc"]))))
