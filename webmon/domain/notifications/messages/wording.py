"""The words of messages: times, names, and one sentence per line. No markup, nothing escaped."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from webmon.domain.durations import in_words
from webmon.domain.notifications.messages.lines import Kind, Line, grouped, lines_of
from webmon.domain.notifications.news import Message

PRODUCT = "Beaconry"
MOST_NAMES = 3
"""How many services or hosts a headline names: it has little room."""
ABOUT_A_SERVICE = frozenset(Kind) - {Kind.DOWNTIME, Kind.MONITOR, Kind.TEST}
HAS_CAUSE = ABOUT_A_SERVICE - {Kind.UPDATE, Kind.ACKNOWLEDGED}
"""Kinds whose message is what a probe saw; it is added to the sentence."""

_JOINERS = "\u200c\u200d"

Clock = Callable[[datetime], str]
"""Formats an instant in the local time of the namespace."""


def clock_of(message: Message) -> Clock:
    """Local times: ``10:02`` on the day of the message, ``22 Nov 10:02`` on another."""
    zone = zone_of(message)
    today = message.composed_at.astimezone(zone)

    def show(at: datetime) -> str:
        local = at.astimezone(zone)
        if local.date() == today.date():
            return f"{local:%H:%M}"
        year = "" if local.year == today.year else f" {local.year}"
        return f"{local.day} {local:%b}{year} {local:%H:%M}"

    return show


def zone_of(message: Message) -> tzinfo:
    """The message's timezone; UTC if the system does not know it."""
    try:
        return ZoneInfo(message.timezone)
    except (KeyError, ValueError, OSError):
        return UTC


def one_line(text: str) -> str:
    """``text`` without line breaks and without characters that cannot be seen.

    The two joiners stay: some scripts and emoji need them.
    """
    shown = "".join(each if each.isprintable() or each in _JOINERS else " " for each in text)
    return " ".join(shown.split())


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """``A``, ``A and B``, ``A, B, C and 4 more``."""
    shown, more = list(names[:most]), len(names) - most
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def subject_of(lines: Sequence[Line], most: int = MOST_NAMES) -> str:
    """The subject: ``Datastore – Website``, ``Datastore – 5 services``, ``7 hosts – A, …``."""
    hosts = list(dict.fromkeys(one_line(line.news.host) for line in lines))
    if len(hosts) > 1:
        return f"{len(hosts)} hosts – {listed(hosts, most)}"
    services = list(dict.fromkeys(filter(None, (one_line(each.news.service) for each in lines))))
    if not services:
        return hosts[0]
    if len(services) > most:
        return f"{hosts[0]} – {len(services)} services"
    return f"{hosts[0]} – {listed(services, most)}"


def tag(message: Message) -> str:
    """The namespace's name, or the product's if the message is about none."""
    names = dict.fromkeys(one_line(news.namespace_name or news.namespace) for news in message.news)
    return ", ".join(filter(None, names)) or PRODUCT


def headline(message: Message) -> str:
    """The whole message in one line: ``DOWN: Datastore – Website``."""
    clock = clock_of(message)
    lines = lines_of(message)
    parts = [_headline_part(kind, members, clock) for kind, members in grouped(lines)]
    planned = " (planned downtime)" if is_planned(lines) else ""
    late = f" ({lateness(message)})" if message.is_late else ""
    return "; ".join(parts) + planned + late


def _headline_part(kind: Kind, lines: tuple[Line, ...], clock: Clock) -> str:
    if kind is Kind.TEST:
        return "TEST: this channel works"
    if kind not in ABOUT_A_SERVICE:
        return f"{kind}: {listed([first_line(each.news.message) for each in lines], 1)}"
    told = f"{kind}: {subject_of(lines)}"
    detail = _detail(kind, lines, clock)
    return f"{told} ({detail})" if detail else told


