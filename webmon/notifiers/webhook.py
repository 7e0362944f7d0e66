"""The `webhook` notifier: signed JSON to a program."""

import hashlib
import hmac
import json
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from webmon.domain.notifications.messages import webhook_payload
from webmon.domain.notifications.news import Message
from webmon.notifiers.base import NotifierConfig, Receipt, Surroundings
from webmon.notifiers.transport import WebAddress, host_of, post, require_taken


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


class WebhookConfig(NotifierConfig):
    """Where to post, and the secret that proves to the receiver who did."""

    url: WebAddress = Field(title="Address (URL)", description="Begins with http:// or https://")
    secret: Annotated[SecretStr | None, BeforeValidator(_blank_is_none)] = Field(
        default=None,
        title="Secret",
        description="Signs each message: X-Webmon-Signature: sha256=… (HMAC of the body)",
    )

    @property
    def places(self) -> dict[str, str]:
        """See `NotifierConfig.places`."""
        return {"url": host_of(self.url)}


async def send_webhook(
    config: WebhookConfig, message: Message, _surroundings: Surroundings
) -> Receipt:
    """Post once.

    Raises:
        NotifierError: the receiver did not take it.
    """
    body = json.dumps(webhook_payload(message), ensure_ascii=False).encode()
    headers = {"Idempotency-Key": message.key}
    if config.secret is not None:
        headers["X-Webmon-Signature"] = f"sha256={signature(config.secret, body)}"
    answer = await post(config.url, body, headers)
    require_taken(answer.status, answer.headers, "the receiver", answer.proxy)
    return Receipt()


def signature(secret: SecretStr, body: bytes) -> str:
    """HMAC-SHA256 of the body as it is sent, in hexadecimal."""
    return hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()


def preview_webhook(_config: WebhookConfig, message: Message) -> str:
    """The JSON, indented."""
    return json.dumps(webhook_payload(message), ensure_ascii=False, indent=2)
