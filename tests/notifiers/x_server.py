"""The X API, as far as posting goes: signatures, lengths, duplicates, and its ways of refusing.

https://docs.x.com/x-api/posts/creation-of-a-post; signatures by RFC 5849.
"""

import itertools
import json
import re
import unicodedata
from collections.abc import Collection
from time import time
from typing import Any

from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint

from tests.notifiers.stand_in import Reply, Request, StandIn

CONSUMER_KEY, CONSUMER_SECRET = "consumer", "consumer-secret"


def keys_of(account: str = "iati") -> dict[str, str]:
    """The config of a channel that posts as ``account``."""
    return {
        "consumer_key": CONSUMER_KEY,
        "consumer_secret": CONSUMER_SECRET,
        "access_token": f"{account}-token",
        "access_token_secret": f"{account}-secret",
    }


PROBLEMS = "https://api.twitter.com/2/problems"


def problem(
    status: int, title: str, detail: str, kind: str = "about:blank", **headers: str
) -> Reply:
    """An answer of X's that refuses; header names are given with ``_`` for ``-``."""
    body = {"title": title, "detail": detail, "type": kind, "status": status}
    return Reply(
        status, json.dumps(body), {name.replace("_", "-"): each for name, each in headers.items()}
    )


def rate_limited(seconds: int) -> Reply:
    """More may be posted after so many seconds."""
    reset = str(int(time()) + seconds)
    return problem(
        429,
        "Too Many Requests",
        "Too Many Requests",
        x_rate_limit_limit="100",
        x_rate_limit_remaining="0",
        x_rate_limit_reset=reset,
    )


DUPLICATE = problem(
    403, "Forbidden", "You are not allowed to create a Tweet with duplicate content."
)
TOO_LONG = problem(403, "Forbidden", "Your Tweet text is too long.")
SUSPENDED = problem(
    403,
    "Forbidden",
    "The user used for authentication is suspended",
    f"{PROBLEMS}/user-suspended",
)
LOCKED = problem(403, "Forbidden", "Your account is temporarily locked.")
READ_ONLY = problem(
    403,
    "Forbidden",
    "Your client app is not configured with the appropriate oauth1 app permissions.",
    f"{PROBLEMS}/oauth1-permissions",
)
AUTOMATED = problem(
    403,
    "Forbidden",
    "This request looks like it might be automated. To protect our users from spam and other "
    "malicious activity, we can't complete this action right now. Please try again later.",
)
NO_CREDITS = problem(
    402,
    "CreditsDepleted",
    "Your enrolled account does not have any credits to fulfill this request.",
    f"{PROBLEMS}/credits",
)
USAGE_CAP = problem(
    429,
    "UsageCapExceeded",
    "Usage cap exceeded: Monthly product cap",
    f"{PROBLEMS}/usage-capped",
)
NO_SUCH_POST = problem(
    403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you."
)


class _Accounts(RequestValidator):
    """Knows the one app and its accounts; refuses a nonce that it has seen."""

    enforce_ssl = False
    allowed_signature_methods = ("HMAC-SHA1",)
    dummy_client = "nobody"

    def __init__(self, accounts: Collection[str]) -> None:
        super().__init__()
        self._accounts = accounts
        self._seen: set[tuple[str, str]] = set()

    def check_client_key(self, client_key: str) -> bool:
        return 0 < len(client_key) <= 50

    def check_access_token(self, request_token: str) -> bool:
        return 0 < len(request_token) <= 100

    def check_nonce(self, nonce: str) -> bool:
        return 8 <= len(nonce) <= 64

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: Any, nonce: str, *_: Any, **__: Any
    ) -> bool:
        is_new = (str(timestamp), nonce) not in self._seen
        self._seen.add((str(timestamp), nonce))
        return is_new and abs(time() - int(timestamp)) < 300

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == CONSUMER_KEY

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return CONSUMER_SECRET if client_key == CONSUMER_KEY else "none"

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        account = token.removesuffix("-token")
        return keys_of(account)["access_token_secret"] if account in self._accounts else "none"


class XServer(StandIn):
    """Takes posts at ``/2/tweets`` of its ``accounts``, signed with their keys (`keys_of`)."""

    FAILURES = (
        Reply(500, "oh"),
        Reply(502, "<html>"),
        Reply(503, '{"title": "Service Unavailable"}'),
        problem(429, "Too Many Requests", "Too Many Requests", x_rate_limit_reset="1"),
        Reply(drop=True),
        Reply(drop=True, taken=True),
    )

    def __init__(self, *accounts: str, **options: Any) -> None:
        super().__init__(**options)
        self._signatures = SignatureOnlyEndpoint(_Accounts(accounts or ("iati",)))
        self._ids = itertools.count(1_900_000_000_000_000_001)
        self._texts: set[tuple[str, str]] = set()
        self._posts: set[str] = set()

    def judged(self, request: Request) -> tuple[Reply, Any]:
        if (request.method, request.path) != ("POST", "/2/tweets"):
            return problem(404, "Not Found", "Not Found"), None
        headers = {"Authorization": request.headers.get("authorization", "")}
        is_signed, signed = self._signatures.validate_request(
            f"http://{request.headers.get('host')}{request.path}", "POST", None, headers
        )
        if not is_signed:
            return problem(401, "Unauthorized", "Unauthorized"), None
        account = signed.resource_owner_key.removesuffix("-token")
        return self._judged_post(account, json.loads(request.body))

    def _judged_post(self, account: str, body: dict[str, Any]) -> tuple[Reply, Any]:
        text = unicodedata.normalize("NFC", body.get("text", "")).strip()
        if not text:
            return problem(400, "Invalid Request", "text is required"), None
        if length(text) > 280:
            return TOO_LONG, None
        if (account, text) in self._texts:
            return DUPLICATE, None
        reply_to = body.get("reply", {}).get("in_reply_to_tweet_id", "")
        if reply_to and reply_to not in self._posts:
            return NO_SUCH_POST, None
        post = {"id": str(next(self._ids)), "text": text, "edit_history_tweet_ids": []}
        content = {"account": account, "id": post["id"], "text": text, "reply_to": reply_to}
        return Reply(201, json.dumps({"data": post})), content

    def remember(self, content: Any) -> None:
        self._texts.add((content["account"], content["text"]))
        self._posts.add(content["id"])


def length(text: str) -> int:
    """Weighted, as X counts; written apart from the product's own way, without emoji."""
    text = re.sub(r"https?://\S+", "." * 23, text)
    light = [range(0x1100), range(0x2000, 0x200E), range(0x2010, 0x2020), range(0x2032, 0x2038)]
    return sum(1 if any(ord(each) in span for span in light) else 2 for each in text)
