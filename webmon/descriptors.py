"""File descriptors: every connection takes one, and the usual limit of 1,024 is soon reached."""

import contextlib
import resource


def allow_many() -> int:
    """Allow this process as many as the system lets it have; returns how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # what the system says is then the limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard
    return soft
