"""An exchange through TLS."""

import asyncio
import ssl
import time

import httpx

from webmon.probes.http_exchange.answer import HttpAnswer
from webmon.probes.http_exchange.exchange import Exchange, Step, Trace
from webmon.probes.wire.tls_contexts import Trust
from webmon.probes.wire.tls_failures import WANTS_CERTIFICATE, plain_reason, wants_certificate
from webmon.probes.wire.tls_session import HandshakeFailed, TlsSession

TLS_RECORD_BYTES = 16 * 1024


class TlsExchange(Exchange):
    """A handshake that fails is `httpx.ConnectError`."""

    def __init__(
        self,
        trace: Trace,
        wire: bytes,
        answer: HttpAnswer,
        finished: asyncio.Future[None],
        *,
        trust: Trust,
        server_name: str,
    ) -> None:
        """
        Raises:
            HandshakeFailed: no certificate can be for that name.
        """
        super().__init__(trace, wire, answer, finished)
        self._session = TlsSession(trust, server_name, None)
        self._tls = self._session.tls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connected(transport)
        self._trace.step = Step.TLS
        self.data_received(b"")

    def _take(self, data: bytes) -> None:
        self._session.receive(data)
        try:
            if self._trace.secured or self._shake_hands():
                self._read()
        except ssl.SSLError as error:
            text = f"TLS failed while {self._trace.step}: {plain_reason(error)}"
            if wants_certificate(error):
                text = WANTS_CERTIFICATE
            raise httpx.ReadError(text) from error

    def _shake_hands(self) -> bool:
        """Go on with the handshake; True when it is done, and the request sent."""
        trace, session = self._trace, self._session
        session.place = trace.endpoint
        try:
            if not session.shake_hands():
                return False
            trace.secured = time.perf_counter()
            trace.step = Step.FIRST_BYTE
            trace.old_encryption = session.old_encryption
            self._tls.write(self._wire)
            return True
        except HandshakeFailed as error:
            raise httpx.ConnectError(str(error)) from error
        finally:
            trace.chain = session.chain
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
        if self._transport is not None and (data := self._session.to_send()):
            self._transport.write(data)

    def _end(self, error: Exception | None) -> None:
        if self._trace.step is not Step.TLS or self.finished.done():
            super()._end(error)
            return
        did = "reset" if error else "closed"
        text = f"connection {did} by {self._trace.endpoint} in the TLS handshake"
        self._finish(httpx.ConnectError(text))
