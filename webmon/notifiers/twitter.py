"""The `twitter` notifier: a post on X, by the account whose keys the config holds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from webmon.domain.notifications.messages import post
from webmon.domain.notifications.news import Message
from webmon.notifiers.base import NotifierConfig, NotifierError, Receipt, Surroundings
from webmon.notifiers.failures import reason, through
from webmon.notifiers.transport import (
    proxy_to,
    require_taken,
    retry_after_seconds,
    seconds_until,
)
from webmon.proxies import Proxy

if TYPE_CHECKING:
    import requests

HOST = "https://api.twitter.com"
"""The host that tweepy uses; `_session` replaces it by the API of the settings."""
TIMEOUT_SECONDS = 10.0
RESETS = (
    ("x-user-limit-24hour-remaining", "x-user-limit-24hour-reset"),
    ("x-app-limit-24hour-remaining", "x-app-limit-24hour-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
)
"""Headers: what is left of each limit, and when it is reset, in seconds since 1970.

https://docs.x.com/x-api/fundamentals/rate-limits
"""


def _key(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text.isascii() or not text.isprintable() or not text or " " in text:
        raise ValueError("must be letters and digits, as X shows them")
    return SecretStr(text)


Key = Annotated[SecretStr, AfterValidator(_key)]


class TwitterConfig(NotifierConfig):
    """The account's keys (OAuth 1.0a), with the permission to read and write."""

    consumer_key: Key = Field(
        title="Consumer key", description="Of the X app; also called “API key”"
    )
    consumer_secret: Key = Field(
        title="Consumer secret", description="Also called “API key secret”"
    )
    access_token: Key = Field(
        title="Access token", description="Of the account, with permission to read and write"
    )
    access_token_secret: Key = Field(title="Access token secret")
    monthly_budget: int | None = Field(
        default=None,
        title="Posts per month",
        description="Nothing more is posted in a calendar month after this many; empty: no limit",
        ge=1,
        le=100_000,
    )
    with_url: bool = Field(
        default=False,
        title="Add the status page’s address",
        description="A post with a link costs more than ten times as much",
    )


class _Refused(Exception):
    """An answer of X that is not a 2xx; ``said`` is its explanation in lower case."""

    def __init__(self, response: "requests.Response") -> None:
        super().__init__()
        self.status = response.status_code
        self.headers = response.headers
        problem = _json(response)
        words = (str(problem.get(name, "")) for name in ("type", "title", "detail", "errors"))
        self.said = " ".join(words).lower()


def send_twitter(config: TwitterConfig, message: Message, surroundings: Surroundings) -> Receipt:
    """Post once, as a reply to the incident's first post.

    A post that X has already (its answer was lost) counts as sent.

    Raises:
        NotifierError: X did not take it.
    """
    import requests
    import tweepy
    from urllib3.exceptions import ProtocolError

    client = tweepy.Client(
        consumer_key=config.consumer_key.get_secret_value(),
        consumer_secret=config.consumer_secret.get_secret_value(),
        access_token=config.access_token.get_secret_value(),
        access_token_secret=config.access_token_secret.get_secret_value(),
        return_type=requests.Response,
    )
    text = preview_twitter(config, message)
    api = surroundings.x_api_url
    proxy = proxy_to(api)
    with _session(api, proxy) as client.session:
        try:
            return Receipt(reference=_create(client, text, message.reply_to))
        except _Refused as refused:
            return _judge(refused, proxy if api.startswith("http://") else None)
        except requests.Timeout as error:
            said = f"X did not answer within {TIMEOUT_SECONDS:g} s{through(proxy)}"
            is_sent = isinstance(error, requests.ReadTimeout)
            raise NotifierError(said, may_have_arrived=is_sent) from None
        except requests.RequestException as error:
            is_sent = any(isinstance(each, ProtocolError) for each in error.args)
            said = f"X: {reason(error, proxy)}"
            raise NotifierError(said, may_have_arrived=is_sent) from None


