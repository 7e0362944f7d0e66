"""httpx's connections, only to addresses that a channel may send to."""

import asyncio
import socket
from functools import partial

import httpx

from webmon import guard
from webmon.threads import in_thread


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Looks a name up itself and connects to what was judged, so that nobody can change the answer
    in between. The certificate must still be the name's."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncHTTPTransport`; an address that is not allowed cannot be connected to."""
        watch = guard.present_watch()
        if watch is None:
            return await super().handle_async_request(request)
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        failure: httpx.TransportError = httpx.ConnectError("the name has no address")
        for ip in watch.allowed(await _addresses(url.host, port), port):
            request.url = url.copy_with(host=ip)
            try:
                return await super().handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure


async def require_allowed_target(url: str) -> None:
    """Judge what a proxy is asked for.

    Raises:
        PermissionError: it may not be asked for.
    """
    target, watch = httpx.URL(url), guard.present_watch()
    if watch is not None:
        judge = partial(watch.judge_target, target.host, target.port or 0)
        await in_thread(judge, name="look-up")


async def _addresses(host: str, port: int) -> list[str]:
    try:
        loop = asyncio.get_running_loop()
        rows = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpx.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(row[4][0]) for row in rows))
