"""The timezones there are."""

from functools import cache
from zoneinfo import available_timezones

known_timezones = cache(available_timezones)
"""Their names, read once: it takes several milliseconds."""


def read_timezone(name: str) -> str:
    """The name of a timezone.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in known_timezones():
        raise ValueError("must be the name of a timezone, such as Europe/London")
    return name
