"""The answer to one HTTP/1.1 request, put together from the bytes as they come; no network here.

Everything is bounded, and what is wrong with the bytes is `httpx.RemoteProtocolError` with a text
meant for an admin.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import httptools
import httpx

from webmon.probes.wire.texts import quoted

if TYPE_CHECKING:
    from webmon.probes.http_exchange.lenient_parser import LenientParser

MOST_HEADER_BYTES = 100 * 1024
"""As many as httpx takes."""

TRANSFER_ENCODING = b"transfer-encoding"
CONTENT_TYPE = b"content-type"
BODILESS = frozenset({101, 204, 304})

STREAMS = (b"audio/", b"video/", b"text/event-stream", b"multipart/x-mixed-replace")
"""Types of content that may go on for ever: radio, cameras, events."""

OFTEN_BYTES = 16 * 1024
"""So much of a stream is looked at with every piece that comes."""

Enough = Callable[[bytes], bool]
"""Whether so much of a body that has no end says all that is asked."""

BEGINNING = re.compile(rb"HTTP/1\.[0-9] [0-9]{3}[ \r\n]")
"""How an answer begins; with what does not, there is no need of a second opinion."""


class HttpAnswer:
    """Status, headers and the body, at most ``most_body_bytes`` of it (``truncated`` says so).

    ``complete`` is True when nothing more is to be read.
    """

    def __init__(
        self, *, expects_body: bool, most_body_bytes: int, enough: Enough | None = None
    ) -> None:
        """Without ``enough``, of a stream that has no end the headers are enough."""
        self.status = 0
        self.version = ""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.body_bytes = 0
        self.truncated = False
        self.complete = False
        self.in_headers = True
        self.is_stream = False
        """Whether the body may have no end, so that what has come of it counts."""
        self._interim = self._is_odd = self._is_chunked = False
        self._raw: list[bytes] = []
        """What has come, as long as it may have to be read once more by the other parser."""
        self._enough = enough
        self._ask_at = 1
        self._expects_body = expects_body
        self._most_body_bytes = most_body_bytes
        # Chunks of a byte or endless trailers: what arrives is bounded, not only what is kept.
        self._room_for_body = 2 * most_body_bytes + MOST_HEADER_BYTES
        self._room_for_headers = MOST_HEADER_BYTES
        self._parser: httptools.HttpResponseParser | LenientParser | None = _make_parser(self)

    def feed(self, data: bytes) -> None:
        """Take the next bytes, of a long piece first what fits into the room for headers."""
        if self.in_headers:
            begun, data = data[: self._room_for_headers], data[self._room_for_headers :]
            self._room_for_headers -= len(begun)
            self._parse(begun)
            if data and self.in_headers:
                kilobytes = MOST_HEADER_BYTES // 1024
                raise httpx.RemoteProtocolError(f"sent headers larger than {kilobytes} kB")
        if data:
            self._room_for_body -= len(data)
            self._parse(data)
            if self._room_for_body < 0 and not self.complete:
                self.complete = self.truncated = True
        if self.is_stream and not self.complete and self.body_bytes >= self._ask_at:
            self._ask_whether_enough()

    def end(self) -> None:
        """The server has closed the connection: this may be how it marks the end of the body."""
        if self.in_headers and BEGINNING.match(self._head):
            self._end_headers()
        if self.in_headers:
            begun = self._room_for_headers < MOST_HEADER_BYTES
            where = "in the middle of the headers" if begun else "without an answer"
            raise httpx.RemoteProtocolError(f"closed the connection {where}")
        if not self.complete and self._announced_its_length():
            raise httpx.RemoteProtocolError(
                f"closed the connection in the middle of the body, after {self.body_bytes} bytes"
            )
        self.complete = True

    def close(self) -> None:
        """Let go of the parser, which holds this object's methods: a cycle otherwise."""
        self._parser = None

    # What the parser calls. After the end of the answer a server may send what it likes.

    def on_header(self, name: bytes | None, value: bytes) -> None:
        if self.in_headers:
            self.headers.append((name or b"", value.rstrip(b" \t")))
            if name and len(name) == len(TRANSFER_ENCODING) and name.lower() == TRANSFER_ENCODING:
                self._is_chunked = b"chunked" in value.lower()
                self._is_odd = not self._is_chunked  # means nothing: the length beside it counts

    def on_headers_complete(self) -> None:
        if self._parser is None or not self.in_headers:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._interim = True
            self.headers.clear()
            return
        self.status = status
        self.version = self._parser.get_http_version()
        self.in_headers = False
        self.complete = not self._expects_body or status in BODILESS
        self.is_stream = self._may_have_no_end()
        if self.is_stream and self._enough is None and not self.complete:
            self.complete = self.truncated = True

    def on_body(self, data: bytes) -> None:
        if self.complete:
            return
        room = self._most_body_bytes - self.body_bytes
        if len(data) > room:
            data = data[:room]
            self.complete = self.truncated = True
        self.body.append(data)
        self.body_bytes += len(data)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        else:
            self.complete = True

    @property
    def _head(self) -> bytes:
        return b"".join(self._raw)

    def _parse(self, data: bytes) -> None:
        if self._parser is None or self.complete:
            return
        is_first = isinstance(self._parser, httptools.HttpResponseParser)
        if is_first:
            self._raw.append(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.complete = True
        except httptools.HttpParserError as error:
            if not self.complete:
                self._doubt(error)
        else:
            if is_first and not self.in_headers:
                self._settle()

    def _settle(self) -> None:
        """The headers are there: only chunks may still be such that the other parser is needed."""
        if self._is_odd and not self.complete and self._raw:
            self._doubt(httptools.HttpParserError("a strange Transfer-Encoding"))
        elif not self._is_chunked:
            self._raw.clear()

    def _end_headers(self) -> None:
        """Take headers that were cut off for what they are, as browsers do."""
        try:
            if isinstance(self._parser, httptools.HttpResponseParser):
                self._doubt(httptools.HttpParserError("the headers have no end"))
            self._parser.end()  # type: ignore[union-attr]
        except httptools.HttpParserError:
            raise httpx.RemoteProtocolError(
                "closed the connection in the middle of the headers"
            ) from None

    def _doubt(self, error: httptools.HttpParserError) -> None:
        """Let another parser read what this one refuses."""
        is_first = isinstance(self._parser, httptools.HttpResponseParser)
        if not (is_first and BEGINNING.match(self._head)):
            raise httpx.RemoteProtocolError(self._what_is_wrong(error)) from None
        from webmon.probes.http_exchange.lenient_parser import LenientParser  # few servers need it

        self.headers.clear()
        self.body.clear()
        self.body_bytes, self.in_headers = 0, True
        self._interim = self._is_odd = self._is_chunked = False
        self._parser = LenientParser(self, error)
        data, self._raw = self._head, [self._head[:200]]
        self._parse(data)

    def _what_is_wrong(self, error: httptools.HttpParserError) -> str:
        if not self.in_headers:
            return f"sent a body that is not valid HTTP: {error}"
        if self._head[:5].upper() == b"HTTP/":
            return f"sent headers that are not valid HTTP: {error}"
        shown = quoted(self._head[:200].decode("ascii", "replace"))
        return f"did not answer with HTTP, but with {shown}"

    def _announced_its_length(self) -> bool:
        lengths = [value for name, value in self.headers if name.lower() == b"content-length"]
        return self._is_chunked or any(len(each) < 19 for each in lengths)

    def _ask_whether_enough(self) -> None:
        """The question reads the whole body, so a long one is not asked about for each piece."""
        if self._enough is not None and self._enough(b"".join(self.body)):
            self.complete = self.truncated = True
        more = self.body_bytes // 16 if self.body_bytes > OFTEN_BYTES else 1
        self._ask_at = self.body_bytes + more

    def _may_have_no_end(self) -> bool:
        kinds = [v for name, v in self.headers if len(name) == 12 and name.lower() == CONTENT_TYPE]
        if not kinds or not kinds[-1].lower().startswith(STREAMS):
            return False
        return not any(name.lower() == b"content-length" for name, _ in self.headers)


def _make_parser(answer: HttpAnswer) -> httptools.HttpResponseParser:
    parser = httptools.HttpResponseParser(answer)
    # As forgiving as browsers: bare line feeds, a length beside chunks, spaces behind their sizes,
    # and an interim answer that says that the connection ends.
    parser.set_dangerous_leniencies(
        lenient_chunked_length=True,
        lenient_data_after_close=True,
        lenient_keep_alive=True,
        lenient_optional_cr_before_lf=True,
        lenient_spaces_after_chunk_size=True,
    )
    return parser
