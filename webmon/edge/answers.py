"""The edge's own answers: a redirect, or a calm no."""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from webmon.domain.negotiation import wants_page
from webmon.domain.plain_page import DATABASE_AWAY, RETRY_SECONDS, plain_page
from webmon.domain.problems import MEDIA_TYPE, problem_body
from webmon.edge.visit import Visit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

REASONS = {
    HTTPStatus.FORBIDDEN: "This request came from a page at another address than Beaconry knows as "
    "its own. If it is Beaconry's, set WEBMON_BASE_URL to it, or let the proxy in front pass the "
    "Host header on with its port (docs/operations.md). The log says what was compared.",
    HTTPStatus.UPGRADE_REQUIRED: "The proxy in front does not pass WebSockets on "
    "(docs/operations.md).",
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.REQUEST_TIMEOUT: "The request took too long to arrive.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is too large.",
    HTTPStatus.SERVICE_UNAVAILABLE: DATABASE_AWAY,
}


async def redirect(send: Send, location: str, *, status: int = HTTPStatus.SEE_OTHER) -> None:
    """Send the visitor on to ``location``, a path of ours."""
    headers = [(b"location", location.encode("latin-1")), (b"cache-control", b"no-store")]
    await _respond(send, status, headers, b"")


async def refuse(visit: Visit, send: Send, status: HTTPStatus) -> None:
    """Say no: to browsers in a page, to machines as a problem (RFC 9457)."""
    if visit.path.startswith("/api/") or not wants_page(visit.headers.get("accept", "")):
        kind, body = MEDIA_TYPE.encode(), problem_body(status, REASONS[status])
    else:
        kind = b"text/html; charset=utf-8"
        body = plain_page(_title(status), REASONS[status]).encode()
    headers = [(b"content-type", kind), (b"cache-control", b"no-store")]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", str(RETRY_SECONDS).encode()))
    if not visit.is_safe:
        headers.append((b"connection", b"close"))  # its body is not read
    await _respond(send, status, headers, body)


def _title(status: HTTPStatus) -> str:
    return "Not found" if status is HTTPStatus.NOT_FOUND else status.phrase


async def _respond(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send(
        {"type": "http.response.start", "status": int(status), "headers": [*headers, length]}
    )
    await send({"type": "http.response.body", "body": body})
