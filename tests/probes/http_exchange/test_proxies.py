"""A service's own proxy, and what the `http` probe says of one."""

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from tests.probes.conftest import ServerContext
from tests.probes.http_exchange.test_http_failures import saying, silence, unused_port
from tests.probes.proxy_server import proxying
from tests.probes.servers import http, serving
from tests.probes.test_http import probe
from tests.test_proxies import LOGIN, PASSWORD, set_environment
from webmon.crypto import seal
from webmon.domain.checks.status import Status
from webmon.probes.http_exchange.request import HttpConfig
from webmon.proxies import Proxy, Routes, read_proxy


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("https://proxy.example", "must begin with http://"),
        ("socks5://proxy.example", "must begin with http://"),
        ("proxy.example:3128", "must begin with http://"),
        ("http://", "must be like http://"),
        ("http://proxy.example:0", "must be like http://"),
        ("http://proxy.example:99999", "must be like http://"),
        ("http://proxy.example/path", "must be like http://"),
        ("http://proxy.example/?a=b", "must be like http://"),
        ("http://me:s3cret@[proxy", "must be like http://"),
        ("http://me:s3cret@pro xy", "must be like http://"),
    ],
)
def test_what_is_no_proxy_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        HttpConfig.model_validate({"url": "http://example.org/", "proxy": text})
    error = caught.value.errors()[0]
    assert error["loc"] == ("proxy",)
    assert wrong in error["msg"]
    assert "s3cret" not in str(caught.value)


def test_a_services_proxy_is_kept_secret() -> None:
    config = HttpConfig.model_validate({"url": "http://a.example/", "proxy": f"http://{LOGIN}@p"})
    assert "s3cret" not in repr(config)
    assert "s3cret" not in str(seal(config))
    assert {PASSWORD, f"me:{PASSWORD}"} <= set(config.secrets)
    with pytest.raises(ValidationError, match="Proxy-Authorization is set by the probe itself"):
        HttpConfig.model_validate(
            {"url": "http://a.example/", "headers": {"Proxy-Authorization": "Basic x"}}
        )


def test_without_a_proxy_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert HttpConfig(url="http://a.example/").routes is None
    set_environment(monkeypatch, HTTP_PROXY="http://p:1", NO_PROXY="a, *")
    assert HttpConfig(url="http://a.example/").routes is None


def test_a_services_own_proxy_leads_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, HTTP_PROXY="http://p:1", NO_PROXY="a.example")
    routes = HttpConfig.model_validate({"url": "http://a.example/", "proxy": "http://q:2"}).routes
    assert routes is not None
    for url in ("http://a.example/", "https://127.0.0.1/", "http://b.example/"):
        assert routes.to(httpx.URL(url)) == Proxy("q", 2)
    assert Routes({}).to(httpx.URL("http://a.example/")) is None


# --- what the probe says


async def through(proxy: str, url: str, **fields: Any) -> Any:
    return await probe(url, proxy=proxy, **fields)


async def test_the_proxy_looks_up_the_name() -> None:
    hosts = {"only.proxy.knows": "127.0.0.1"}
    async with serving(http(b"hello")) as server, proxying(hosts=hosts) as proxy:
        outcome = await through(proxy.url(), server.url("/a?b", host="only.proxy.knows"))
    assert outcome.status is Status.UP
    assert outcome.evidence["proxy"] == f"127.0.0.1:{proxy.port}"
    assert outcome.evidence["address"] is None
    assert outcome.evidence["url"] == server.url("/a", host="only.proxy.knows")
    assert outcome.phases.dns_us is None


async def test_the_certificate_and_the_phases_are_seen_in_a_tunnel(
    server_context: ServerContext,
) -> None:
    hosts = {"only.proxy.knows": "127.0.0.1"}
    context = server_context("only.proxy.knows")
    async with serving(http(b"hello"), tls=context) as server, proxying(hosts=hosts) as proxy:
        outcome = await through(proxy.url(), server.url(host="only.proxy.knows"))
    assert outcome.status is Status.UP
    assert outcome.evidence["certificate"]["days_left"] > 0
    phases = outcome.phases
    taken = [phases.connect_us, phases.tls_us, phases.first_byte_us]
    assert all(each is not None and each > 0 for each in taken)
    assert sum(each or 0 for each in taken) <= outcome.response_us + 3


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_proxy_listens(scheme: str) -> None:
    port = unused_port()
    outcome = await through(f"http://{LOGIN}@127.0.0.1:{port}", f"{scheme}://a.example/")
    assert outcome.status is Status.DOWN
    assert outcome.message == f"connection refused by the proxy 127.0.0.1:{port}"


