"""Planned downtime as an Atom feed (RFC 4287): one entry for each of its times. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as XML

ATOM = "http://www.w3.org/2005/Atom"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""Since when a feed without entries has been as it is."""
STATE_WORDS = {
    "scheduled": "planned",
    "started": "has started",
    "finished": "is finished",
    "cancelled": "is cancelled",
}


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One time of a downtime; ``key`` is its id, an IRI; ``state`` is a key of `STATE_WORDS`."""

    key: str
    title: str
    message: str
    namespace: str
    hosts: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    state: str
    planned_at: datetime
    changed_at: datetime


def to_atom(entries: Sequence[FeedEntry], *, name: str, url: str, page: str) -> bytes:
    """The feed called ``name`` at ``url``; ``page`` shows the same to people. Newest first."""
    XML.register_namespace("", ATOM)
    ordered = sorted(entries, key=lambda each: (each.changed_at, each.key), reverse=True)
    feed = XML.Element(f"{{{ATOM}}}feed")
    _add(feed, "id", url)
    _add(feed, "title", name)
    _add(feed, "updated", _instant(ordered[0].changed_at if ordered else BEGINNING))
    _add(feed, "link", rel="self", type="application/atom+xml", href=url)
    _add(feed, "link", rel="alternate", type="text/html", href=page)
    _add(_add(feed, "author"), "name", "Beaconry")
    for each in ordered:
        _entry(feed, each, page)
    text: bytes = XML.tostring(feed, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _entry(feed: XML.Element, each: FeedEntry, page: str) -> None:
    entry = _add(feed, "entry")
    _add(entry, "id", each.key)
    _add(entry, "title", f"{each.title}: {STATE_WORDS[each.state]}")
    _add(entry, "published", _instant(each.planned_at))
    _add(entry, "updated", _instant(each.changed_at))
    _add(entry, "link", rel="alternate", type="text/html", href=page)
    _add(entry, "category", term=each.state)
    _add(entry, "category", term=each.namespace)
    span = f"{each.starts_at:%Y-%m-%d %H:%M} UTC – {each.ends_at:%Y-%m-%d %H:%M} UTC"
    lines = (span, ", ".join(each.hosts), each.message)
    _add(entry, "content", "\n".join(line for line in lines if line), type="text")


def _add(parent: XML.Element, name: str, text: str = "", **attributes: str) -> XML.Element:
    element = XML.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    if text:
        element.text = "".join(each for each in text if each.isprintable() or each in "\n\t")
    return element


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
