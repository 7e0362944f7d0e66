"""Days and months as the clocks of a timezone have them. Pure."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise

from webmon.domain.history.uptime import Period

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def month(at: datetime, timezone: tzinfo) -> Period:
    """The calendar month that ``at`` falls into there."""
    first = at.astimezone(timezone).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return Period(midnight(first, timezone), midnight(following, timezone))


def days(until: datetime, count: int, timezone: tzinfo) -> list[Period]:
    """The ``count`` days there that end with the one ``until`` falls into, the earliest first.

    A day on which the clocks change has 23 or 25 hours.
    """
    today = until.astimezone(timezone).date()
    edges = [midnight(today - timedelta(days=back), timezone) for back in range(count - 1, -2, -1)]
    return [Period(*each) for each in pairwise(edges)]


def utc_day(at: datetime) -> int:
    """The day of ``at`` in UTC, counted from 1970."""
    return (at - EPOCH) // DAY


def utc_midnight(day: int) -> datetime:
    """When the day of that number began."""
    return EPOCH + day * DAY


def midnight(day: date, timezone: tzinfo) -> datetime:
    """The first instant of ``day`` there, in UTC.

    Where the clocks skip midnight it is the instant of the skip; where they strike it twice, the
    first one (PEP 495: ``fold`` 0 reads a skipped time by the offset before the skip).
    """
    return datetime(day.year, day.month, day.day, tzinfo=timezone).astimezone(UTC)
