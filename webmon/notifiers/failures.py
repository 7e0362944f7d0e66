"""Why there was no answer, in words for an admin. They name no address except a proxy's."""

import errno
import os
import re
import socket
import ssl
from http import HTTPStatus

import httpx

from webmon.proxies import Proxy

UNREACHABLE = "cannot be reached"
BROKEN_OFF = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ECONNABORTED})

_REFUSED = re.compile(r"(?:Tunnel connection failed: )?([1-5][0-9]{2})\b")
"""The text in which requests and httpx report that a proxy refused a tunnel."""


def reason(error: BaseException, proxy: Proxy | None = None) -> str:
    """What went wrong on the way to the receiver, through ``proxy`` if any.

    With a proxy, only the proxy is connected to; a later failure may be either side's fault.
    """
    causes = _causes(error)
    if proxy is None:
        return _reason(causes)
    for each in causes:
        says_so = isinstance(each, httpx.ProxyError | OSError)
        if says_so and (refused := _REFUSED.match(str(each))):
            return refusal(proxy, int(refused[1]))
    text = _reason(causes)
    return f"the proxy {proxy} {text}" if text.startswith(UNREACHABLE) else text + through(proxy)


def through(proxy: Proxy | None) -> str:
    """The end of a sentence about what went wrong."""
    return f" (through the proxy {proxy})" if proxy else ""


def refusal(proxy: Proxy, status: int) -> str:
    """The proxy itself answered with this status, in words."""
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return f"the proxy {proxy} rejects the credentials"
    return f"the proxy {proxy} answered {status_text(status)}"


def status_text(status: int) -> str:
    """The status with its name, if it has one."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and its causes; urllib3 passes them as arguments."""
    causes = [error]
    for each in causes:
        for cause in (each.__cause__ or each.__context__, *each.args):
            if isinstance(cause, BaseException) and cause not in causes:
                causes.append(cause)
    return causes


def _reason(causes: list[BaseException]) -> str:
    for each in causes:
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"the certificate is not accepted: {each.verify_message}"
        if isinstance(each, ssl.SSLError):
            return "the encrypted connection failed"
    failures = [each for each in causes if isinstance(each, OSError)]
    if any(each.errno in BROKEN_OFF for each in failures):
        return "the connection was lost"
    for each in failures:
        # asyncio puts the address into its text; the number of a failed look-up is no errno.
        is_look_up = isinstance(each, socket.gaierror)
        words = each.strerror if is_look_up else each.errno and os.strerror(each.errno)
        if words:
            return f"{UNREACHABLE}: {words.lower()}"
    is_unreachable = isinstance(causes[0], httpx.ConnectError)
    return UNREACHABLE if is_unreachable else "the connection was lost"
