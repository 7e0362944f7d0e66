"""An exchange through TLS in memory: without the 256 KiB buffer asyncio has per connection."""

import asyncio
import ssl
import time

import httpx

from webmon.probes.http_exchange.answer import HttpAnswer
from webmon.probes.http_exchange.exchange import Exchange, Step, Trace
from webmon.probes.wire.certificates import handshake_failure, plain_reason, presented_certificate

TLS_RECORD_BYTES = 16 * 1024


class TlsExchange(Exchange):
    """A certificate that is not accepted is `httpx.ConnectError`, its cause OpenSSL's error."""

    def __init__(
        self,
        trace: Trace,
        wire: bytes,
        answer: HttpAnswer,
        finished: asyncio.Future[None],
        *,
        context: ssl.SSLContext,
        server_name: str,
    ) -> None:
        super().__init__(trace, wire, answer, finished)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._connected(transport):
            self._trace.step = Step.TLS
            self.data_received(b"")

    def _take(self, data: bytes) -> None:
        self._incoming.write(data)
        try:
            if self._trace.secured or self._shake_hands():
                self._read()
        except ssl.SSLError as error:
            raise self._as_transport_error(error) from error

    def _shake_hands(self) -> bool:
        """Go on with the handshake; True when it is done, and the request sent."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        else:
            self._trace.secured = time.perf_counter()
            self._trace.step = Step.FIRST_BYTE
            self._trace.certificate = self._tls.getpeercert(binary_form=True)
            self._tls.write(self._wire)
            return True
        finally:
            self._flush()  # an alert, too, is to be sent

    def _read(self) -> None:
        while not self.finished.done():
            try:
                data = self._tls.read(TLS_RECORD_BYTES)
            except ssl.SSLWantReadError:
                self._flush()
                return
            except ssl.SSLZeroReturnError:
                data = b""
            if not data:
                self._end(None)
                return
            super()._take(data)

    def _flush(self) -> None:
        if self._outgoing.pending and self._transport is not None:
            self._transport.write(self._outgoing.read())

    def _end(self, error: Exception | None) -> None:
        if self._trace.step is not Step.TLS or self.finished.done():
            super()._end(error)
            return
        did = "reset" if error else "closed"
        text = f"connection {did} by {self._trace.endpoint} in the TLS handshake"
        self._finish(httpx.ConnectError(text))

    def _as_transport_error(self, error: ssl.SSLError) -> httpx.TransportError:
        if self._trace.secured:
            return httpx.ReadError(f"TLS failed while {self._trace.step}: {plain_reason(error)}")
        if isinstance(error, ssl.SSLCertVerificationError):
            self._trace.certificate = presented_certificate(self._tls)
        return httpx.ConnectError(handshake_failure(error, self._trace.endpoint))
