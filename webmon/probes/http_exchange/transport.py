"""httpx's connection for checks: a fresh one for every request, timed step by step.

Requests, redirects, decoding and error types stay httpx's own. A pool would cost more than it
saves here, and a visitor has no connection yet either.

It connects by itself and not through `wire.stream`, as the other kinds do: with a protocol of
asyncio the request goes out and the answer is taken apart in callbacks, without waking up a task
for each step. Look-ups, the race of addresses and the TLS session are the same code.
"""

import asyncio
import time

import httpx

from webmon.domain.checks.networks import ANYWHERE
from webmon.guard import (
    LOOK_UP_SECONDS,
    NotAllowed,
    NotJudged,
    present_reach,
    require_allowed,
    within,
)
from webmon.probes.http_exchange.answer import Enough, HttpAnswer
from webmon.probes.http_exchange.exchange import Exchange, Step, Trace
from webmon.probes.http_exchange.proxies import ProxyEndpoint, login_lines
from webmon.probes.http_exchange.tls_exchange import TlsExchange
from webmon.probes.http_exchange.tunnel_exchange import TunnelExchange
from webmon.probes.wire.addresses import (
    Endpoint,
    Unreachable,
    allowed,
    connect_failure,
    literal_endpoint,
    look_up,
    open_socket,
    resolve,
)
from webmon.probes.wire.tls_contexts import Trust, context_for
from webmon.probes.wire.tls_session import HandshakeFailed
from webmon.proxies import Proxy, Routes

HTTP_TRUST = Trust(offers=("http/1.1",))


