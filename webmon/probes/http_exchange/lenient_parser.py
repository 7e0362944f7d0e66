"""A parser as forgiving as browsers are, for the answers that the faster one refuses.

Lines may end in a bare line feed, a header line that makes no sense is skipped, folded ones are
joined, and a length that is too long to be one means "until the end". Where forgiving would be
guessing (two different lengths), it refuses, too.
"""

import re
from typing import Any

import httptools

_STATUS_LINE = re.compile(rb"HTTP/(1\.[0-9]) ([0-9]{3})(?:[ \t].*)?", re.DOTALL)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?")

MOST_LINE_BYTES = 16 * 1024
LARGEST_LENGTH = 1 << 63


class LenientParser:
    """Calls the same methods of an `HttpAnswer` as `httptools.HttpResponseParser` does.

    Where nothing can be forgiven, ``error``, which is the first parser's, is raised.
    """

    def __init__(self, answer: Any, error: httptools.HttpParserError) -> None:
        self._answer, self._error = answer, error
        self._status, self._version = 0, ""
        self._data = b""
        self._left: int | None = None
        """Bytes of the body, or of the chunk, that are still to come; None: until the end."""
        self._is_chunked = False
        self._step = self._read_head

    def feed_data(self, data: bytes | bytearray) -> None:
        """Take the next bytes.

        Raises:
            httptools.HttpParserError: they are not valid.
        """
        self._data += data
        while not self._answer.complete and self._step():
            pass

    def end(self) -> None:
        """The connection has ended: headers that were cut off end here."""
        if self._step == self._read_head:
            self._data = self._data.rpartition(b"\n")[0] + b"\n\n"
            self.feed_data(b"")

    def get_status_code(self) -> int:
        """Of the answer whose headers are complete."""
        return self._status

    def get_http_version(self) -> str:
        """Such as 1.1."""
        return self._version

    # --- steps: each says whether there is enough for the next one

    def _read_head(self) -> bool:
        end = re.search(rb"\n\r?\n", self._data)
        if end is None:
            return False
        lines = [line.removesuffix(b"\r") for line in self._data[: end.start()].split(b"\n")]
        self._data = self._data[end.end() :]
        found = _STATUS_LINE.fullmatch(lines[0])
        if found is None:
            raise self._error
        self._version, self._status = found[1].decode("ascii"), int(found[2])
        headers = _headers(lines[1:])
        for name, value in headers:
            self._answer.on_header(name, value)
        self._answer.on_headers_complete()
        if self._answer.in_headers:
            self._answer.on_message_complete()  # it was an interim answer
        else:
            self._measure(headers)
        return True

    def _measure(self, headers: list[tuple[bytes, bytes]]) -> None:
        named = {name.lower(): value for name, value in headers}
        if b"chunked" in named.get(b"transfer-encoding", b"").lower():
            self._is_chunked, self._step = True, self._read_chunk_line
            return
        self._step = self._read_body
        lengths = {
            part.strip()
            for name, value in headers
            if name.lower() == b"content-length"
            for part in value.split(b",")
        }
        if len(lengths) > 1:
            raise httptools.HttpParserError("two different lengths (Content-Length)")
        length = lengths.pop() if lengths else b""
        if length.isdigit() and int(length[:30]) < LARGEST_LENGTH:
            self._left = int(length)
        elif length and not length.isdigit():
            raise self._error

    def _read_body(self) -> bool:
        data, self._data = self._data, b""
        if self._left is not None:
            data, self._data = data[: self._left], data[self._left :]
            self._left -= len(data)
        if data:
            self._answer.on_body(data)
        if self._left == 0 and not self._answer.complete:
            self._after_body()
            return self._is_chunked
        return False

    def _after_body(self) -> None:
        if self._is_chunked:
            self._step = self._read_chunk_end
        else:
            self._answer.on_message_complete()

    def _line(self) -> bytes | None:
        line, feed, rest = self._data.partition(b"\n")
        if not feed:
            if len(line) > MOST_LINE_BYTES:
                raise self._error
            return None
        self._data = rest
        return line.removesuffix(b"\r")

    def _read_chunk_line(self) -> bool:
        line = self._line()
        if line is None:
            return False
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise self._error
        self._left = int(found[1], 16)
        self._step = self._read_body if self._left else self._read_trailers
        return True

    def _read_chunk_end(self) -> bool:
        line = self._line()
        if line:
            raise self._error
        if line is None:
            return False
        self._step = self._read_chunk_line
        return True

    def _read_trailers(self) -> bool:
        line = self._line()
        if line == b"":
            self._answer.on_message_complete()
        return line is not None


def _headers(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if found:
                name, value = found[-1]
                found[-1] = (name, value + b" " + line.strip())
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and _NAME.fullmatch(name):
            found.append((name, value.replace(b"\0", b"").strip(b" \t")))
    return found
