"""The texts of a `Message`, one form per channel. Pure: the same message has the same texts.

Forms: `interfaces.md` 6. Building a text is apart from sending it (`webmon.notifiers`).
"""

from webmon.domain.notifications.messages.email import html, plain_text, subject
from webmon.domain.notifications.messages.payload import webhook_payload
from webmon.domain.notifications.messages.post import post
from webmon.domain.notifications.messages.slack import slack_payload
from webmon.domain.notifications.messages.weight import MOST_WEIGHT, weighted_length
from webmon.domain.notifications.messages.wording import headline

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
