"""The `slack` notifier: an incoming webhook of a Slack workspace."""

import json
from typing import Any

from pydantic import Field

from webmon.domain.notifications.messages import slack_payload
from webmon.domain.notifications.news import Message
from webmon.notifiers.base import NotifierConfig, NotifierError, Receipt, Surroundings
from webmon.notifiers.transport import WebAddress, host_of, post, require_taken

ANSWERS = {
    "invalid_payload": "Slack does not understand the message (invalid_payload)",
    "user_not_found": "the person that the webhook writes to does not exist",
    "channel_not_found": "the channel that the webhook writes to does not exist",
    "channel_is_archived": "the channel that the webhook writes to is archived",
    "posting_to_general_channel_denied": "the webhook may not write to the general channel",
    "action_prohibited": "the workspace's admins do not allow this webhook to write",
    "no_service": "the webhook has been removed or switched off in Slack",
    "no_service_id": "the webhook's address is not complete",
    "no_team": "the workspace no longer exists",
    "team_disabled": "the workspace is switched off",
    "invalid_token": "the webhook's address is wrong",
    "no_active_hooks": "the webhook has been switched off in Slack",
}
"""https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors"""


class SlackConfig(NotifierConfig):
    """The webhook of one Slack channel."""

    webhook_url: WebAddress = Field(
        title="Webhook address",
        description="Slack: Apps, Incoming Webhooks, Add; https://hooks.slack.com/services/…",
    )

    @property
    def places(self) -> dict[str, str]:
        """See `NotifierConfig.places`."""
        return {"webhook_url": host_of(self.webhook_url)}


async def send_slack(config: SlackConfig, message: Message, surroundings: Surroundings) -> Receipt:
    """Post once.

    Raises:
        NotifierError: Slack did not take it.
    """
    payload = slack_payload(message, buttons=surroundings.slack_app)
    body = json.dumps(payload, ensure_ascii=False).encode()
    answer = await post(config.webhook_url, body, {})
    said = ANSWERS.get(answer.text.strip())
    if said is not None and 400 <= answer.status < 500 and answer.status != 429:
        raise NotifierError(said, permanent=True)
    require_taken(answer.status, answer.headers, "Slack", answer.proxy)
    return Receipt()


def preview_slack(_config: SlackConfig, message: Message) -> str:
    """The text of all blocks, with Slack's own marks."""
    return "\n".join(_text_of(block) for block in slack_payload(message)["blocks"])


def _text_of(block: dict[str, Any]) -> str:
    part = block["text"] if "text" in block else block["elements"][0]
    return str(part["text"])
