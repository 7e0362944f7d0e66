"""Planned downtime as an iCalendar (RFC 5545): what every calendar can subscribe to. Pure.

`icalendar` is imported when the first calendar is made: the worker does without it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from webmon.domain.downtimes.recurrence import Schedule, instant
from webmon.domain.history.uptime import Period

PRODUCT = "-//Beaconry//Planned downtime//EN"
REFRESH = timedelta(hours=1)
UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "Etc/Zulu", "Zulu", "UCT", "Universal"})
YEARS_AHEAD = 10
"""How far the clock changes of a timezone are told; subscribers come back within the hour."""


@dataclass(frozen=True, slots=True)
class OtherTime:
    """A time of a series that is not as the rule has it. ``slot_at`` names it."""

    slot_at: datetime
    period: Period
    title: str
    message: str
    cancelled: bool
    sequence: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A downtime. ``period`` is that of its only, or first, time; ``skipped`` do not take place."""

    uid: str
    title: str
    message: str
    namespace: str
    hosts: tuple[str, ...]
    schedule: Schedule
    period: Period
    sequence: int
    changed_at: datetime
    cancelled: bool = False
    skipped: tuple[datetime, ...] = ()
    others: tuple[OtherTime, ...] = ()


def to_ics(entries: Sequence[CalendarEntry], *, name: str, url: str, now: datetime) -> bytes:
    """The calendar called ``name``; ``url`` is the page that shows the same."""
    from icalendar import Calendar, vDuration

    calendar = Calendar()
    for key, value in (
        *(("prodid", PRODUCT), ("version", "2.0"), ("calscale", "GREGORIAN")),
        *(("method", "PUBLISH"), ("name", name), ("x-wr-calname", name)),
    ):
        calendar.add(key, value)
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    for zone in _zones(entries):
        first = min(each.period.began_at for each in entries if each.schedule.timezone == zone)
        calendar.add_component(_timezone(zone, first.year, max(first, now).year + YEARS_AHEAD))
    for each in entries:
        for event in _events(each, url):
            calendar.add_component(event)
    ics: bytes = calendar.to_ical()
    return ics


def _zones(entries: Iterable[CalendarEntry]) -> list[str]:
    return sorted({each.schedule.timezone for each in entries} - UTC_NAMES)


@lru_cache(maxsize=100)
def _timezone(name: str, first_year: int, last_year: int) -> Any:
    from icalendar import Timezone

    begin, end = date(first_year, 1, 1), date(last_year, 1, 1)
    zone = Timezone.from_tzid(name, first_date=begin, last_date=end)
    zone.pop("comment", None)
    for change in zone.subcomponents:
        _tell_by_the_old_clock(change)
    return zone


def _tell_by_the_old_clock(change: Any) -> None:
    """RFC 5545, 3.6.5: a change is told as the clock shows it that is put forward or back.

    The library tells one forward by the clock after it, an hour too late.
    """
    forward = change["tzoffsetto"].td - change["tzoffsetfrom"].td
    if forward <= timedelta(0):
        return
    change["dtstart"].dt -= forward
    for each in change.get("rdate", ()) and change["rdate"].dts:
        each.dt -= forward


def _events(entry: CalendarEntry, url: str) -> list[Any]:
    main = _event(
        entry, url, entry.period, entry.title, entry.message,
        sequence=entry.sequence, changed_at=entry.changed_at, cancelled=entry.cancelled,
    )  # fmt: skip
    if not entry.schedule.rule:
        return [main]
    from icalendar import vRecur

    main.add("rrule", vRecur.from_ical(_in_utc(entry.schedule)))
    for slot_at in entry.skipped:
        main.add("exdate", _local(slot_at, entry.schedule.timezone))
    others = []
    for each in entry.others:
        other = _event(
            entry, url, each.period, each.title, each.message,
            sequence=each.sequence, changed_at=each.changed_at,
            cancelled=each.cancelled or entry.cancelled,
        )  # fmt: skip
        other.add("recurrence-id", _local(each.slot_at, entry.schedule.timezone))
        others.append(other)
    return [main, *others]


def _event(
    entry: CalendarEntry,
    url: str,
    period: Period,
    title: str,
    message: str,
    *,
    sequence: int,
    changed_at: datetime,
    cancelled: bool,
) -> Any:
    from icalendar import Event

    event = Event()
    hosts = f"Affected: {', '.join(entry.hosts)}" if entry.hosts else ""
    changed = changed_at.replace(microsecond=0)
    for key, value in (
        *(("uid", entry.uid), ("summary", title), ("url", url), ("categories", [entry.namespace])),
        ("description", "\n\n".join(filter(None, (message, hosts)))),
        ("dtstart", _local(period.began_at, entry.schedule.timezone)),
        ("duration", _exact(period.ended_at - period.began_at)),
        *(("dtstamp", changed), ("last-modified", changed), ("sequence", sequence)),
        *(("status", "CANCELLED" if cancelled else "CONFIRMED"), ("transp", "TRANSPARENT")),
    ):
        event.add(key, value)
    return event


def _local(at: datetime, timezone: str) -> datetime:
    return at.astimezone(UTC) if timezone in UTC_NAMES else at.astimezone(ZoneInfo(timezone))


def _exact(length: timedelta) -> Any:
    """The length in hours, minutes and seconds: a day (``P1D``) is 23 hours when clocks change."""
    from icalendar import vText

    hours, rest = divmod(int(length.total_seconds()), 3600)
    minutes, seconds = divmod(rest, 60)
    counts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    parts = "".join(f"{number}{unit}" for number, unit in counts if number)
    return vText(f"PT{parts or '0S'}")


def _in_utc(schedule: Schedule) -> str:
    """The rule with its end in UTC, as RFC 5545 wants it beside a timezone."""
    parts = []
    for part in schedule.rule.split(";"):
        name, _, value = part.partition("=")
        if name == "UNTIL" and not value.endswith("Z"):
            limit = instant(datetime.fromisoformat(value), schedule.timezone)
            part = f"UNTIL={limit:%Y%m%dT%H%M%SZ}"
        parts.append(part)
    return ";".join(parts)
