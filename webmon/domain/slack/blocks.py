"""Answers in Block Kit, seen only by who asked, with the same as plain text."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SHAPES = {"up": "🟢", "degraded": "🟠", "down": "🔴", "unknown": "⚪", "paused": "⏸️"}
MOST_SECTION = 2900
MOST_BLOCKS = 45
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

ACKNOWLEDGE, MUTE, PLAN, CONFIRM = (
    "webmon_acknowledge",
    "webmon_mute",
    "webmon_plan",
    "webmon_confirm_plan",
)


def escaped(text: str) -> str:
    """``text`` as Slack shows it literally."""
    return text.translate(ENTITIES)


def answer(lines: Iterable[str], *, buttons: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """An ephemeral answer of lines that are escaped already."""
    sections = list(_packed(lines))[:MOST_BLOCKS]
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in sections
    ]
    if buttons:
        blocks.append({"type": "actions", "elements": [dict(each) for each in buttons]})
    return {"response_type": "ephemeral", "text": sections[0], "blocks": blocks}


def button(
    text: str, action: str, value: Mapping[str, Any], *, primary: bool = False
) -> dict[str, Any]:
    """A button whose click carries ``value`` (at most 2,000 characters of JSON)."""
    found: dict[str, Any] = {
        "type": "button",
        "text": {"type": "plain_text", "text": text, "emoji": True},
        "action_id": action,
        "value": json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    }
    return found | ({"style": "primary"} if primary else {})


def alert_buttons(services: Iterable[int]) -> list[dict[str, Any]]:
    """Those of an alert about these services: take it, or be quiet for an hour."""
    about = {"services": list(services)[:100]}
    return [
        button("Acknowledge", ACKNOWLEDGE, about),
        button("Mute 1 h", MUTE, about),
        button("Plan downtime", PLAN, about),
    ]


def _packed(lines: Iterable[str]) -> Iterable[str]:
    text = ""
    for line in lines:
        line = line[:MOST_SECTION]
        if text and len(text) + 1 + len(line) > MOST_SECTION:
            yield text
            text = line
        else:
            text = f"{text}\n{line}" if text else line
    yield text or "…"
