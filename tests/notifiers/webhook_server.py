"""A program that receives Beaconry's webhooks and believes only those that are signed."""

import hashlib
import hmac
import json
from typing import Any

from tests.notifiers.stand_in import Reply, Request, StandIn


class WebhookServer(StandIn):
    """Takes JSON at ``/hook``; with a ``secret``, only what is signed with it."""

    def __init__(self, secret: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.secret = secret

    def judged(self, request: Request) -> tuple[Reply, Any]:
        if request.method != "POST" or request.path != "/hook":
            return Reply(404, "not found"), None
        expected = hmac.new(self.secret.encode(), request.body, hashlib.sha256).hexdigest()
        given = request.headers.get("x-webmon-signature", "")
        if self.secret and not hmac.compare_digest(given, f"sha256={expected}"):
            return Reply(401, "wrong signature"), None
        try:
            content = json.loads(request.body)
        except ValueError:
            return Reply(400, "no JSON"), None
        return Reply(), content | {"idempotency_key": request.headers.get("idempotency-key")}

    @property
    def hook_url(self) -> str:
        """The address to post to."""
        return f"{self.url}/hook"
