"""What can go wrong because of what somebody asked for.

WebmonError
├── Invalid            the input is wrong: names the field and what is allowed
├── NotFound           there is no such thing (any more)
├── PermissionDenied   the person may not do this
└── Throttled          too many attempts; says how long to wait
"""


class WebmonError(Exception):
    """Base of the errors whose text is meant to be shown to the person who caused them."""


class Invalid(WebmonError):
    """The input is wrong. ``field`` is the path to it (``"config.port"``), empty for the whole."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


class NotFound(WebmonError):
    """There is no such thing (any more)."""


class PermissionDenied(WebmonError):
    """The person may not do this."""


class Throttled(WebmonError):
    """Too many attempts; ``wait_seconds`` until the next one is looked at."""

    def __init__(self, message: str, wait_seconds: int) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds
