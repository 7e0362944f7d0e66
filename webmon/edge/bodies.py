"""What may be sent to us: read at the edge, whole, within a size and a time."""

import asyncio
from http import HTTPStatus

from webmon.edge.answers import Message, Receive
from webmon.edge.visit import Visit

FORM_BYTES = 10_000
BODY_BYTES = 1_000_000
SECONDS = 20.0
FILES = {"/admin/api/import": 10_100_000, "/admin/api/logo": 250_000}
"""Where a file is sent, and how large such a form may be; only who is signed in comes so far."""
FILE_SECONDS = 120.0


class Refused(Exception):
    """The body is not taken; ``status`` says why."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


async def read_body(visit: Visit, receive: Receive) -> Receive:
    """A ``receive`` that replays the body, which is read here.

    What a job says with its heartbeat is cut where it is read, never refused.

    Raises:
        Refused: it is too large (said at once where its length is announced) or too slow.
    """
    if visit.path.startswith("/api/v1/heartbeats/"):
        return receive
    usual = BODY_BYTES if visit.path.startswith(("/api/", "/admin/")) else FORM_BYTES
    limit = FILES.get(visit.path, usual)
    announced = visit.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > limit:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        async with asyncio.timeout(FILE_SECONDS if visit.path in FILES else SECONDS):
            message = await _collect(receive, limit)
    except TimeoutError:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT) from None
    pending = [message]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


async def _collect(receive: Receive, limit: int) -> Message:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message  # the client went away
        body += message.get("body", b"")
        if len(body) > limit:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not message.get("more_body"):
            return {"type": "http.request", "body": bytes(body), "more_body": False}
