"""A message as e-mail: subject, plain text, and HTML that is readable in light and dark."""

from html import escape

from webmon.domain.notifications.messages.lines import Kind, Line, lines_of
from webmon.domain.notifications.messages.links import link_of
from webmon.domain.notifications.messages.wording import (
    HAS_CAUSE,
    Clock,
    clock_of,
    headline,
    lateness,
    sentence,
    tag,
)
from webmon.domain.notifications.news import Message

MOST_SUBJECT = 200
LOOK = "Look at it"
"""Leads into the admin app."""
RED, AMBER, GREEN, BLUE, GREY = "#d92d20", "#c77700", "#168a45", "#2f6fde", "#767c85"
COLOURS = {
    Kind.DOWN: RED,
    Kind.AFTER_DOWNTIME: RED,
    Kind.STILL_DOWN: RED,
    Kind.FLAPPING: AMBER,
    Kind.DEGRADED: AMBER,
    Kind.EASED: AMBER,
    Kind.WAS_DOWN: GREEN,
    Kind.HAD_DIFFICULTIES: GREEN,
    Kind.UP: GREEN,
    Kind.DOWNTIME: BLUE,
}
"""The colour of a line's edge only: text keeps the colours of the reader's own program."""


def subject(message: Message) -> str:
    """``[IATI] DOWN: Datastore – Website``."""
    text = f"[{tag(message)}] {headline(message)}"
    return text if len(text) <= MOST_SUBJECT else text[: MOST_SUBJECT - 1].rstrip() + "…"


def plain_text(message: Message) -> str:
    """One paragraph per line of the message: the statement, and what the probe saw."""
    clock = clock_of(message)
    paragraphs = [_paragraph(line, clock, message) for line in lines_of(message)]
    if message.is_late:
        paragraphs.insert(0, f"{_late(message)}")
    return "\n\n".join([*paragraphs, "\n".join(_footer(message))]) + "\n"


def _paragraph(line: Line, clock: Clock, message: Message) -> str:
    below = filter(None, (_cause(line), link_of(line.news, message)))
    return "\n  ".join([sentence(line, clock), *below])


def _cause(line: Line) -> str:
    """What the probe saw; the other lines are their message already."""
    return " ".join(line.news.message.split()) if line.kind in HAS_CAUSE else ""


def _late(message: Message) -> str:
    return f"This message is {lateness(message)}."


def _footer(message: Message) -> list[str]:
    parts = [f"All times {message.timezone}."]
    if message.status_url:
        parts.append(f"Status page: {message.status_url}")
    return parts


def html(message: Message) -> str:
    """The same with a coloured edge per line. All texts from outside are escaped."""
    clock = clock_of(message)
    late = f"<p><strong>{escape(_late(message))}</strong></p>" if message.is_late else ""
    lines = "\n".join(_block(line, clock, message) for line in lines_of(message))
    footer = [escape(f"All times {message.timezone}.")]
    if message.status_url.startswith(("http://", "https://")):
        footer.append(f'<a href="{escape(message.status_url)}">Status page</a>')
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{escape(subject(message))}</title>
</head>
<body style="margin:0;padding:16px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif">
{late}
{lines}
<p style="font-size:14px;opacity:.75">{" · ".join(footer)}</p>
</body>
</html>
"""


def _block(line: Line, clock: Clock, message: Message) -> str:
    told = escape(sentence(line, clock)).replace("\n", "<br>")
    cause = escape(_cause(line))
    seen = f'<br><span style="font-size:14px;opacity:.8">{cause}</span>' if cause else ""
    link = link_of(line.news, message)
    more = f'<br><a href="{escape(link)}">{LOOK}</a>' if link else ""
    edge = f"margin:0 0 16px;padding:4px 0 4px 12px;border-left:4px solid {_colour(line)}"
    return f'<p style="{edge}"><strong>{line.kind}</strong><br>{told}{seen}{more}</p>'


def _colour(line: Line) -> str:
    return COLOURS.get(line.kind, GREY)
