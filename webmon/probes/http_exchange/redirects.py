"""Following redirects as browsers do, with a fresh connection for each."""

import re
from urllib.parse import quote_from_bytes

import httpx

from webmon.guard import NotAllowed
from webmon.probes.http_exchange.transport import OneShotTransport
from webmon.probes.wire.host_names import ascii_name

MOST_REDIRECTS = 10

HARMLESS = frozenset(
    """accept accept-encoding accept-language cache-control connection dnt host origin pragma range
    referer user-agent x-requested-with""".split()  # noqa: SIM905 -- easier to read
)
"""The headers that other sites may see, too."""

_STATUSES = frozenset({301, 302, 303, 307, 308})
_AUTHORITY = re.compile(rb"((?:https?:)?//)/*((?:[^/?#]*@)?)([^/?#:\[\]]*)", re.IGNORECASE)
_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>^`{|}')


class BadRedirect(Exception):
    """It leads nowhere; the text says why."""


def redirect_target(response: httpx.Response) -> httpx.URL | None:
    """Where ``response`` redirects to; None where it does not.

    Raises:
        BadRedirect: it says so in a way that no browser follows.
    """
    if response.status_code not in _STATUSES:
        return None
    told = {value.strip() for name, value in response.headers.raw if name.lower() == b"location"}
    if len(told) > 1:
        raise BadRedirect("redirects to two different places (Location)")
    place = told.pop() if told else b""
    if not place:
        return None
    try:
        url = response.request.url.join(_as_text(place))
        port = 80 if url.port is None else url.port
    except (httpx.InvalidURL, ValueError):
        raise BadRedirect("redirects to an address that is not valid") from None
    if url.scheme in ("http", "https") and not (url.raw_host and 1 <= port <= 65535):
        raise BadRedirect("redirects to an address that is not valid")
    return url


def _as_text(place: bytes) -> str:
    """``place`` in ASCII: its bytes stay what they are, and a backslash is a slash (WHATWG URL)."""
    place = re.sub(rb"[\t\r\n]", b"", place).strip(bytes(range(0x21)))
    path = re.split(rb"[?#]", place, maxsplit=1)[0]
    head, tail = path.replace(b"\\", b"/"), place[len(path) :]
    found = _AUTHORITY.match(head)
    if found is None:
        return quote_from_bytes(head + tail, safe=_PRINTABLE)
    host = ascii_name(found[3].decode("utf-8"))
    start = (found[1] + found[2]).decode("ascii") + host
    return start + quote_from_bytes(head[found.end() :] + tail, safe=_PRINTABLE)


async def follow_redirects(first: httpx.Response, transport: OneShotTransport) -> httpx.Response:
    """The answer at the end of the redirects that begin with ``first``.

    Raises:
        BadRedirect: there is no end to them, or one of them leads nowhere.
        httpx.TransportError: there is no answer.
    """
    cookies, response, start = httpx.Cookies(), first, first.request.url
    while (url := redirect_target(response)) is not None:
        if len(transport.traces) > MOST_REDIRECTS:
            seen = {trace.url for trace in transport.traces}
            looped = len(seen) < len(transport.traces)
            text = "redirects in a loop" if looped else f"more than {MOST_REDIRECTS} redirects"
            raise BadRedirect(text)
        cookies.extract_cookies(response)
        request = _next_request(response.request, response.status_code, url, start)
        if first.request.headers.get("cookie") is None:
            request.headers.pop("cookie", None)
            cookies.set_cookie_header(request)
        try:
            response = await transport.handle_async_request(request)
        except NotAllowed as error:
            raise BadRedirect(f"redirects to where it must not: {error}") from None
    return response


def _next_request(
    before: httpx.Request, status: int, url: httpx.URL, start: httpx.URL
) -> httpx.Request:
    """The same request for another place, as the standard for browsers has it (Fetch, 4.4)."""
    method, content = before.method, before.content
    headers = [(name, value) for name, value in before.headers.raw if name.lower() != b"host"]
    if (status in (301, 302) and method == "POST") or (
        status == 303 and method not in ("GET", "HEAD")
    ):
        method, content = "GET", b""
        headers = [each for each in headers if not each[0].lower().startswith(b"content-")]
    if not _is_same_site(start, url):
        headers = [each for each in headers if each[0].decode("ascii").lower() in HARMLESS]
    kept = before.headers["host"].encode() if _is_same_site(start, url) else url.netloc
    host = (b"Host", kept)
    return httpx.Request(method, url, headers=[host, *headers], content=content or None)


def _is_same_site(start: httpx.URL, url: httpx.URL) -> bool:
    if start.raw_host != url.raw_host:
        return False
    upgraded = start.scheme == "http" and url.scheme == "https"
    ports = (start.port, url.port)
    return ports == (None, None) if upgraded else (start.scheme, ports[0]) == (url.scheme, ports[1])
