"""When a downtime occurs: a start on the clocks of a timezone, a length, and an RFC 5545 rule.

The rule is computed on the wall clock, so that 22:00 stays 22:00 when the clocks change. An
occurrence ends its length after its start in UTC: 45 minutes are 45 minutes on every day. A start
that the clocks skip is read by the offset before the gap, and of one that they strike twice the
first is meant (RFC 5545, 3.3.5).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from webmon.domain.history.uptime import Period

MOST_PARTS = 500
"""Characters of a rule."""

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = frozenset(
    ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS", "BYHOUR", "BYMINUTE"]
    + [f"BY{each}" for each in ("MONTH", "WEEKNO", "YEARDAY", "MONTHDAY", "DAY")]
)
MOST_A_DAY = 24
LARGEST = {"INTERVAL": 1000, "COUNT": 10_000}
UNTIL = re.compile(r"\d{8}(?:T\d{6}Z?)?")

SAME_CALENDAR_YEARS = 400
"""After so many years the calendar repeats, weekdays included."""

A_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1971, 2200


def read_rule(text: str, starts_local: datetime) -> str:
    """``text`` as a rule without prefix and spaces; empty for a downtime that happens once.

    Raises:
        ValueError: it is not a rule, starts too often, or never occurs from ``starts_local`` on.
    """
    rule = "".join(text.split()).upper().removeprefix("RRULE:").strip(";")
    if not rule:
        return ""
    if len(rule) > MOST_PARTS:
        raise ValueError(f"must have at most {MOST_PARTS} characters")
    _check_parts(_parts(rule))
    try:
        ever = _occurs(rule, starts_local)
    except (ValueError, OverflowError, TypeError, IndexError, KeyError, AttributeError):
        raise ValueError("is not a recurrence rule, such as FREQ=MONTHLY;BYDAY=1TU") from None
    if not ever:
        raise ValueError("never occurs")
    return rule


def _parts(rule: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise ValueError("is not a recurrence rule, such as FREQ=MONTHLY;BYDAY=1TU")
        if name in parts:
            raise ValueError(f"says {name} twice")
        parts[name] = value
    return parts


def _check_parts(parts: dict[str, str]) -> None:
    if "BYSECOND" in parts:
        raise ValueError("must not have BYSECOND: a downtime cannot start several times a minute")
    if unknown := sorted(set(parts) - PARTS):
        raise ValueError(f"has a part that is not known: {unknown[0][:20]}")
    if parts.get("FREQ") not in FREQUENCIES:
        raise ValueError(f"must have FREQ, one of {', '.join(FREQUENCIES)}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("must not have both COUNT and UNTIL")
    for name, largest in LARGEST.items():
        value = parts.get(name, "1")
        if not value.isascii() or not value.isdecimal() or not 0 < int(value[:9]) <= largest:
            raise ValueError(f"must have {name} between 1 and {largest}")
    if "UNTIL" in parts and not UNTIL.fullmatch(parts["UNTIL"]):
        raise ValueError("must have UNTIL in the form 20271231T235959 or 20271231T235959Z")
    hours, minutes = (parts.get(name, "").count(",") + 1 for name in ("BYHOUR", "BYMINUTE"))
    if hours * minutes > MOST_A_DAY:
        raise ValueError(f"must not start more than {MOST_A_DAY} times a day")


def _occurs(rule: str, starts_local: datetime) -> bool:
    """Whether it ever does. Asked near the end of the calendar, where dateutil soon stops."""
    without_end, until = _split_until(rule)
    years = SAME_CALENDAR_YEARS * ((9999 - starts_local.year) // SAME_CALENDAR_YEARS)
    later = starts_local.replace(year=starts_local.year + years)
    first = next(iter(rrulestr(without_end, dtstart=later)), None)
    if first is None or until is None:
        return first is not None
    local = first.replace(year=first.year - years)
    limit, is_utc = until
    return local - A_DAY <= limit if is_utc else local <= limit


def _split_until(rule: str) -> tuple[str, tuple[datetime, bool] | None]:
    """The rule without UNTIL; that instant, and whether it is in UTC or on the wall clock."""
    kept = [part for part in rule.split(";") if not part.startswith("UNTIL=")]
    value = _parts(rule).get("UNTIL")
    if value is None:
        return rule, None
    return ";".join(kept), (datetime.fromisoformat(value.removesuffix("Z")), "Z" in value)


def rule_until(rule: str, last_at: datetime) -> str:
    """The rule, ended with an occurrence that starts at ``last_at``."""
    kept = [part for part in rule.split(";") if not part.startswith(("UNTIL=", "COUNT="))]
    return ";".join([*kept, f"UNTIL={last_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"])


def rule_from(rule: str, behind: int) -> str:
    """The rule for what follows after ``behind`` occurrences: fewer are left of a COUNT."""
    parts = _parts(rule)
    if "COUNT" in parts:
        parts["COUNT"] = str(int(parts["COUNT"]) - behind)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def read_local(text: str, timezone: str) -> datetime:
    """``2026-12-01T22:00`` as a time on the clocks of ``timezone``, to the second.

    With an offset (or ``Z``) it is that instant, in the local time there.

    Raises:
        ValueError: it is not a time.
    """
    try:
        found = datetime.fromisoformat(text.strip())
        if found.tzinfo is not None:
            found = found.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ValueError("must be a date and a time, such as 2026-12-01T22:00") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(f"must lie between {FIRST_YEAR} and {LAST_YEAR}")
    return found.replace(microsecond=0, fold=0)


def instant(local: datetime, timezone: str) -> datetime:
    """The instant of a wall clock's time, in UTC."""
    return local.replace(tzinfo=ZoneInfo(timezone), fold=0).astimezone(UTC)


