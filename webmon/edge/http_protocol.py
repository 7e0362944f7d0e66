"""uvicorn's HTTP connection with limits: how long a request may take, and how large its head is."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from webmon.edge.crowd import Crowd

HEAD_BYTES = 32_000
URL_BYTES = 8_000
MOST_HEADERS = 100
MOST_PIPELINED = 20
HEAD_SECONDS = 10.0
"""From the connection, or the answer before, to the end of the headers."""
STALL_SECONDS = 15.0
"""A client that has to read, and reads nothing for so long, has gone."""
DRAIN_SECONDS = 1.0
"""How long what comes after a refusal is thrown away, so that the client gets to read it."""


class RefusedHead(Exception):
    """The request's first line or its headers are too large."""


class GuardedHttp(HttpToolsProtocol):
    """One connection. ``crowd`` knows all that wait for their clients."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        crowd: Crowd,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._crowd = crowd
        self._address = ""
        self._in_head = True
        self._came = 0
        """Bytes of an incomplete head, as they came."""
        self._header_bytes = 0
        """Of the headers that are complete."""
        self._completed = False
        """Whether a head or a body has ended in the data that is being parsed."""
        self._refusal = 0
        self._timer: asyncio.TimerHandle | None = None
        self._unread = 0

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        if not self._crowd.make_room(len(self.connections)):
            return self.cut()
        self._crowd.wait_for_request(self, self._address)
        self._set_timer(HEAD_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._crowd.leave(self)
        self._stop_timer()
        super().connection_lost(exc)

    def cut(self) -> None:
        """Close at once, even if something is still to be sent."""
        self._stop_timer()
        self.transport.abort()

    # What arrives

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless the request is refused already or grows too large."""
        if self._refusal or self.transport.is_closing():
            return
        self._completed = False
        super().data_received(data)
        if self._in_head and not self._completed and not self._refusal:
            self._came += len(data)  # the parser says nothing of a header that is not complete
            if self._came > HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        self._crowd.begin(self)
        if len(self.pipeline) > MOST_PIPELINED:
            self._crowd.close(self, self._address)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head, self._came, self._header_bytes = True, 0, 0
        if self.cycle is not None and self.cycle.response_complete:
            self._crowd.wait_for_request(self, self._address)

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        super().on_url(url)
        if len(self.url) > URL_BYTES:
            self._refusal = HTTPStatus.REQUEST_URI_TOO_LONG
            raise RefusedHead

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or after the body a trailer."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise RefusedHead

    def on_headers_complete(self) -> None:
        """The headers are there; from here on the application has its own limits of time."""
        self._in_head, self._completed = False, True
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._completed = True
        super().on_message_complete()
        if self.cycle is not None and not self.cycle.response_complete:
            self._crowd.leave(self)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's signature
        """Say no to what cannot be parsed, or was refused while it was."""
        self._refuse(HTTPStatus(self._refusal or HTTPStatus.BAD_REQUEST))

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer with ``status`` and take nothing more; what still comes is thrown away."""
        self._refusal = status
        body = status.phrase.encode()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(
                STATUS_LINE[status] + b"content-type: text/plain; charset=utf-8\r\n"
                b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body)
            )
        self._set_timer(DRAIN_SECONDS, self.cut)

    # What is sent

    def on_response_complete(self) -> None:
        """The answer is complete; the client has to take it, and may ask for more."""
        super().on_response_complete()
        if not self.pipeline:
            self._crowd.wait_for_client(self, self._address)
            self._unread = self.transport.get_write_buffer_size()
            self._set_timer(STALL_SECONDS, self._look_whether_read)

    def pause_writing(self) -> None:
        """The client does not read as fast as it is sent to."""
        super().pause_writing()
        self._crowd.wait_for_client(self, self._address)
        self._unread = self.transport.get_write_buffer_size()
        self._set_timer(STALL_SECONDS, self._look_whether_read)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        if self.cycle is not None and not self.cycle.response_complete:
            self._crowd.leave(self)
            self._stop_timer()

    def handle_websocket_upgrade(self) -> None:
        """From here on it is a socket, which is not ours."""
        self._crowd.leave(self)
        self._stop_timer()
        super().handle_websocket_upgrade()

    # Time

    def _set_timer(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, then)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        """The headers took too long. A browser that only connected is not told anything."""
        if self._came:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
            self._crowd.count(self._address)
        else:
            self._crowd.close(self, self._address)

    def _look_whether_read(self) -> None:
        unread = self.transport.get_write_buffer_size()
        if unread and unread < self._unread:
            self._unread = unread
            self._set_timer(STALL_SECONDS, self._look_whether_read)
        else:
            self._crowd.close(self, self._address)
