"""The parser of httpx itself (h11), for headers that the faster one refuses.

Some servers repeat a length, or fold a line; browsers and httpx read such headers all the same.
"""

from typing import Any

import h11
import httptools


class SecondParser:
    """Calls the same methods of an `HttpAnswer` as `httptools.HttpResponseParser` does.

    Where the first parser, whose ``error`` this was, was right, that is raised.
    """

    def __init__(
        self, answer: Any, error: httptools.HttpParserError, *, is_head: bool, most_bytes: int
    ) -> None:
        self._answer = answer
        self._error = error
        self._head: h11.Response | None = None
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=most_bytes)
        method = "HEAD" if is_head else "GET"
        self._connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        self._connection.send(h11.EndOfMessage())

    def feed_data(self, data: bytes | bytearray) -> None:
        """Take the next bytes.

        Raises:
            httptools.HttpParserError: they are not valid.
        """
        try:
            self._connection.receive_data(bytes(data))
            while not self._answer.complete:
                event = self._connection.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                self._tell(event)
        except h11.RemoteProtocolError as error:
            raise (httptools.HttpParserError(str(error)) if self._head else self._error) from None

    def _tell(self, event: Any) -> None:
        if isinstance(event, h11.Response):
            self._head = event
            for name, value in event.headers.raw_items():
                self._answer.on_header(name, value)
            self._answer.on_headers_complete()
        elif isinstance(event, h11.Data):
            self._answer.on_body(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            self._answer.on_message_complete()

    def get_status_code(self) -> int:
        """Of the answer whose headers are complete."""
        assert self._head is not None
        return self._head.status_code

    def get_http_version(self) -> str:
        """Such as 1.1."""
        assert self._head is not None
        return self._head.http_version.decode("ascii")
