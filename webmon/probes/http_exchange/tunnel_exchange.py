"""An exchange through TLS through a proxy, which is asked for a connection first (CONNECT)."""

import asyncio
from typing import Any

import httpx

from webmon.probes.http_exchange.answer import HttpAnswer
from webmon.probes.http_exchange.exchange import Step, Trace
from webmon.probes.http_exchange.proxies import tunnel_request
from webmon.probes.http_exchange.tls_exchange import TlsExchange


class TunnelExchange(TlsExchange):
    """The proxy is the trace's.

    One that does not let us through is `httpx.ProxyError`; what is no answer at all is
    `httpx.RemoteProtocolError`, as it is where there is no proxy.
    """

    def __init__(self, trace: Trace, *args: Any, **more: Any) -> None:
        super().__init__(trace, *args, **more)
        assert trace.proxy is not None
        self._proxy = trace.proxy
        self._place = trace.url.netloc.decode("ascii") + ("" if trace.url.port else ":443")
        self._tunnel: HttpAnswer | None = HttpAnswer(expects_body=False, most_body_bytes=0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._trace.step = Step.TUNNEL
        transport.write(tunnel_request(self._proxy, self._place))  # type: ignore[attr-defined]

    def close(self) -> None:
        if self._tunnel is not None:
            self._tunnel.close()
        super().close()

    def _take(self, data: bytes) -> None:
        if self._tunnel is None:
            super()._take(data)
            return
        try:
            self._tunnel.feed(data)
        except httpx.RemoteProtocolError as error:
            raise self._as_the_proxys(error) from None
        # What may come with the answer is a page of the proxy's: a TLS server does not speak first.
        if self._tunnel.complete:
            self._enter(self._tunnel.status)

    def _enter(self, status: int) -> None:
        if not 200 <= status < 300:
            raise httpx.ProxyError(f"the proxy {self._proxy} answered {_status_text(status)}")
        assert self._tunnel is not None
        assert self._transport is not None
        self._tunnel.close()
        self._tunnel = None
        self._trace.endpoint = f"{self._place} through the proxy {self._proxy}"
        super().connection_made(self._transport)

    def _end(self, error: Exception | None) -> None:
        if self._tunnel is None or error is not None or self.finished.done():
            super()._end(error)
            return
        try:
            self._tunnel.end()
        except httpx.RemoteProtocolError as broken:
            self._finish(self._as_the_proxys(broken))

    def _as_the_proxys(self, error: httpx.RemoteProtocolError) -> httpx.RemoteProtocolError:
        return httpx.RemoteProtocolError(f"the proxy {self._proxy} {error}")


def _status_text(status: int) -> str:
    return f"{status} {httpx.codes.get_reason_phrase(status)}".rstrip()