async def test_a_proxy_that_is_not_found() -> None:
    outcome = await through("http://proxy.invalid:3128", "https://a.example/")
    assert outcome.message == "the proxy cannot be found: no such host: proxy.invalid"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_login_that_is_not_accepted(scheme: str) -> None:
    async with proxying("me:other") as proxy:
        outcome = await through(proxy.url(LOGIN), f"{scheme}://a.example/")
    shown = f"127.0.0.1:{proxy.port}"
    assert outcome.message == f"the proxy {shown} answered 407 Proxy Authentication Required"
    assert outcome.evidence["proxy"] == shown
    assert "s3cret" not in repr(outcome)


async def test_a_site_that_the_proxy_does_not_reach() -> None:
    async with proxying() as proxy:
        shown = f"127.0.0.1:{proxy.port}"
        outcome = await through(proxy.url(), "https://127.0.0.1:1/")
        assert outcome.message == f"the proxy {shown} answered 502 Bad Gateway"
        outcome = await through(proxy.url(), "http://127.0.0.1:1/")
    assert outcome.message == (
        f"answered 502 Bad Gateway through the proxy {shown}, expected 200-399"
    )
    assert "no such host" in outcome.evidence["body"]


@pytest.mark.parametrize(
    ("scheme", "said", "message"),
    [
        ("http", b"", "closed the connection without an answer (through the proxy {})"),
        ("https", b"", "the proxy {} closed the connection without an answer"),
        ("https", b"HTTP/1.1 20", "the proxy {} closed the connection in the middle of the he"),
        ("https", b"220 mail ESMTP\r\n", "the proxy {} did not answer with HTTP, but with "),
        ("https", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000, "the proxy {} sent headers larg"),
    ],
)
async def test_what_is_no_proxy(scheme: str, said: bytes, message: str) -> None:
    async with serving(talk=saying(said)) as server:
        outcome = await through(server.url(), f"{scheme}://a.example/")
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith(message.format(f"127.0.0.1:{server.port}"))


@pytest.mark.parametrize(
    ("scheme", "doing"),
    [
        ("http", "waiting for the first byte"),
        ("https", "waiting for the connection it is asked for"),
    ],
)
async def test_a_proxy_that_is_silent(scheme: str, doing: str) -> None:
    async with serving(talk=silence) as server:
        outcome = await through(server.url(), f"{scheme}://a.example/", timeout=0.2)
    assert outcome.message == (
        f"no answer within 0.2 s (connected to the proxy 127.0.0.1:{server.port}, {doing})"
    )


async def test_a_site_that_is_silent_in_its_tunnel() -> None:
    async with serving(talk=silence) as server, proxying() as proxy:
        outcome = await through(proxy.url(), f"https://127.0.0.1:{server.port}/", timeout=0.3)
    where = f"127.0.0.1:{server.port} through the proxy 127.0.0.1:{proxy.port}"
    assert outcome.message == (
        f"no answer within 0.3 s (connected to {where}, in the TLS handshake)"
    )


async def test_a_site_in_a_tunnel_that_speaks_no_tls() -> None:
    async with serving(talk=saying(b"SSH-2.0-x\r\n")) as server, proxying() as proxy:
        outcome = await through(proxy.url(), f"https://127.0.0.1:{server.port}/")
    where = f"127.0.0.1:{server.port} through the proxy 127.0.0.1:{proxy.port}"
    assert outcome.message == f"{where} does not speak TLS"


async def test_a_login_that_is_repeated_is_not_kept() -> None:
    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        login = next(line for line in request.splitlines() if line.startswith(b"Proxy-"))
        writer.write(http(login + PASSWORD.encode(), "500 Oops"))
        await writer.drain()

    async with serving(talk=repeat) as server:
        outcome = await through(f"http://{LOGIN}@127.0.0.1:{server.port}", "http://a.example/")
    assert "proxy-authorization" in outcome.evidence["body"].lower()
    assert PASSWORD not in outcome.evidence["body"]
    assert read_proxy(f"http://{LOGIN}@p").secrets[-1] not in outcome.evidence["body"]


async def test_redirects_keep_each_login_to_its_own() -> None:
    def answer(request: bytes) -> bytes:
        return http(b"", "302 Found", f"Location: {other.url()}")

    async with (
        serving(http(b"there")) as other,
        serving(answer) as server,
        proxying(f"me:{PASSWORD}") as proxy,
    ):
        outcome = await through(
            proxy.url(LOGIN), server.url(), follow_redirects=True, basic_auth="you:hidden"
        )
    assert outcome.status is Status.UP
    assert len(proxy.requests) == 2
    assert b"\r\nauthorization" not in proxy.requests[1].lower()
    assert all(b"proxy-" not in each.lower() for each in (*server.requests, *other.requests))


async def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = {"site.example": "127.0.0.1"}
    async with serving(http(b"hello")) as server, proxying(hosts=hosts) as proxy:
        set_environment(monkeypatch, HTTP_PROXY=proxy.url(LOGIN))
        there = await probe(server.url(host="site.example"))
        here = await probe(server.url())
    assert (there.status, here.status) == (Status.UP, Status.UP)
    assert there.evidence["proxy"] == f"127.0.0.1:{proxy.port}"
    assert len(proxy.requests) == 1
