"""Slack's incoming webhooks: their addresses, their checks of a message, their plain answers.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

import json
import re
from typing import Any

from tests.notifiers.stand_in import Reply, Request, StandIn

PATH = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
MOST_BLOCKS, MOST_SECTION, MOST_HEADER = 50, 3000, 150
ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
LINK = re.compile(r"<https?://[^|<>\s]+(\|[^<>|]+)?>")


class SlackServer(StandIn):
    """Takes messages at ``webhook_url``."""

    def judged(self, request: Request) -> tuple[Reply, Any]:
        if request.path != PATH:
            return Reply(404, "no_service"), None
        if not request.headers.get("content-type", "").startswith("application/json"):
            return Reply(400, "invalid_payload"), None
        try:
            content = json.loads(request.body)
        except ValueError:
            return Reply(400, "invalid_payload"), None
        if not isinstance(content, dict):
            return Reply(400, "invalid_payload"), None
        if not content.get("text") and not content.get("blocks"):
            return Reply(400, "no_text"), None
        if not _are_blocks(content.get("blocks", [])):
            return Reply(400, "invalid_blocks"), None
        return Reply(), content

    @property
    def webhook_url(self) -> str:
        """A secret of the workspace."""
        return self.url + PATH


def _are_blocks(blocks: Any) -> bool:
    return isinstance(blocks, list) and len(blocks) <= MOST_BLOCKS and all(map(_is_block, blocks))


def _is_block(block: Any) -> bool:
    match block:
        case {"type": "section", "text": text, **others}:
            return not others and _is_text(text, MOST_SECTION)
        case {"type": "header", "text": {"type": "plain_text"} as text, **others}:
            return not others and _is_text(text, MOST_HEADER)
        case {"type": "context", "elements": [*elements], **others}:
            is_short = 1 <= len(elements) <= 10
            return not others and is_short and all(_is_text(each, 3000) for each in elements)
        case {"type": "divider", **others}:
            return not others
    return False


def _is_text(text: Any, most: int) -> bool:
    match text:
        case {"type": "mrkdwn", "text": str(words), **others}:
            return not others and 1 <= len(words) <= most and is_escaped(words)
        case {"type": "plain_text", "text": str(words)}:
            return 1 <= len(words) <= most
    return False


def is_escaped(words: str) -> bool:
    """Whether every ``& < >`` is an entity or part of a link: nobody is paged by a name."""
    rest = LINK.sub("", words)
    return not ENTITY.search(rest) and "<" not in rest and ">" not in rest