def local_time(at: datetime, timezone: str) -> datetime:
    """What the wall clock there shows at an instant."""
    return at.astimezone(ZoneInfo(timezone)).replace(tzinfo=None, fold=0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a downtime occurs. ``starts_local`` is on the clocks of ``timezone``."""

    starts_local: datetime
    timezone: str
    length: timedelta
    rule: str = ""

    def __iter__(self) -> Iterator[datetime]:
        """The starts, as instants in UTC."""
        if not self.rule:
            yield instant(self.starts_local, self.timezone)
            return
        for local in self._locals():
            yield instant(local, self.timezone)

    def _locals(self) -> Iterable[datetime]:
        rule, until = _split_until(self.rule)
        found: Iterable[datetime] = rrulestr(rule, dtstart=self.starts_local)
        if until is None:
            return found
        limit, is_utc = until
        if not is_utc:
            return takewhile(lambda local: local <= limit, found)
        end = limit.replace(tzinfo=UTC)
        return takewhile(lambda local: instant(local, self.timezone) <= end, found)

    def between(self, begin: datetime, end: datetime, most: int | None = None) -> list[datetime]:
        """The starts from ``begin`` on and before ``end``, the earliest first."""
        found: set[datetime] = set()
        for at in self:
            if at >= end + A_DAY or (most is not None and len(found) > most + MOST_A_DAY):
                break
            if begin <= at < end:
                found.add(at)
        return sorted(found)[:most]

    def following(self, begin: datetime, most: int) -> list[datetime]:
        """The next ``most`` starts from ``begin`` on."""
        return self.between(begin, datetime(LAST_YEAR + 100, 1, 1, tzinfo=UTC), most)

    def period(self, slot_at: datetime) -> Period:
        """The occurrence that starts then."""
        return Period(slot_at, slot_at + self.length)


GAP = "the clocks skip this time: it starts at the time after the change"
FOLD = "the clocks show this time twice: it starts at the first"


def what_is_odd(local: datetime, timezone: str) -> str:
    """What is to know about a start on a day on which the clocks change; else empty."""
    zone = ZoneInfo(timezone)
    if instant(local, timezone).astimezone(zone).replace(tzinfo=None) != local.replace(fold=0):
        return GAP
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return FOLD if first != second else ""