def _detail(kind: Kind, lines: tuple[Line, ...], clock: Clock) -> str:
    """What a headline says in brackets."""
    longest = in_words(max(line.length_seconds for line in lines))
    up_to = "up to " if len({in_words(line.length_seconds) for line in lines}) > 1 else ""
    if kind in (Kind.UP, Kind.EASED):
        return f"down for {up_to}{longest}" if any(each.since for each in lines) else ""
    if kind is Kind.STILL_DOWN:
        return f"for {up_to}{longest}"
    if kind in (Kind.WAS_DOWN, Kind.HAD_DIFFICULTIES):
        span = f"{_span(lines[0], clock)}, {longest}"
        return span if len(lines) == 1 else f"for {up_to}{longest}"
    if kind is Kind.FLAPPING and len(lines) == 1:
        return changes(lines[0])
    return ""


def first_line(text: str) -> str:
    """The beginning of a longer text: its first line that is not empty."""
    return next((one_line(line) for line in text.splitlines() if one_line(line)), "")


def period(line: Line, clock: Clock) -> str:
    """``from 10:02 to 10:31 (29 min)``."""
    return f"{_span(line, clock)} ({in_words(line.length_seconds)})"


def _span(line: Line, clock: Clock) -> str:
    assert line.since is not None and line.until is not None
    return f"from {clock(line.since)} to {clock(line.until)}"


def changes(line: Line) -> str:
    """How often a flapping service has changed, if that is known."""
    return f"{line.news.changes} changes within an hour" if line.news.changes else ""


def is_planned(lines: Sequence[Line]) -> bool:
    """Whether all lines are about services in planned downtime."""
    return all(line.news.planned_downtime and line.kind in ABOUT_A_SERVICE for line in lines)


def lateness(message: Message) -> str:
    """``late: this was at 10:02``."""
    newest = max(news.told_at for news in message.news)
    return f"late: this was at {clock_of(message)(newest)}"


def sentence(line: Line, clock: Clock) -> str:
    """What a line says, with its times: ``Datastore – Website is down since 10:02.``"""
    if line.kind is Kind.TEST:
        return "This is a test. Messages of this channel arrive."
    if line.kind not in ABOUT_A_SERVICE:
        return line.news.message.strip()
    if line.kind is Kind.UPDATE:
        written_at = clock(line.news.told_at)
        return f"{subject_of([line])}, update of {written_at}: {one_line(line.news.message)}"
    if line.kind is Kind.ACKNOWLEDGED:
        who = f"{one_line(line.news.message)} at {clock(line.news.told_at)}"
        return f"{subject_of([line])}: {who}. No reminders follow; the end is still announced."
    planned = " This is planned downtime." if line.news.planned_downtime else ""
    return f"{subject_of([line])} {_predicate(line, clock)}.{planned}"


def _predicate(line: Line, clock: Clock) -> str:
    since = clock(line.since) if line.since is not None else ""
    lasted = in_words(line.length_seconds)
    match line.kind:
        case Kind.DOWN:
            return f"is down since {since}"
        case Kind.AFTER_DOWNTIME:
            return f"is still down after planned downtime, since {since}"
        case Kind.STILL_DOWN:
            return f"is still down, since {since}: {lasted} by now"
        case Kind.DEGRADED:
            return f"has difficulties since {since}"
        case Kind.WAS_DOWN:
            return f"was down {period(line, clock)} and is back online"
        case Kind.HAD_DIFFICULTIES:
            return f"had difficulties {period(line, clock)} and has recovered"
        case Kind.EASED:
            after = f", after {lasted}" if since else ""
            return f"is no longer down since {_end(line, clock)}{after}, but has difficulties"
        case Kind.UNWATCHED:
            after = f"; it had been down for {lasted}" if since else ""
            return f"is no longer watched since {_end(line, clock)}{after}"
        case Kind.FLAPPING:
            often = changes(line)
            return "keeps going down and coming back" + (f": {often}" if often else "")
        case _:
            after = f", after {lasted}" if since else ""
            return f"is back online since {_end(line, clock)}{after}"


def _end(line: Line, clock: Clock) -> str:
    return clock(line.until) if line.until is not None else ""