def _session(base_url: str, proxy: Proxy | None) -> "requests.Session":
    """A session for tweepy that talks to ``base_url``, with a time-out and without redirects."""
    import requests

    class Session(requests.Session):
        def request(  # type: ignore[override]
            self, method: str, url: str, **options: Any
        ) -> requests.Response:
            options |= {"timeout": TIMEOUT_SECONDS, "allow_redirects": False}
            response = super().request(method, base_url + url.removeprefix(HOST), **options)
            if not 200 <= response.status_code < 300:
                raise _Refused(response)
            return response

    session = Session()
    session.trust_env = False
    if proxy is not None:
        _lead_through(proxy, session)
    return session


def _lead_through(proxy: Proxy, session: "requests.Session") -> None:
    """Send everything through ``proxy``, with the same login header as checks.

    requests would encode a login in the address differently if it has letters outside ASCII.
    """
    import requests

    class Adapter(requests.adapters.HTTPAdapter):
        def proxy_headers(self, _proxy: str) -> dict[str, str]:
            return proxy.headers

    for scheme in ("http", "https"):
        session.proxies[scheme] = proxy.url
        session.mount(f"{scheme}://", Adapter())


def _create(client: Any, text: str, reply_to: str) -> str:
    """The new post's id. If the first post was deleted, this one is no reply."""
    try:
        response = client.create_tweet(text=text, in_reply_to_tweet_id=reply_to or None)
    except _Refused as refused:
        if not reply_to or refused.status not in (400, 403) or "reply" not in refused.said:
            raise
        response = client.create_tweet(text=text)
    return str(_within(_json(response).get("data")).get("id", ""))


def _judge(refused: _Refused, proxy: Proxy | None) -> Receipt:
    """What X's refusal means: https://docs.x.com/x-api/fundamentals/response-codes-and-errors.

    ``proxy`` may have answered in X's place.
    """
    status, said = refused.status, refused.said
    if status == 403 and "duplicate" in said:
        return Receipt(note="X already has this post", had_before=True)
    if _is_about_money(status, said):
        raise NotifierError(
            "X accepts no more posts: the spending limit is reached", permanent=True
        )
    if status == 401:
        raise NotifierError("X does not accept the keys: wrong, or revoked", permanent=True)
    if status == 403 and "try again" in said:
        raise NotifierError("X treats this as spam and accepts no more posts for the moment")
    if status == 403:
        raise NotifierError(_forbidden(said), permanent=True)
    if status == 429:
        wait = _seconds_until_reset(refused.headers)
        if wait is None:  # a proxy may send the usual header instead
            wait = retry_after_seconds(refused.headers)
        raise NotifierError("X accepts no more posts for the moment", retry_after_seconds=wait)
    require_taken(status, refused.headers, "X", proxy)
    raise AssertionError(status)


def _is_about_money(status: int, said: str) -> bool:
    words = ("credits", "usage-capped", "usagecap", "usage cap", "spend cap", "spendcap")
    return status == 402 or (status in (403, 429) and any(word in said for word in words))


def _forbidden(said: str) -> str:
    """What a 403 means, as far as X documents it."""
    if "suspended" in said:
        return "X has suspended the account"
    if "locked" in said:
        return "X has locked the account: sign in there to unlock it"
    if "permission" in said or "not permitted" in said:
        return "the keys may not post: give the app permission to write, then make new ones"
    if "too long" in said:
        return "X finds the post too long"
    return "X does not allow this account to post"


def _seconds_until_reset(headers: Mapping[str, str]) -> float | None:
    """When the exhausted limit is reset; with several, the last of them."""
    used_up = [reset for remaining, reset in RESETS if headers.get(remaining, "0").strip() == "0"]
    ends = [headers[reset].strip() for reset in used_up if reset in headers]
    waits = [
        seconds_until(datetime.fromtimestamp(int(end), UTC))
        for end in ends
        if end.isascii() and end.isdigit() and len(end) <= 11
    ]
    return max(waits, default=None)


def _json(response: "requests.Response") -> dict[str, Any]:
    try:
        return _within(response.json())
    except ValueError:
        return {}


def _within(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def preview_twitter(config: TwitterConfig, message: Message) -> str:
    """The post; `messages.weighted_length` says how long it is for X."""
    return post(message, with_url=config.with_url)
