"""Through a proxy, our transport and httpx's own send the same and see the same."""

import asyncio
import gzip
from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr

from tests.probes.conftest import ServerContext
from tests.probes.http_exchange.test_http_failures import unused_port
from tests.probes.proxy_server import proxying
from tests.probes.servers import http, serving
from webmon.probes.http_exchange.transport import OneShotTransport
from webmon.probes.wire.tls_contexts import tls_context
from webmon.proxies import only_through

Transport = Callable[[str], httpx.AsyncBaseTransport]


def ours(proxy: str) -> httpx.AsyncBaseTransport:
    return OneShotTransport(
        timeout=10, most_body_bytes=1_000_000, routes=only_through(SecretStr(proxy))
    )


def httpxs_own(proxy: str) -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(verify=tls_context(True), proxy=httpx.Proxy(proxy))


@pytest.fixture(params=[ours, httpxs_own], ids=["ours", "httpx"])
def transport(request: pytest.FixtureRequest) -> Transport:
    made: Transport = request.param
    return made


def client(transport: httpx.AsyncBaseTransport, **options: bool) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=transport, trust_env=False, **options)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWERS = [
    (http(b"hello"), 200, b"hello"),
    (http(b"gone", "404 Not Found"), 404, b"gone"),
    (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
    (CHUNKED + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", 200, b"hello world"),
    (b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", 204, b""),
    (http(gzip.compress(b"packed", mtime=0), headers="Content-Encoding: gzip"), 200, b"packed"),
    (http(b"x" * 300_000), 200, b"x" * 300_000),
]


@pytest.mark.parametrize(("answer", "status", "body"), ANSWERS)
async def test_a_page_is_asked_for_by_its_whole_address(
    transport: Transport, answer: bytes, status: int, body: bytes
) -> None:
    async with (
        serving(answer) as server,
        proxying() as proxy,
        client(transport(proxy.url())) as asking,
    ):
        response = await asking.get(server.url("/a%20b?c=d"))
    assert (response.status_code, response.content) == (status, body)
    assert proxy.requests[0].startswith(f"GET {server.url('/a%20b?c=d')} HTTP/1.1\r\n".encode())
    assert f"\r\nhost: 127.0.0.1:{server.port}\r\n".encode() in proxy.requests[0].lower()
    assert server.requests[0].startswith(b"GET /a%20b?c=d HTTP/1.1\r\n")


@pytest.mark.parametrize(("answer", "status", "body"), ANSWERS)
async def test_through_tls_a_tunnel_is_asked_for(
    transport: Transport, server_context: ServerContext, answer: bytes, status: int, body: bytes
) -> None:
    async with (
        serving(answer, tls=server_context("localhost")) as server,
        proxying() as proxy,
        client(transport(proxy.url())) as asking,
    ):
        response = await asking.get(server.url("/a?b", host="localhost"))
    assert (response.status_code, response.content) == (status, body)
    place = f"localhost:{server.port}"
    assert proxy.requests[0].startswith(f"CONNECT {place} HTTP/1.1\r\n".encode())
    assert f"\r\nhost: {place}\r\n".encode() in proxy.requests[0].lower()
    assert server.requests[0].startswith(b"GET /a?b HTTP/1.1\r\n")


@pytest.mark.parametrize("greeting", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"])
async def test_a_tunnel_has_no_body_of_its_own(
    transport: Transport, server_context: ServerContext, greeting: bytes
) -> None:
    async with (
        serving(http(b"hello"), tls=server_context("localhost")) as server,
        proxying(greeting=greeting) as proxy,
        client(transport(proxy.url())) as asking,
    ):
        response = await asking.get(server.url(host="localhost"))
    assert response.content == b"hello"


async def test_a_body_is_sent_through(transport: Transport, server_context: ServerContext) -> None:
    for tls in (None, server_context("localhost")):
        async with (
            serving(http(b"taken"), tls=tls) as server,
            proxying() as proxy,
            client(transport(proxy.url())) as asking,
        ):
            response = await asking.post(server.url(host="localhost"), content=b"x" * 100_000)
        assert response.content == b"taken"
        assert server.requests[0].endswith(b"\r\n\r\n" + b"x" * 100_000)


@pytest.mark.parametrize("is_secure", [False, True])
async def test_the_login_is_for_the_proxy_alone(
    transport: Transport, server_context: ServerContext, is_secure: bool
) -> None:
    async with (
        serving(http(b"hello"), tls=server_context("localhost") if is_secure else None) as server,
        proxying("me@work:p:ß w") as proxy,
        client(transport(proxy.url("me%40work:p%3A%C3%9F%20w"))) as asking,
    ):
        response = await asking.get(server.url(host="localhost"))
    assert response.content == b"hello"
    assert b"proxy-authorization: basic " in proxy.requests[0].lower()
    assert b"proxy-authorization" not in server.requests[0].lower()


async def test_a_tunnel_that_is_refused(transport: Transport) -> None:
    async with proxying("me:right") as proxy, client(transport(proxy.url("me:wrong"))) as asking:
        with pytest.raises(httpx.ProxyError, match="407 Proxy Authentication Required"):
            await asking.get("https://localhost:1/")


async def test_a_tunnel_that_leads_nowhere(transport: Transport) -> None:
    async with proxying() as proxy, client(transport(proxy.url())) as asking:
        with pytest.raises(httpx.ProxyError, match="502 Bad Gateway"):
            await asking.get("https://localhost:1/")


async def test_a_refused_page_is_an_answer(transport: Transport) -> None:
    async with proxying("me:right") as proxy, client(transport(proxy.url())) as asking:
        assert (await asking.get("http://localhost:1/")).status_code == 407


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 20", b"SSH-2.0-OpenSSH_9.9\r\n\r\n"])
async def test_what_is_no_proxy(transport: Transport, scheme: str, said: bytes) -> None:
    async with serving(said) as server, client(transport(server.url())) as asking:
        with pytest.raises(httpx.RemoteProtocolError):
            await asking.get(f"{scheme}://localhost:1/")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_proxy_listens(transport: Transport, scheme: str) -> None:
    async with client(transport(f"http://127.0.0.1:{unused_port()}")) as asking:
        with pytest.raises(httpx.ConnectError):
            await asking.get(f"{scheme}://localhost:1/")


async def test_a_certificate_in_a_tunnel_is_the_sites(
    transport: Transport, server_context: ServerContext
) -> None:
    async with (
        serving(http(), tls=server_context("other.example")) as server,
        proxying() as proxy,
        client(transport(proxy.url())) as asking,
    ):
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await asking.get(server.url(host="localhost"))


async def test_redirects_go_through_it_as_well(
    transport: Transport, server_context: ServerContext
) -> None:
    async with (
        serving(http(b"arrived"), tls=server_context("localhost")) as secure,
        serving(http(b"", "302 Found", f"Location: {secure.url(host='localhost')}")) as server,
        proxying("me:s3cret") as proxy,
        client(transport(proxy.url("me:s3cret")), follow_redirects=True) as asking,
    ):
        response = await asking.get(server.url(), auth=("visitor", "hidden"))
    assert response.content == b"arrived"
    assert [each.split(b" ")[0] for each in proxy.requests] == [b"GET", b"CONNECT"]
    assert b"\r\nauthorization" not in proxy.requests[1].lower()
    assert b"authorization" not in secure.requests[0].lower()


async def test_many_at_once(transport: Transport, server_context: ServerContext) -> None:
    async with (
        serving(http(b"hello"), tls=server_context("localhost")) as server,
        proxying() as proxy,
    ):

        async def ask() -> bytes:
            async with client(transport(proxy.url())) as asking:
                return (await asking.get(server.url(host="localhost"))).content

        assert await asyncio.gather(*(ask() for _ in range(20))) == [b"hello"] * 20
