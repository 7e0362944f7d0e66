"""The texts of a `Message`, one form per channel. Pure: the same message has the same texts.

Forms: `interfaces.md` 6. Building a text is apart from sending it (`webmon.notifiers`).
"""

from webmon.domain.messages.email import html, plain_text, subject
from webmon.domain.messages.payload import webhook_payload
from webmon.domain.messages.post import post
from webmon.domain.messages.slack import slack_payload
from webmon.domain.messages.weight import MOST_WEIGHT, weighted_length
from webmon.domain.messages.wording import headline

__all__ = [
    "MOST_WEIGHT",
    "headline",
    "html",
    "plain_text",
    "post",
    "slack_payload",
    "subject",
    "webhook_payload",
    "weighted_length",
]
