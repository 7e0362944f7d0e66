"""Our transport and httpx's own see the same answers."""

import gzip
import ssl
import zlib
from collections.abc import Callable

import httpx
import pytest

from tests.probes.conftest import ServerContext
from tests.probes.servers import http, serving
from webmon.probes.http_exchange.transport import OneShotTransport
from webmon.probes.wire.tls_contexts import tls_context

Transport = Callable[[], httpx.AsyncBaseTransport]


def ours() -> httpx.AsyncBaseTransport:
    return OneShotTransport(timeout=2, most_body_bytes=1_000_000)


def httpxs_own() -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(verify=tls_context(True))


@pytest.fixture(params=[ours, httpxs_own], ids=["ours", "httpx"])
def transport(request: pytest.FixtureRequest) -> Transport:
    made: Transport = request.param
    return made


async def fetched(
    transport: Transport, answer: bytes, method: str = "GET", tls: ssl.SSLContext | None = None
) -> httpx.Response:
    async with (
        serving(answer, tls=tls) as server,
        httpx.AsyncClient(transport=transport(), trust_env=False) as client,
    ):
        return await client.request(method, server.url(host="localhost"))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (http(b"hello"), 200, b"hello"),
        (http(b""), 200, b""),
        (http(b"hello", "404 Not Found"), 404, b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200, b""),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, b"ok"),
        (CHUNKED + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", 200, b"hello world"),
        (CHUNKED + b"2\r\nok\r\n0\r\nX-Trailer: a\r\n\r\n", 200, b"ok"),
        (b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + http(b"hello"), 200, b"hello"),
        (
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            b"HTTP/1.1 102 Processing\r\n\r\n" + http(b"hello", headers="X-A: b"),
            200,
            b"hello",
        ),
        (http(gzip.compress(b"packed", mtime=0), headers="Content-Encoding: gzip"), 200, b"packed"),
        (http(zlib.compress(b"packed"), headers="Content-Encoding: deflate"), 200, b"packed"),
        (http(b"as it is", headers="Content-Encoding: unknown"), 200, b"as it is"),
        (http(b"x" * 300_000), 200, b"x" * 300_000),
        (http(b"hello", headers="X-Spaced: \t a b \t"), 200, b"hello"),
        (http(b"hello", headers="X-Long: " + "a" * 90_000), 200, b"hello"),
        (CHUNKED + b"5 \r\nhello\r\n6  \r\n world\r\n0\t\r\n\r\n", 200, b"hello world"),
        (b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + http(b"hello"), 200, b"hello"),
        (b"HTTP/1.0 100 Continue\r\n\r\n" + http(b"hello"), 200, b"hello"),
        (http(b"hello", headers="X-A: 1\nX-A: 2\nX-Empty:\nX-Latin: \xe9"), 200, b"hello"),
    ],
)
async def test_answers(transport: Transport, answer: bytes, status: int, body: bytes) -> None:
    response = await fetched(transport, answer)
    assert (response.status_code, response.content) == (status, body)
    assert response.headers.raw == raw_headers(answer, status)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Length: 5\r\nContent-Length: 5", b"hello"),
        (b"Content-Length: 5, 5", b"hello"),
        (b"X-Folded: a\r\n\tb\r\nContent-Length: 5", b"hello"),
        (b"X-Folded: a\r\n b\r\nTransfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n"),
        (b"X-Folded: a\r\n b", b"hello"),
        (b"X-A: a\x01\x7fb\r\nContent-Length: 5", b"hello"),
    ],
)
@pytest.mark.parametrize("interim", [b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"])
async def test_headers_that_break_the_rules_and_can_be_read(
    transport: Transport, interim: bytes, headers: bytes, body: bytes
) -> None:
    answer = interim + b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n" + body
    response = await fetched(transport, answer)
    assert (response.status_code, response.http_version) == (200, "HTTP/1.1")
    assert response.content == b"hello"
    assert "link" not in response.headers
    without_body = await fetched(transport, answer, "HEAD")
    assert without_body.headers.raw == response.headers.raw


def raw_headers(answer: bytes, status: int) -> list[tuple[bytes, bytes]]:
    final = answer[answer.index(b" %d" % status) :].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    pairs = (line.partition(b":") for line in final.split(b"\n")[1:])
    return [(name, value.strip()) for name, _, value in pairs]


async def test_head_has_no_body(transport: Transport) -> None:
    response = await fetched(transport, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "HEAD")
    assert (response.content, response.headers["content-length"]) == (b"", "99")


async def test_answers_through_tls(transport: Transport, server_context: ServerContext) -> None:
    response = await fetched(transport, http(b"hello"), tls=server_context("localhost"))
    assert (response.status_code, response.content) == (200, b"hello")


async def test_a_certificate_that_is_not_accepted(
    transport: Transport, server_context: ServerContext
) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate"):
        await fetched(transport, http(b"hello"), tls=server_context("other.example"))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"5\r\nhel",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
    ],
)
async def test_what_is_not_http(transport: Transport, answer: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await fetched(transport, answer)


async def test_what_is_not_compressed_as_it_says(transport: Transport) -> None:
    with pytest.raises(httpx.DecodingError):
        await fetched(transport, http(b"plain", headers="Content-Encoding: gzip"))


async def test_nobody_listens(transport: Transport) -> None:
    async with httpx.AsyncClient(transport=transport(), trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://127.0.0.1:1/")
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get("ftp://127.0.0.1/")


@pytest.mark.parametrize(
    ("status", "method"),
    [(301, b"GET"), (302, b"GET"), (303, b"GET"), (307, b"POST"), (308, b"POST")],
)
async def test_redirects(transport: Transport, status: int, method: bytes) -> None:
    def answer(request: bytes) -> bytes:
        if request.split(b" ")[1] == b"/":
            return http(b"moved", f"{status} Moved", "Location: /there\nSet-Cookie: a=b")
        return http(b"arrived")

    async with (
        serving(answer) as server,
        httpx.AsyncClient(transport=transport(), trust_env=False, follow_redirects=True) as client,
    ):
        response = await client.post(server.url(), content=b"sent")
    assert response.content == b"arrived"
    assert [each.status_code for each in response.history] == [status]
    assert server.requests[1].startswith(method + b" /there")
    assert b"cookie: a=b" in server.requests[1].lower()
    assert server.requests[1].endswith(b"\r\n\r\nsent" if method == b"POST" else b"\r\n\r\n")
