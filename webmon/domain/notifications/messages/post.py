"""A message for X: public, short, dated to the second, and without an address unless asked for.

A post with a link costs more than ten times as much, so names that look like one are written
so that X does not make a link of them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from webmon.domain.durations import in_words
from webmon.domain.notifications.messages.lines import Kind, Line, grouped, lines_of
from webmon.domain.notifications.messages.weight import clipped, fits
from webmon.domain.notifications.messages.wording import (
    clock_of,
    is_planned,
    listed,
    one_line,
    period,
    tag,
    zone_of,
)
from webmon.domain.notifications.news import Message

MOST_NAMES = 40
ROOMS = (200, 120, 60, 30, 16)
"""The weight of one name; the next smaller one is tried while the post is too long."""
LEAST_UPDATE = 100
"""Texts that people wrote get more room than names."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|://", re.IGNORECASE)
_DOT = re.compile(r"(?<=\S)\.(?=[^\W\d_])")
_AT = re.compile(r"[@＠](?=\w)")
ONE_DOT_LEADER = "\u2024"
"""Looks like a full stop, and no name of a server has one."""


def post(message: Message, *, with_url: bool = False) -> str:
    """The text of a post: at most 280 weighted characters, no two alike.

    Nothing of what a probe saw is in it: everybody reads it. Where there is no room for every name
    it ends in "and N more".
    """
    lines = lines_of(message)
    end = _end(message, lines)
    if with_url and message.status_url:
        end += f" {message.status_url}"
    groups = list(grouped(lines))
    text = ""
    for names, room, most in _sizes(lines, groups):
        parts = [_part(message, kind, members, names, room) for kind, members in groups[:most]]
        more = len(lines) - sum(len(members) for _, members in groups[:most])
        if more:
            parts.append(f"and {more} more")
        body = "; ".join(parts)
        stop = "" if body.endswith((".", "!", "?", "…")) else "."
        prefix = _name(tag(message), room)
        text = unicodedata.normalize("NFC", f"{prefix}: {body}{stop} {end}")
        if fits(text):
            break
    return text


def _sizes(lines: Sequence[Line], groups: Sequence[object]) -> Iterator[tuple[int, int, int]]:
    """Number of names, weight of each, and number of kinds of news: less with every step."""
    for names in range(min(len(lines), MOST_NAMES), 0, -1):
        yield names, ROOMS[0], len(groups)
    for most in range(len(groups), 0, -1):
        for room in ROOMS[1:]:
            yield 1, room, most


def _end(message: Message, lines: Sequence[Line]) -> str:
    """Marks, and the instant of the newest of the news: no two have the same."""
    at = max(news.told_at for news in message.news).astimezone(zone_of(message))
    stamp = f"{at.day} {at:%b %H:%M:%S %Z}"
    planned = "Planned downtime. " if is_planned(lines) else ""
    return planned + (f"(Late: this was at {stamp})" if message.is_late else stamp)


def _part(message: Message, kind: Kind, lines: Sequence[Line], names: int, room: int) -> str:
    if kind is Kind.TEST:
        return "this is a test of our status messages"
    if kind in (Kind.DOWNTIME, Kind.MONITOR):
        return clipped(" ".join(defused(line.news.message) for line in lines), room)
    if kind is Kind.UPDATE:
        return _updates(lines, names, room)
    subject, is_one = _subject(lines, names, room)
    return f"{subject} {_predicate(message, kind, lines, is_one)}"


def _updates(lines: Sequence[Line], names: int, room: int) -> str:
    """The newest texts that people wrote, as many as fit; each names its service."""
    told = []
    for line in lines[-names:]:
        text = clipped(defused(line.news.message).removesuffix("."), max(room, LEAST_UPDATE))
        told.append(f"{_subject([line], 1, room)[0]}: {text}")
    return "; ".join(told)


def _subject(lines: Sequence[Line], names: int, room: int) -> tuple[str, bool]:
    """The subject of a sentence, and whether it is singular."""
    hosts = list(dict.fromkeys(_name(line.news.host, room) for line in lines))
    if len(hosts) > 1:
        return f"services of {listed(hosts, names)}", False
    told = (_name(line.news.service, room) for line in lines)
    services = list(dict.fromkeys(filter(None, told)))
    if not services:
        return hosts[0], True
    return f"{hosts[0]} – {listed(services, names)}", len(services) == 1


def _predicate(message: Message, kind: Kind, lines: Sequence[Line], is_one: bool) -> str:
    lengths = {in_words(line.length_seconds): line.length_seconds for line in lines}
    longest = max(lengths, key=lambda words: lengths[words])
    lasted = longest if len(lengths) == 1 else f"up to {longest}"
    be, have, were = ("is", "has", "was") if is_one else ("are", "have", "were")
    match kind:
        case Kind.DOWN:
            return f"{be} down"
        case Kind.AFTER_DOWNTIME:
            return f"{be} still down after planned downtime"
        case Kind.STILL_DOWN:
            return f"{be} still down, for {lasted} by now"
        case Kind.DEGRADED:
            return f"{have} difficulties"
        case Kind.FLAPPING:
            return f"{'keeps' if is_one else 'keep'} going down and coming back"
        case Kind.WAS_DOWN | Kind.HAD_DIFFICULTIES:
            span = period(lines[0], clock_of(message)) if len(lines) == 1 else f"for {lasted}"
            what = f"{were} down" if kind is Kind.WAS_DOWN else "had difficulties"
            return f"{what} {span}, now back online"
        case Kind.EASED:
            return f"{be} no longer down, but {have} difficulties"
        case Kind.ACKNOWLEDGED:  # everybody reads it: no name
            return f"{be} being worked on"
        case Kind.UNWATCHED:
            return f"{be} no longer watched"
        case _:
            after = f" after {lasted}" if any(line.since for line in lines) else ""
            return f"{be} back online{after}"


@lru_cache(maxsize=1024)
def _name(name: str, room: int) -> str:
    """A name as it stands in a post. Cached: each size that is tried asks for it again."""
    return clipped(defused(name), room)


def defused(text: str) -> str:
    """``text`` without anything that X turns into a link or a mention."""
    text = unicodedata.normalize("NFC", one_line(text))
    text = one_line(_SCHEME.sub(" ", text))
    return _AT.sub("(at)", _DOT.sub(ONE_DOT_LEADER, text))
