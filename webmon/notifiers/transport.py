"""How notifiers post over HTTP, and the one rule of what is tried again."""

import asyncio
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from importlib import import_module
from typing import Annotated, Any

import certifi
import httpx
from pydantic import AfterValidator, SecretStr

from webmon import clock
from webmon.notifiers.base import NotifierError
from webmon.notifiers.failures import reason, refusal, status_text, through
from webmon.notifiers.guarded_http import GuardedTransport, require_allowed_target
from webmon.proxies import Proxy, of_environment

HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "Beaconry (website monitor)",
    "Accept-Encoding": "identity",
}
TIMEOUT_SECONDS = 20.0
"""For the whole exchange: a receiver that answers byte by byte must not hold up its channel."""
MOST_ANSWER_BYTES = 10_000
LONGEST_WAIT_SECONDS = 24 * 3600.0
TRIED_AGAIN = frozenset({408, 421, 425, 429})
"""Statuses below 500 that are temporary (RFC 9110, 8470, 6585)."""


def _web_address(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    try:
        url = httpx.URL(text)
        is_sound = url.scheme in ("http", "https") and bool(url.host) and url.port != 0
    except (httpx.InvalidURL, ValueError):
        is_sound = False
    if not is_sound or not text.isprintable() or " " in text:
        raise ValueError("must be an http:// or https:// address")
    return SecretStr(text)


WebAddress = Annotated[SecretStr, AfterValidator(_web_address)]
"""An address that is a secret: everybody who knows it can write there."""


def host_of(url: SecretStr) -> str:
    """The host that an address names."""
    return httpx.URL(url.get_secret_value()).host


@dataclass(frozen=True, slots=True)
class Response:
    """A receiver's answer: the status, and the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    text: str
    proxy: Proxy | None = None
    """A proxy that may have answered in the receiver's place."""


def proxy_to(url: str) -> Proxy | None:
    """The proxy of the environment for ``url``, by the same rule as for checks."""
    routes = of_environment()
    return None if routes is None else routes.to(httpx.URL(url))


async def post(url: SecretStr, body: bytes, headers: Mapping[str, str]) -> Response:
    """Send ``body`` as JSON and return the answer with any status. Redirects are not followed.

    Raises:
        NotifierError: there was no answer; trying again may help.
    """
    place = url.get_secret_value()
    proxy = proxy_to(place)
    sent = asyncio.Event()
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await _exchange(place, body, headers, proxy, sent)
    except (httpx.TimeoutException, TimeoutError):
        text = f"no answer within {TIMEOUT_SECONDS:g} s{through(proxy)}"
        raise NotifierError(text, may_have_arrived=sent.is_set()) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise NotifierError(reason(error, proxy), may_have_arrived=sent.is_set()) from None


async def _exchange(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    proxy: Proxy | None,
    sent: asyncio.Event,
) -> Response:
    """``sent`` is set when the body is on its way."""
    told = {**HEADERS, **headers}
    if proxy is not None:
        await require_allowed_target(url)

    async def trace(step: str, details: Mapping[str, Any]) -> None:
        # A proxy is asked for a tunnel in the same way before.
        if step == "http11.send_request_body.started" and details["request"].method == b"POST":
            sent.set()

    async with (
        httpx.AsyncClient(
            verify=tls_context(),
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            proxy=httpx.Proxy(proxy.url, headers=proxy.headers) if proxy else None,
            transport=None if proxy else GuardedTransport(verify=tls_context()),
        ) as client,
        client.stream(
            "POST", url, content=body, headers=told, extensions={"trace": trace}
        ) as response,
    ):
        beginning = b""
        async for part in response.aiter_raw():
            beginning += part
            if len(beginning) > MOST_ANSWER_BYTES:
                break
        text = beginning[:MOST_ANSWER_BYTES].decode("utf-8", "replace")
        by = proxy if response.url.scheme == "http" else None
        return Response(response.status_code, response.headers, text, by)


def load() -> None:
    """Load what `post` needs: a tenth of a second, in which no check could run."""
    import anyio

    tls_context()
    import_module("httpcore")  # httpx would import it with the first client
    anyio.run(anyio.sleep, 0)  # loads the part of it that is for asyncio


def tls_context() -> ssl.SSLContext:
    """The process's context: the system's authorities, and Mozilla's besides.

    Made once, also when several threads ask at the same time: each context takes megabytes.
    """
    with _making:
        return made_context()


_making = threading.Lock()


@cache
def made_context() -> ssl.SSLContext:
    """For `tls_context`, which lets in one thread at a time."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def require_taken(
    status: int, headers: Mapping[str, str], receiver: str, proxy: Proxy | None = None
) -> None:
    """The retry rule: 2xx is success; 5xx and temporary statuses are tried again; the rest means
    wrong settings. So does a redirect: no admin has chosen its target.

    ``proxy`` may have answered in the receiver's place.

    Raises:
        NotifierError: the message was not taken.
    """
    if 200 <= status < 300:
        return
    if proxy is not None and status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise NotifierError(refusal(proxy, status))
    text = f"{receiver} answered {status_text(status)}"
    if proxy is not None:
        text += f" through the proxy {proxy}"
    if status in TRIED_AGAIN or status >= 500:
        raise NotifierError(text, retry_after_seconds=retry_after_seconds(headers))
    if 300 <= status < 400:
        text += ", a redirect, which is not followed"
    raise NotifierError(text, permanent=True)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The header ``Retry-After``: seconds or a date (RFC 9110, 10.2.3), None without one."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WAIT_SECONDS)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return seconds_until(at if at.tzinfo is not None else at.replace(tzinfo=UTC))


def seconds_until(at: datetime) -> float:
    """How long to wait until ``at``: from 0 to a day."""
    return min(max(0.0, (at - clock.utcnow()).total_seconds()), LONGEST_WAIT_SECONDS)
