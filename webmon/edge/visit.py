"""A request as the edge sees it: path, origin, session, and who really asks behind proxies."""

from collections.abc import Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlencode

from webmon.domain.accounts.sessions import token_in
from webmon.edge.origins import is_ours

Scope = MutableMapping[str, Any]
SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Visit:
    """What the edge needs to know of a request or a socket's handshake."""

    path: str
    query: str
    method: str
    """Empty for a socket."""
    headers: dict[str, str]
    """By lower-case name; a header that came twice has both values, so that it matches nothing."""
    is_socket: bool
    is_tls: bool
    base_url: str
    """Where people reach us, as it was set; empty where it was not."""
    believed_host: str
    """What trusted proxies report as the host that was asked for; empty without."""
    is_plain: bool
    """The path is written the one way in which we write it: nothing encoded that need not be."""

    @property
    def is_safe(self) -> bool:
        """Whether the request only reads."""
        return self.method in SAFE_METHODS

    @property
    def is_admin(self) -> bool:
        """Whether the request is for the admin app: a page, its bundle, its socket."""
        return self.path.startswith("/admin/")

    @property
    def token(self) -> str | None:
        """The session's token."""
        return token_in(self.headers.get("cookie", ""))

    @property
    def is_same_origin(self) -> bool:
        """Whether a page of ours asks, or no page at all (curl, a script)."""
        origin = self.headers.get("origin")
        if origin is None:
            site = self.headers.get("sec-fetch-site", "none")
            # An old browser, or a proxy that takes the other two away, leaves only this.
            referer = self.headers.get("referer")
            is_own_page = referer is None or self._is_ours(referer)
            return site in ("same-origin", "none") and is_own_page
        return self._is_ours(origin)

    def _is_ours(self, address: str) -> bool:
        return is_ours(address, (self.headers.get("host", ""), self.believed_host), self.base_url)


def read_visit(scope: Scope, trusted_proxies: int, base_url: str = "") -> Visit:
    """The visit behind ``scope``, whose client and scheme are set to what the proxies report.

    A browser that speaks TLS to a proxy in front says so by the origin; where it says nothing,
    the base URL does.
    """
    headers = _headers(scope)
    believed_host = ""
    if trusted_proxies:
        _believe_proxies(scope, headers, trusted_proxies)
        believed_host = _from_right(headers.get("x-forwarded-host", ""), trusted_proxies)
    if headers.get("origin", base_url).startswith("https://"):
        scope["scheme"] = "wss" if scope["type"] == "websocket" else "https"
    return Visit(
        base_url=base_url,
        believed_host=believed_host,
        path=scope["path"],
        query=scope.get("query_string", b"").decode("latin-1"),
        method=scope.get("method", ""),
        headers=headers,
        is_socket=scope["type"] == "websocket",
        is_tls=scope.get("scheme") in ("https", "wss"),
        is_plain=_is_plain(scope["path"], scope.get("raw_path") or b""),
    )


def with_token(scope: Scope, rename: Callable[[str], str]) -> Scope:
    """``scope`` with the tab's token in its query renamed; of several, the first counts."""
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    token = next((value for name, value in query if name == "token"), None)
    others = [pair for pair in query if pair[0] != "token"]
    renamed = [] if token is None else [("token", rename(token))]
    return {**scope, "query_string": urlencode(others + renamed).encode()}


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        glue = "; " if key == "cookie" else ", "
        headers[key] = headers[key] + glue + text if key in headers else text
    return headers


def _is_plain(path: str, raw_path: bytes) -> bool:
    if not path.startswith("/") or "//" in path or "\\" in path or not path.isprintable():
        return False
    raw = raw_path.lower()
    if b"%2f" in raw or b"%25" in raw:
        return False
    return not {".", ".."}.intersection(path.split("/"))


def _believe_proxies(scope: Scope, headers: dict[str, str], hops: int) -> None:
    """Take client and scheme from the header values that the trusted proxies added.

    Each proxy adds what it saw at the right, so the one that counts is the ``hops``-th from
    there; what stands further left is the client's own claim.
    """
    address = _from_right(headers.get("x-forwarded-for", ""), hops)
    with suppress(ValueError):  # nothing usable: the peer stays the client
        scope["client"] = (str(ip_address(address)), 0)
    scheme = _from_right(headers.get("x-forwarded-proto", ""), hops).lower()
    if scheme in ("http", "https"):
        suffix = "s" if scheme == "https" else ""
        scope["scheme"] = ("ws" if scope["type"] == "websocket" else "http") + suffix


def _from_right(values: str, hops: int) -> str:
    entries = [entry.strip() for entry in values.split(",")]
    return entries[-min(hops, len(entries))]
