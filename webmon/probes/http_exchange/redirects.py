"""Following redirects, by httpx's own rules and with a fresh connection for each."""

import httpx

from webmon.guard import NotAllowed
from webmon.probes.http_exchange.transport import Body, OneShotTransport

MOST_REDIRECTS = 10


async def follow_redirects(
    first: httpx.Response, transport: OneShotTransport, private_headers: frozenset[str]
) -> httpx.Response:
    """The answer at the end of the redirects that begin with ``first``.

    ``private_headers`` (lower case) are not shown to other sites.

    Raises:
        httpx.TooManyRedirects: there is no end to them.
        httpx.HTTPError, httpx.InvalidURL: one of them leads nowhere.
    """
    onward = _Onward(first, transport, private_headers)
    async with httpx.AsyncClient(
        transport=onward, trust_env=False, timeout=None, max_redirects=MOST_REDIRECTS
    ) as client:
        try:
            return await client.send(first.request, stream=True, follow_redirects=True)
        except httpx.TooManyRedirects:
            seen = {trace.url for trace in transport.traces}
            looped = len(seen) < len(transport.traces)
            text = "redirects in a loop" if looped else f"more than {MOST_REDIRECTS} redirects"
            raise httpx.TooManyRedirects(text) from None


class _Onward(httpx.AsyncBaseTransport):
    """Gives the response that is there already, and gets those that follow."""

    def __init__(
        self, first: httpx.Response, transport: OneShotTransport, private_headers: frozenset[str]
    ) -> None:
        self._first: httpx.Response | None = first
        self._start = first.request.url
        self._transport = transport
        self._private_headers = private_headers

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response, self._first = self._first, None
        if response is None:
            if not _is_same_site(self._start, request.url):
                for name in self._private_headers:
                    request.headers.pop(name, None)
            try:
                response = await self._transport.handle_async_request(request)
            except NotAllowed as error:
                raise httpx.ConnectError(f"redirects to where it must not: {error}") from None
        if response.has_redirect_location:
            response.stream = Body(b"")  # the client would decode it, however large it is
        return response


def _is_same_site(start: httpx.URL, url: httpx.URL) -> bool:
    if start.raw_host != url.raw_host:
        return False
    upgraded = start.scheme == "http" and url.scheme == "https"
    ports = (start.port, url.port)
    return ports == (None, None) if upgraded else (start.scheme, ports[0]) == (url.scheme, ports[1])
