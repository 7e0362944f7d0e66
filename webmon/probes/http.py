"""The `http` probe: one request, judged by its status and its body."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx

from webmon.clock import utcnow
from webmon.domain.status import Status
from webmon.probes.base import Outcome, Phases, Target, down, up
from webmon.probes.http_exchange.body_conditions import (
    decode_text,
    html_fault,
    json_fault,
    text_fault,
)
from webmon.probes.http_exchange.exchange import Trace
from webmon.probes.http_exchange.redirects import follow_redirects
from webmon.probes.http_exchange.request import HttpConfig
from webmon.probes.http_exchange.transport import HTTP_TRUST, Body, OneShotTransport
from webmon.probes.wire.certificates import validity_evidence
from webmon.probes.wire.texts import MOST_REPEATED, excerpt, milliseconds
from webmon.proxies import Proxy

__all__ = ["HttpConfig", "probe_http"]

MOST_MESSAGE_CHARACTERS = 300
MOST_CODINGS = 3
"""A body that is compressed more often is meant to keep us busy."""

_USER_INFO = re.compile(r"//[^/]*@")
_PRIVATE_PART = re.compile(r"[?#]")


@dataclass(slots=True)
class Page:
    """A response with its body decoded, or why that could not be done."""

    response: httpx.Response
    body: bytes
    truncated: bool
    fault: str | None = None


async def probe_http(config: HttpConfig, _target: Target, timeout: float) -> Outcome:
    """Ask once, within ``timeout`` seconds; nothing a server does raises."""
    transport = OneShotTransport(
        timeout=timeout,
        trust=replace(HTTP_TRUST, verify=config.verify_tls),
        most_body_bytes=config.max_body_kb * 1024,
        routes=config.routes,
    )
    traces = transport.traces
    try:
        response = await transport.handle_async_request(config.request)
        if config.follow_redirects and response.has_redirect_location:
            response = await follow_redirects(response, transport, _private_headers(config))
    except httpx.TooManyRedirects as error:
        return _down(config, traces, str(error))
    except httpx.TransportError as error:
        return _down(config, traces, _plain(error))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return _down(config, traces, "redirects to an address that is not valid")
    page = _read(response, config.max_body_kb * 1024, traces[-1].truncated)
    fault = _fault(config, page, traces[-1].proxy)
    if fault is not None:
        return _down(config, traces, fault, page)
    response_us = _microseconds(traces[0].started, traces[-1].finished)
    status = _status_text(response.status_code)
    evidence = _evidence(traces, response_us, page)
    message = f"{status} in {milliseconds(response_us)}"
    outcome = up(message, response_us, _phases(traces), **evidence)
    old = traces[-1].old_encryption if config.tls_strict else ""
    if old:
        return replace(outcome, status=Status.DEGRADED, message=f"old encryption: {old}; {message}")
    return outcome


def _plain(error: httpx.TransportError) -> str:
    """The error's text; httpx's own about a redirect's target would repeat that target."""
    text = str(error)
    return "redirects to an address that is not valid" if "location header" in text else text


def _private_headers(config: HttpConfig) -> frozenset[str]:
    return frozenset(name.lower() for name in config.headers) - {"host"} | {"authorization"}


def _read(response: httpx.Response, most_bytes: int, truncated: bool) -> Page:
    """Decode the body, no further than ``most_bytes``: a small one may unpack to gigabytes."""
    body: bytes = response.extensions["body"]
    codings = response.headers.get_list("content-encoding", split_commas=True)
    if body and len(codings) > MOST_CODINGS:
        too_often = f"the body is compressed more than {MOST_CODINGS} times"
        return Page(response, body, truncated, too_often)
    for coding in reversed(codings) if body else ():
        body, is_cut, fault = _unpacked(coding, body, most_bytes)
        truncated |= is_cut
        if fault is not None:
            return Page(response, body, truncated, fault)
    return Page(response, body, truncated)


def _unpacked(coding: str, raw: bytes, most_bytes: int) -> tuple[bytes, bool, str | None]:
    """``raw`` with one coding undone, whether that is cut short, and why it cannot be."""
    if coding.strip().lower() == "identity":
        return raw, False, None
    packed = httpx.Response(200, headers={"content-encoding": coding}, stream=Body(raw))
    parts: list[bytes] = []
    room = most_bytes
    try:
        for part in packed.iter_bytes():
            parts.append(part[:room])
            room -= len(part)
            if room < 0:
                return b"".join(parts), True, None
    except httpx.DecodingError:
        return b"".join(parts), False, f"the body is not valid {excerpt(coding, 20)}"
    return b"".join(parts), False, None


