"""A message for Slack: Block Kit, and the same as plain text where blocks are not shown.

Limits and escaping: https://docs.slack.dev/reference/block-kit/blocks and
https://docs.slack.dev/messaging/formatting-message-text (a section's text has at most 3000
characters, a message at most 50 blocks; ``& < >`` are escaped).
"""

from collections.abc import Iterator
from typing import Any

from webmon.domain.notifications.messages.lines import Kind, Line, lines_of
from webmon.domain.notifications.messages.links import link_of
from webmon.domain.notifications.messages.wording import (
    HAS_CAUSE,
    clock_of,
    headline,
    one_line,
    sentence,
    tag,
)
from webmon.domain.notifications.news import Message
from webmon.domain.slack.blocks import alert_buttons

MOST_SECTION = 3000
MOST_SECTIONS = 40
MOST_LINE = 1000
MOST_HEADLINE = 500

BAD_NEWS = frozenset({Kind.DOWN, Kind.AFTER_DOWNTIME, Kind.STILL_DOWN, Kind.FLAPPING})
"""What can be acknowledged, or muted for a while."""

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
SHAPES = {
    Kind.DOWN: "🔴",
    Kind.AFTER_DOWNTIME: "🔴",
    Kind.STILL_DOWN: "🔴",
    Kind.FLAPPING: "🟠",
    Kind.DEGRADED: "🟠",
    Kind.EASED: "🟠",
    Kind.UPDATE: "📝",
    Kind.ACKNOWLEDGED: "👤",
    Kind.WAS_DOWN: "🟢",
    Kind.HAD_DIFFICULTIES: "🟢",
    Kind.UP: "🟢",
    Kind.UNWATCHED: "⚪",
    Kind.DOWNTIME: "🔧",
    Kind.MONITOR: "⚠️",
    Kind.TEST: "✅",
}


def slack_payload(message: Message, *, buttons: bool = False) -> dict[str, Any]:
    """``text`` and ``blocks`` of an incoming webhook's message, with ``buttons`` under bad news."""
    lines = _bullets(message)
    title = f"*{_escaped(f'[{tag(message)}] {headline(message)}', MOST_HEADLINE)}*"
    sections = list(_packed([title, *lines]))
    more = sum(section.count("\n") + 1 for section in sections[MOST_SECTIONS:])
    blocks = [_section(text) for text in sections[:MOST_SECTIONS]]
    context = _context(message, more)
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": context}]})
    concerned = [line.news.service_id for line in lines_of(message) if line.kind in BAD_NEWS]
    if buttons and any(concerned):
        wanted = dict.fromkeys(filter(None, concerned))
        blocks.append({"type": "actions", "elements": alert_buttons(wanted)})
    return {
        "text": sections[0],
        "blocks": blocks,
        "unfurl_links": False,
    }


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _bullets(message: Message) -> list[str]:
    clock = clock_of(message)
    return [
        f"{SHAPES[line.kind]} {_told(line, sentence(line, clock))}{_look(line, message)}"
        for line in lines_of(message)
    ]


def _told(line: Line, text: str) -> str:
    told = _escaped(one_line(text), MOST_LINE)
    cause = one_line(line.news.message) if line.kind in HAS_CAUSE else ""
    return f"{told} _{_escaped(cause, MOST_LINE)}_" if cause else told


def _look(line: Line, message: Message) -> str:
    link = link_of(line.news, message)
    return f" <{_link(link)}|Look at it>" if link else ""


def _context(message: Message, more: int) -> str:
    parts = [f"and {more} more" if more else "", f"Times: {_escaped(message.timezone, 60)}"]
    if message.status_url.startswith(("http://", "https://")):
        parts.append(f"<{_link(message.status_url)}|Status page>")
    return " · ".join(filter(None, parts))


def _link(url: str) -> str:
    return _escaped(url, MOST_LINE).replace("|", "%7C").replace(" ", "%20")


def _packed(lines: list[str]) -> Iterator[str]:
    """The lines put together into as few texts as a section's length allows."""
    text = ""
    for line in lines:
        if text and len(text) + 1 + len(line) > MOST_SECTION:
            yield text
            text = line
        else:
            text = f"{text}\n{line}" if text else line
    yield text


def _escaped(text: str, most: int) -> str:
    """As Slack shows it literally: at most ``most`` characters, and none of them half escaped."""
    shown = ""
    for character in text:
        piece = ENTITIES.get(character, character)
        if len(shown) + len(piece) >= most:
            return shown.rstrip() + "…"
        shown += piece
    return shown
