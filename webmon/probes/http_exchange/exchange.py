"""One HTTP/1.1 request and its answer over one fresh connection, as an asyncio protocol.

The whole bounded answer is read in callbacks and handed over at once: a check costs few wake-ups,
and the time stamps are those of the events themselves. Nothing the server sends raises out of
here: ``finished`` gets a result or one of httpx's errors, whose text is meant for an admin.
"""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum

import httpx

from webmon.probes.http_exchange.answer import HttpAnswer
from webmon.probes.wire.addresses import Endpoint, connect_failure, require_other_end
from webmon.probes.wire.certificates import Certificate
from webmon.proxies import Proxy


class Step(StrEnum):
    """What is being done, in words that follow "no answer within 10 s, while"."""

    LOOK_UP = "looking up the name"
    CONNECT = "connecting"
    TUNNEL = "waiting for the connection it is asked for"
    TLS = "in the TLS handshake"
    FIRST_BYTE = "waiting for the first byte"
    HEADERS = "reading the headers"
    BODY = "reading the body"


@dataclass(slots=True)
class Trace:
    """What one request met on its way. Times are of `time.perf_counter`, 0 where not reached."""

    url: httpx.URL
    started: float
    step: Step = Step.LOOK_UP
    named: bool = True
    """Whether the host is a name, and not an address that needs no look-up."""
    proxy: Proxy | None = None
    endpoint: Endpoint | str | None = None
    """Where the connection leads: an address, or words for the end of a proxy's tunnel."""
    resolved: float = 0.0
    connected: float = 0.0
    secured: float = 0.0
    first_byte: float = 0.0
    finished: float = 0.0
    chain: tuple[Certificate, ...] = ()
    """The server's certificates, as in `TlsSession.chain`."""
    old_encryption: str = ""
    truncated: bool = False


class Exchange(asyncio.Protocol):
    """Sends ``wire`` as soon as it is connected, and collects the answer."""

    def __init__(
        self, trace: Trace, wire: bytes, answer: HttpAnswer, finished: asyncio.Future[None]
    ) -> None:
        self.answer = answer
        self.finished = finished
        self._trace = trace
        self._wire = wire
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connected(transport)
        self._trace.step = Step.FIRST_BYTE
        transport.write(self._wire)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self.finished.done():
            return
        try:
            self._take(data)
        except Exception as error:  # one of httpx's, or a fault of ours: never lost in the loop
            self._finish(error)

    def eof_received(self) -> None:
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)

    def close(self) -> None:
        """Drop the connection at once, also in the middle of an exchange."""
        self.answer.close()
        if self._transport is not None:
            self._transport.abort()

    def _connected(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._trace.connected = time.perf_counter()

    def _heard_itself(self) -> httpx.ConnectError | None:
        """The error of a connection to itself, where this is one: what came back is what was sent,
        which is no answer and always fails. So this is looked at only then."""
        endpoint = self._trace.endpoint
        if self._transport is None or not isinstance(endpoint, Endpoint):
            return None
        try:
            require_other_end(self._transport.get_extra_info("sockname") or ("", 0), endpoint)
        except OSError as error:
            self._trace.connected = self._trace.first_byte = 0.0
            return httpx.ConnectError(connect_failure([(endpoint, error)]))
        return None

    def _take(self, data: bytes) -> None:
        trace, answer = self._trace, self.answer
        if not trace.first_byte:
            trace.first_byte = time.perf_counter()
            trace.step = Step.HEADERS
        answer.feed(data)
        if answer.complete:
            self._finish(None)
        elif not answer.in_headers:
            trace.step = Step.BODY

    def _end(self, error: Exception | None) -> None:
        """The server closed the connection, or it broke (``error``)."""
        if self.finished.done():
            return
        if error is not None:
            text = f"connection reset by {self._trace.endpoint} while {self._trace.step}"
            self._finish(httpx.ReadError(text))
            return
        try:
            self.answer.end()
        except httpx.RemoteProtocolError as broken:
            self._finish(broken)
        else:
            self._finish(None)

    def _finish(self, error: Exception | None) -> None:
        if self.finished.done():
            return
        self._trace.finished = time.perf_counter()
        if error is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(self._heard_itself() or error)
            self.finished.exception()  # who waited may have gone: then nobody retrieves it
        self.close()
