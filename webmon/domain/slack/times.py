"""Times as people write them, by a closed grammar: what it does not know is refused, not guessed.

WHEN    now · [DAY] HH:MM
DAY     today · tomorrow · monday … sunday · 2026-12-01
LENGTH  45m · 2h · 1h30m · 1d
PLAN    WHEN for LENGTH
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EXAMPLES = (
    "“tomorrow 22:00 for 45m”, “14:00 for 1h”, “friday 9:30 for 2h”, “2026-12-01 22:00 for 45m”"
)
FURTHEST = timedelta(days=366)
LONGEST = timedelta(days=31)

WHEN = (
    r"now|(?:(?P<day>today|tomorrow|[a-z]{3,9}day|mon|tue|wed|thu|fri|sat|sun"
    r"|\d{4}-\d{2}-\d{2})[ t])?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})"
)
LENGTH = r"(?:(?P<days>\d{1,2})d)?(?:(?P<hours>\d{1,3})h)?(?:(?P<minutes>\d{1,4})m)?"
_WHEN = re.compile(WHEN, re.ASCII)
_LENGTH = re.compile(LENGTH, re.ASCII)
PLAN = re.compile(rf"(?P<when>{WHEN}) for (?P<length>\S+)", re.ASCII)


def parse_when(text: str, *, now: datetime, timezone: ZoneInfo) -> datetime:
    """The instant, in UTC; a time or a weekday alone is the next one.

    Raises:
        ValueError: it is not of the grammar, has passed, lies further ahead than a year, or there
            is no such time on that day, or two of them, because clocks change.
    """
    said = " ".join(text.lower().split())
    match = _WHEN.fullmatch(said)
    if match is None:
        raise ValueError(f"“{text[:60]}” is not a time that I know. Write it like {EXAMPLES}")
    if said == "now":
        return now
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or minute > 59:
        raise ValueError(f"there is no time {match['hour']}:{match['minute']}")
    at = _on(match["day"], time(hour, minute), now, timezone)
    if at <= now:
        raise ValueError(f"{shown(at, timezone)} has passed")
    if at > now + FURTHEST:
        raise ValueError("that is more than a year ahead")
    return at


def parse_length(text: str) -> timedelta:
    """A length of time such as ``45m`` or ``1h30m``.

    Raises:
        ValueError: it is none, or nothing, or longer than a month.
    """
    match = _LENGTH.fullmatch(text.strip().lower())
    if match is None or not any(match.groups()):
        raise ValueError(f"“{text[:60]}” is not a length of time. Write 45m, 2h, 1h30m or 1d")
    parts = {name: int(value or 0) for name, value in match.groupdict().items()}
    length = timedelta(**parts)
    if not timedelta(0) < length <= LONGEST:
        raise ValueError("must be between a minute and 31 days")
    return length


def shown(at: datetime, timezone: ZoneInfo) -> str:
    """The instant for people, so that nothing can be misread: ``Tue 1 Dec 2026, 22:00 (…)``."""
    return f"{at.astimezone(timezone):%a %-d %b %Y, %H:%M} ({timezone.key})"


def _on(day: str | None, at: time, now: datetime, timezone: ZoneInfo) -> datetime:
    today = now.astimezone(timezone).date()
    if day == "today":
        return _instant(today, at, timezone)
    if day == "tomorrow":
        return _instant(today + timedelta(days=1), at, timezone)
    if day is not None and day[0].isdigit():
        return _instant(_date(day), at, timezone)
    every, ahead = 1, 0
    if day is not None:
        every, ahead = 7, (_weekday(day) - today.weekday()) % 7
    first = today + timedelta(days=ahead)
    if datetime.combine(first, at) <= now.astimezone(timezone).replace(tzinfo=None):
        first += timedelta(days=every)
    return _instant(first, at, timezone)


def _weekday(day: str) -> int:
    for number, name in enumerate(DAYS):
        if day in (name, name[:3]):
            return number
    raise ValueError(f"there is no day “{day}”. Write it like {EXAMPLES}")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}") from None


def _instant(day: date, at: time, timezone: ZoneInfo) -> datetime:
    local = datetime.combine(day, at, timezone)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first.astimezone(timezone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(f"clocks are put forward on {day}: there is no {at:%H:%M} that day")
    raise ValueError(f"clocks are put back on {day}: {at:%H:%M} comes twice that day")