class OneShotTransport(httpx.AsyncBaseTransport):
    """The transport of one check. ``traces`` tells what each of its requests met.

    The whole check ends ``timeout`` seconds after this object was made; a body is read up to
    ``most_body_bytes``, after which the response counts as complete. ``routes`` says which proxy
    leads where; without, none is asked.
    """

    def __init__(
        self,
        *,
        timeout: float,
        trust: Trust = HTTP_TRUST,
        most_body_bytes: int,
        routes: Routes | None = None,
        server_name: str | None = None,
        enough: Enough | None = None,
    ) -> None:
        """``server_name`` stands in for the name in the address where a certificate is asked for
        and judged; ``enough`` is `HttpAnswer`'s."""
        # Made before the clock starts: the first one of the process takes a tenth of a second.
        context_for(trust)
        self._trust = trust
        self.traces: list[Trace] = []
        self._timeout = timeout
        self._deadline = asyncio.get_running_loop().time() + timeout
        self._most_body_bytes = most_body_bytes
        self._routes = routes
        self._server_name = server_name
        self._enough = enough

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response, its body read (as it came: ``extensions["body"]``).

        Raises:
            httpx.TransportError: there is none; the text says why, for an admin.
        """
        trace = Trace(request.url, time.perf_counter())
        self.traces.append(trace)
        if request.url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"cannot follow a {request.url.scheme}:// address")
        if self._routes is not None:
            trace.proxy = self._routes.to(request.url)
        try:
            async with asyncio.timeout_at(self._deadline):
                answer = await self._ask(trace, request)
        except TimeoutError:
            raise self._timed_out(trace) from None
        trace.truncated = answer.truncated
        version = f"HTTP/{answer.version}".encode("ascii")
        body = b"".join(answer.body)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=httpx.ByteStream(body),
            request=request,
            extensions={"http_version": version, "body": body},
        )

    async def _ask(self, trace: Trace, request: httpx.Request) -> HttpAnswer:
        wire = _serialised(trace, request, await request.aread())
        url = request.url
        host = url.raw_host.decode("ascii")
        port = url.port or (443 if url.scheme == "https" else 80)
        endpoints = await self._endpoints(trace, host, port)
        exchange = self._exchange(trace, request, wire, host)
        try:
            await _connect(exchange, trace, endpoints)
            await exchange.finished
        except asyncio.CancelledError:
            answer = exchange.answer
            if answer.is_stream and not answer.complete:
                answer.complete = answer.truncated = True  # it counts as far as it has come
                trace.finished = time.perf_counter()
            if not answer.complete:
                raise
            # It was there in time; only this task is woken up too late.
        except httpx.RemoteProtocolError as error:
            if trace.proxy is None or request.url.scheme == "https":
                raise
            # Whether it was the proxy or the site behind it cannot be told apart.
            raise httpx.RemoteProtocolError(f"{error} (through the proxy {trace.proxy})") from None
        finally:
            exchange.close()
        return exchange.answer

    async def _endpoints(self, trace: Trace, host: str, port: int) -> list[Endpoint]:
        """What is to be connected to, and may be.

        Raises:
            NotAllowed: nothing may.
            NotJudged: nobody can say here.
        """
        if trace.proxy is None:
            endpoints = allowed(await _resolve(trace, host, port))
        else:
            await _require_target(host, port, min(LOOK_UP_SECONDS, self._timeout / 4))
            trace.started = time.perf_counter()  # the site has no part in what that took
            endpoints = await _resolve_proxy(trace, trace.proxy)
            if self._routes is not None and not self._routes.is_of_environment:
                endpoints = allowed(endpoints)
        trace.endpoint = endpoints[0]
        return endpoints

    def _exchange(self, trace: Trace, request: httpx.Request, wire: bytes, host: str) -> Exchange:
        expects_body = request.method != "HEAD"
        answer = HttpAnswer(
            expects_body=expects_body, most_body_bytes=self._most_body_bytes, enough=self._enough
        )
        finished = asyncio.get_running_loop().create_future()
        if request.url.scheme == "http":
            return Exchange(trace, wire, answer, finished)
        name = host.strip("[]").rstrip(".")
        if self._server_name and trace.url.raw_host == self.traces[0].url.raw_host:
            name = self._server_name
        try:
            if trace.proxy is None:
                return TlsExchange(
                    trace, wire, answer, finished, trust=self._trust, server_name=name
                )
            return TunnelExchange(
                trace, wire, answer, finished, trust=self._trust, server_name=name
            )
        except HandshakeFailed as error:
            raise httpx.ConnectError(str(error)) from None

    def _timed_out(self, trace: Trace) -> httpx.TimeoutException:
        text = f"no answer within {self._timeout:g} s"
        if trace.step is Step.LOOK_UP:
            name = trace.url.raw_host.decode("ascii")
            name = name if trace.proxy is None else f"of the proxy {trace.proxy.host}"
            return httpx.ConnectTimeout(f"{text} ({trace.step} {name})")
        if trace.step is Step.CONNECT:
            return httpx.ConnectTimeout(f"{text} (connecting to {trace.endpoint})")
        before = (Step.TUNNEL, Step.TLS)
        kind = httpx.ConnectTimeout if trace.step in before else httpx.ReadTimeout
        return kind(f"{text} (connected to {trace.endpoint}, {trace.step})")


async def _resolve(trace: Trace, host: str, port: int) -> list[Endpoint]:
    trace.named = literal_endpoint(host, port) is None
    try:
        endpoints = await resolve(host, port)
    except Unreachable as error:
        raise httpx.ConnectError(str(error)) from None
    trace.endpoint, trace.step = endpoints[0], Step.CONNECT
    trace.resolved = time.perf_counter()
    return endpoints


async def _resolve_proxy(trace: Trace, proxy: Proxy) -> list[Endpoint]:
    try:
        found = await _resolve(trace, proxy.host, proxy.port)
    except httpx.ConnectError as error:
        raise httpx.ConnectError(f"the proxy cannot be found: {error}") from None
    return [ProxyEndpoint(*each) for each in found]


async def _require_target(host: str, port: int, seconds: float) -> None:
    """Judge what is asked for through a proxy as if there were none: each address of a name,
    because the proxy chooses among them.

    A name that cannot be looked up here, within ``seconds``, may be one that only the proxy knows.
    It passes only where private addresses may be looked at.

    Raises:
        NotAllowed: it may not be asked for.
        NotJudged: the look-up took too long.
    """
    literal = literal_endpoint(host, port)
    try:
        async with asyncio.timeout(seconds):
            endpoints = [literal] if literal else await look_up(host, port)
    except (Unreachable, TimeoutError) as error:
        if present_reach().private:
            return
        because = f"{host} cannot be judged here ({{}}), and {present_reach().why}"
        if isinstance(error, TimeoutError):
            raise NotJudged(because.format("the look-up takes too long")) from None
        raise NotAllowed(because.format(error)) from None
    for each in endpoints:
        require_allowed(each.ip)


async def _connect(exchange: Exchange, trace: Trace, endpoints: list[Endpoint]) -> None:
    loop = asyncio.get_running_loop()
    try:
        if len(endpoints) == 1:
            await loop.create_connection(lambda: exchange, endpoints[0].ip, endpoints[0].port)
        else:
            # A race of bare sockets: the request is sent over the one that wins, and only there.
            with within(ANYWHERE):  # the endpoints have been judged
                winner, trace.endpoint = await open_socket(endpoints)
            await loop.create_connection(lambda: exchange, sock=winner)
    except Unreachable as error:
        raise httpx.ConnectError(str(error)) from None
    except OSError as error:
        assert isinstance(trace.endpoint, Endpoint)
        raise httpx.ConnectError(connect_failure([(trace.endpoint, error)])) from None


def _serialised(trace: Trace, request: httpx.Request, body: bytes) -> bytes:
    url = request.url
    target, lines = url.raw_path, [b"%b: %b" % header for header in request.headers.raw]
    if trace.proxy is not None and url.scheme == "http":
        target = b"http://%b%b" % (url.netloc, target)
        lines += login_lines(trace.proxy)
    lines.insert(0, b"%b %b HTTP/1.1" % (request.method.encode("ascii"), target))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