def _fault(config: HttpConfig, page: Page, proxy: Proxy | None) -> str | None:
    """What is wrong with the answer, None when nothing is."""
    response = page.response
    if response.status_code not in config.statuses:
        return _status_fault(config, response, proxy)
    if page.fault is not None:
        return page.fault
    if config.expect_html:
        kind = response.headers.get("content-type", "")
        fault = html_fault(kind, page.body, expects_body=config.method != "HEAD")
        if fault is not None:
            return fault
    return _body_fault(config, page)


def _status_fault(config: HttpConfig, response: httpx.Response, proxy: Proxy | None) -> str:
    answered = f"answered {_status_text(response.status_code)}"
    if proxy is not None and response.url.scheme == "http":
        if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:
            return f"the proxy {proxy} {answered}"
        answered += f" through the proxy {proxy}"  # which may have said it itself
    return f"{answered}, expected {config.accepted_statuses}"


def _body_fault(config: HttpConfig, page: Page) -> str | None:
    within = f" in its first {config.max_body_kb} kB" if page.truncated else ""
    if config.contains or config.not_contains:
        text = decode_text(page.body, page.response.charset_encoding)
        fault = text_fault(text, config.contains, config.not_contains, searched=within)
        if fault is not None:
            return fault
    if config.json_path is None:
        return None
    if page.truncated:
        return f"is larger than {config.max_body_kb} kB, too large to be judged as JSON"
    return json_fault(page.body, config.json_path, config.json_equals)


def _down(
    config: HttpConfig, traces: Sequence[Trace], message: str, page: Page | None = None
) -> Outcome:
    """There is a response time only where there was an answer."""
    taken_us = _microseconds(traces[0].started, traces[-1].finished or time.perf_counter())
    evidence = _evidence(traces, taken_us, page)
    if page is not None and page.body:
        text = decode_text(page.body[: 8 * MOST_REPEATED], page.response.charset_encoding)
        evidence["body"] = excerpt(_without_secrets(config, text))
    return down(
        excerpt(_without_secrets(config, message), MOST_MESSAGE_CHARACTERS),
        response_us=taken_us if page is not None else None,
        phases=_phases(traces),
        evidence=evidence,
    )


def _without_secrets(config: HttpConfig, text: str) -> str:
    for secret in config.secrets:
        text = text.replace(secret, "•••")
    return text


def _status_text(code: int) -> str:
    return f"{code} {httpx.codes.get_reason_phrase(code)}".rstrip()


def _microseconds(begin: float, end: float) -> int:
    return max(0, round((end - begin) * 1_000_000))


def _phases(traces: Sequence[Trace]) -> Phases:
    """The steps' times, added up over redirects; None for a step that was never finished."""
    taken: dict[str, int] = {}
    for trace in traces:
        began, ready = trace.started, trace.secured or trace.connected
        for name, start, end in (
            ("dns_us", began, trace.resolved if trace.named else 0.0),
            ("connect_us", trace.resolved, trace.connected),
            ("tls_us", trace.connected, trace.secured),
            ("first_byte_us", ready, trace.first_byte),
        ):
            if end:
                taken[name] = taken.get(name, 0) + _microseconds(start, end)
    return Phases(**taken)


def _evidence(traces: Sequence[Trace], taken_us: int, page: Page | None) -> dict[str, Any]:
    """What was met, fit to be stored: no header values, no query strings."""
    last = traces[-1]
    evidence: dict[str, Any] = {
        "url": _shown_url(str(last.url)),
        "address": None if last.endpoint is None or last.proxy else str(last.endpoint),
        "total_ms": taken_us / 1000,
    }
    if last.proxy is not None:
        evidence["proxy"] = str(last.proxy)
    if len(traces) > 1:
        evidence["redirects"] = [_shown_url(str(trace.url)) for trace in traces]
    if last.chain:
        evidence["certificate"] = validity_evidence(last.chain, utcnow())
    if last.old_encryption:
        evidence["old_encryption"] = last.old_encryption
    if page is not None:
        evidence |= _page_evidence(page)
    return evidence


def _page_evidence(page: Page) -> dict[str, Any]:
    response = page.response
    evidence = {
        "status_code": response.status_code,
        "http_version": response.http_version,
        "content_type": excerpt(response.headers.get("content-type", "")),
        "body_bytes": len(page.body),
        "truncated": page.truncated,
    }
    if response.has_redirect_location:
        evidence["redirects_to"] = _shown_url(response.headers["location"])
    return evidence


def _shown_url(url: str) -> str:
    """``url`` without what may be secret in it: user, password, query and fragment."""
    return excerpt(_USER_INFO.sub("//", _PRIVATE_PART.split(url, maxsplit=1)[0]))
