"""Uptime of services, hosts and namespaces in percent, and the outages behind it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import floor
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel import Session

from webmon.domain.history.calendar import month
from webmon.domain.history.uptime import (
    Outages,
    Period,
    Timeline,
    Uptime,
    host_timeline,
    outages,
    uptime,
)
from webmon.queries.history.timelines import HOSTS, Watched, timelines

DAY = timedelta(days=1)
LONGEST_MONTH = 32 * DAY
"""No calendar month of any timezone began longer ago."""
EARLIEST = datetime.min.replace(tzinfo=UTC)

LAST_ZONE, EARLIER = ZoneInfo("Etc/GMT+12"), timedelta(hours=26)
"""Where a month begins last, and how much earlier it does where it begins first."""


@dataclass(frozen=True, slots=True)
class UptimeView:
    """Percentages from 0 to 100; None where nothing was observed."""

    percent_24h: float | None
    percent_7d: float | None
    percent_30d: float | None
    percent_month: float | None
    """Of the calendar month, in the namespace's timezone."""


@dataclass(frozen=True, slots=True)
class OutagesView:
    """The outages of the calendar month; one that began before it counts with its part."""

    count: int
    total_seconds: float
    longest_seconds: float
    mean_seconds_to_recovery: float | None


@dataclass(frozen=True, slots=True)
class MonthUptime:
    """Of the calendar month, in percent: a host by its own rule, and its services by their ids."""

    percent: float | None = None
    services: Mapping[int, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UptimesView:
    """By id. The uptime of a namespace, and of everything, is that of all its hosts together:
    what they were not down, divided by what they were observed."""

    services: Mapping[int, UptimeView]
    outages: Mapping[int, OutagesView]
    """Of services."""
    hosts: Mapping[int, UptimeView]
    namespaces: Mapping[int, UptimeView]
    everything: UptimeView


def uptimes(session: Session, *where: ColumnElement[bool], now: datetime) -> UptimesView:
    """All of it, for the hosts for which all conditions (on host and namespace) hold."""
    watched = timelines(session, *where, since=now - LONGEST_MONTH, now=now)
    windows = {each.timezone: windows_at(now, each.timezone) for each in watched}
    known: dict[tuple[int, str], Measured] = {}  # by line: many services share one

    def measured(line: Timeline, timezone: str) -> Measured:
        key = id(line), timezone
        if key not in known:
            known[key] = _measured(line, windows[timezone])
        return known[key]

    services = {each.service_id: measured(each.line, each.timezone) for each in watched}
    hosts: dict[int, Measured] = {}
    namespaces: dict[int, Measured] = {}
    everything = NOTHING
    lines = []  # kept, so that no two have the same id
    for members in _by_host(watched):
        first, line = members[0], _host_line(members)
        lines.append(line)
        parts = measured(line, first.timezone)
        hosts[first.host_id] = parts
        namespaces[first.namespace_id] = _sum(namespaces.get(first.namespace_id, NOTHING), parts)
        everything = _sum(everything, parts)
    return UptimesView(
        services=_views(services),
        outages={
            each.service_id: outages_view(outages(each.line, windows[each.timezone][-1]))
            for each in watched
        },
        hosts=_views(hosts),
        namespaces=_views(namespaces),
        everything=UptimeView(*map(percent, everything)),
    )


def month_of_hosts(
    session: Session, host_ids: Sequence[int], *, now: datetime
) -> dict[int, MonthUptime]:
    """The calendar month, of each of these hosts that has services."""
    chosen = HOSTS.c.id.in_(host_ids)
    found = {}
    for members in _by_host(timelines(session, chosen, since=_any_month_began(now), now=now)):
        period = month(now, ZoneInfo(members[0].timezone))
        found[members[0].host_id] = MonthUptime(
            percent(uptime(_host_line(members), period)),
            {each.service_id: percent(uptime(each.line, period)) for each in members},
        )
    return found


def month_totals(
    session: Session, *where: ColumnElement[bool], part: Period, now: datetime
) -> tuple[Uptime, Uptime]:
    """Of this calendar month and of the last one, of all hosts together, as far as they lie in
    ``part``: parts add up to the whole.

    For the hosts for which all conditions hold; months are those of each namespace's timezone.
    """
    since = max(_any_month_began(now) - LONGEST_MONTH, part.began_at)
    totals = [Uptime(), Uptime()]
    periods: dict[str, list[Period]] = {}
    for members in _by_host(timelines(session, *where, since=since, now=now)):
        line, timezone = _host_line(members), members[0].timezone
        if timezone not in periods:
            zone = ZoneInfo(timezone)
            present = month(now, zone)
            both = present, month(present.began_at - DAY, zone)
            periods[timezone] = [_common(each, part) for each in both]
        for number, period in enumerate(periods[timezone]):
            if period.began_at < period.ended_at:
                totals[number] += uptime(line, period)
    return totals[0], totals[1]


def _common(one: Period, other: Period) -> Period:
    return Period(max(one.began_at, other.began_at), min(one.ended_at, other.ended_at))


def _any_month_began(now: datetime) -> datetime:
    """Not after the beginning of the calendar month that ``now`` falls into, wherever."""
    return month(now, LAST_ZONE).began_at - EARLIER


def windows_at(now: datetime, timezone: str) -> tuple[Period, ...]:
    """The last 24 hours, 7 days and 30 days, and the calendar month there."""
    rolling = (Period(now - days * DAY, now) for days in (1, 7, 30))
    return (*rolling, month(now, ZoneInfo(timezone)))


def percent(measured: Uptime) -> float | None:
    """The share as a percentage; None where nothing was observed."""
    return None if measured.share is None else 100 * measured.share


def percentage(value: float | None) -> str:
    """Two decimals, never rounded up: 100 % is said only where no moment at all was missed."""
    if value is None:
        return "not observed"
    hundredths = floor(round(value * 100, 6))  # 99.29 is a hair less than that as a float
    return "100 %" if value == 100 else f"{hundredths / 100:.2f} %"


def outages_view(found: Outages) -> OutagesView:
    """The lengths as numbers of seconds."""
    mean = found.mean_to_recovery
    return OutagesView(
        found.count,
        found.total.total_seconds(),
        found.longest.total_seconds(),
        None if mean is None else mean.total_seconds(),
    )


Measured = tuple[Uptime, ...]
"""One for each of the windows."""

NOTHING: Measured = (Uptime(),) * 4


def _measured(line: Timeline, windows: Iterable[Period]) -> Measured:
    return tuple(uptime(line, window) for window in windows)


def _sum(one: Measured, other: Measured) -> Measured:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _views(measured: Mapping[int, Measured]) -> dict[int, UptimeView]:
    return {key: UptimeView(*map(percent, parts)) for key, parts in measured.items()}


def _by_host(watched: Iterable[Watched]) -> Iterable[list[Watched]]:
    hosts: dict[int, list[Watched]] = {}
    for each in watched:
        hosts.setdefault(each.host_id, []).append(each)
    return hosts.values()


def _host_line(members: Sequence[Watched]) -> Timeline:
    line = members[0].line
    if all(each.line is line for each in members):
        return line  # what all are, the host is
    return host_timeline([(each.line, each.critical) for each in members])
