"""The `http` probe: one request, judged by its status and its body."""

import re
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import httpx

from webmon.clock import utcnow
from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, Phases, Target, down
from webmon.probes.http_exchange.answer import Enough
from webmon.probes.http_exchange.body_conditions import html_fault
from webmon.probes.http_exchange.charsets import decode_text
from webmon.probes.http_exchange.conditions import header_fault
from webmon.probes.http_exchange.exchange import Trace
from webmon.probes.http_exchange.page import Page, body_fault, read_page
from webmon.probes.http_exchange.redirects import BadRedirect, follow_redirects, redirect_target
from webmon.probes.http_exchange.request import HttpConfig
from webmon.probes.http_exchange.transport import OneShotTransport
from webmon.probes.wire.certificates import validity_evidence
from webmon.probes.wire.texts import MOST_REPEATED, excerpt, milliseconds
from webmon.proxies import Proxy

__all__ = ["HttpConfig", "probe_http"]

MOST_MESSAGE_CHARACTERS = 300

_USER_INFO = re.compile(r"//[^/]*@")
_PRIVATE_PART = re.compile(r"[?#]")


async def probe_http(config: HttpConfig, _target: Target, timeout: float) -> Outcome:
    """Ask once, within ``timeout`` seconds; nothing a server does raises."""
    transport = OneShotTransport(
        timeout=timeout,
        trust=config.trust,
        most_body_bytes=config.max_body_kb * 1024,
        routes=config.routes,
        server_name=config.server_name,
        enough=_enough(config),
    )
    traces = transport.traces
    try:
        response = await transport.handle_async_request(config.request)
        target = redirect_target(response)
        if config.follow_redirects and target is not None:
            response, target = await follow_redirects(response, transport), None
    except (httpx.TransportError, BadRedirect) as error:
        return _down(config, traces, str(error))
    page = read_page(response, config.max_body_kb * 1024, traces[-1].truncated)
    fault = _fault(config, page, traces[-1].proxy)
    if fault is not None:
        return _down(config, traces, fault, page)
    return _up(config, traces, page, target)


def _up(
    config: HttpConfig, traces: Sequence[Trace], page: Page, target: httpx.URL | None
) -> Outcome:
    response_us = _microseconds(traces[0].started, traces[-1].finished)
    message = f"{_status_text(page.response.status_code)} in {milliseconds(response_us)}"
    evidence = _evidence(traces, response_us, page)
    if target is not None:
        evidence["redirects_to"] = _shown_url(str(target))
        message += f", redirects to {evidence['redirects_to']}, which is not looked at"
    old = traces[-1].old_encryption if config.tls_strict else ""
    message = excerpt(_without_secrets(config, message), MOST_MESSAGE_CHARACTERS)
    if old:
        message = f"old encryption: {old}; {message}"
    status = Status.DEGRADED if old else Status.UP
    return Outcome(status, message, response_us, _phases(traces), evidence)


def _enough(config: HttpConfig) -> Enough | None:
    """When enough is known of a body that has no end; None: its headers are enough."""
    wanted = [] if config.contains is None else [config.contains]
    is_text_only = config.not_contains is None and config.json_path is None
    if config.conditions:
        asked = [each for each in config.stated if each.part != "header"]
        texts = [str(each.value) for each in asked if each.comparison == "contains"]
        wanted, is_text_only = wanted + texts, is_text_only and len(texts) == len(asked)
    if not is_text_only:
        return lambda _: False
    if not wanted:
        return None
    return lambda body: _has_all(decode_text(body), wanted)


def _has_all(text: str, wanted: Sequence[str]) -> bool:
    return all(each in text for each in wanted)


def _fault(config: HttpConfig, page: Page, proxy: Proxy | None) -> str | None:
    """What is wrong with the answer, None when nothing is."""
    response = page.response
    if response.status_code not in config.statuses:
        return _status_fault(config, response, proxy)
    if page.fault is not None:
        return page.fault
    if config.must_be_https and response.url.scheme != "https":
        return f"ends at {_shown_url(str(response.url))}, expected https"
    if config.conditions:
        fault = header_fault(config.stated, response.headers)
        if fault is not None:
            return fault
    if config.expect_html:
        kind = response.headers.get("content-type", "")
        fault = html_fault(kind, page.body, expects_body=config.method != "HEAD")
        if fault is not None:
            return fault
    return body_fault(config, page)


def _status_fault(config: HttpConfig, response: httpx.Response, proxy: Proxy | None) -> str:
    answered = f"answered {_status_text(response.status_code)}"
    if proxy is not None and response.url.scheme == "http":
        if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:
            return f"the proxy {proxy} {answered}"
        answered += f" through the proxy {proxy}"  # which may have said it itself
    return f"{answered}, expected {config.accepted_statuses}"


def _down(
    config: HttpConfig, traces: Sequence[Trace], message: str, page: Page | None = None
) -> Outcome:
    """There is a response time only where there was an answer."""
    taken_us = _microseconds(traces[0].started, traces[-1].finished or time.perf_counter())
    evidence = _evidence(traces, taken_us, page)
    if page is not None and page.body:
        text = decode_text(page.body[: 8 * MOST_REPEATED], page.content_type)
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


@lru_cache(maxsize=64)  # nearly every check says the same one
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
    return evidence


def _shown_url(url: str) -> str:
    """``url`` without what may be secret in it: user, password, query and fragment."""
    return excerpt(_USER_INFO.sub("//", _PRIVATE_PART.split(url, maxsplit=1)[0]))
