"""Slack, webhooks and X are told through the proxy that the environment names, as checks look."""

import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import requests
import trustme
from pydantic import SecretStr

from tests import news as given
from tests.notifiers.slack_server import PATH, SlackServer
from tests.notifiers.webhook_server import WebhookServer
from tests.notifiers.x_server import XServer, keys_of
from tests.probes.http_exchange.test_http_failures import reset, saying, silence, unused_port
from tests.probes.proxy_server import ProxyServer, proxying
from tests.probes.servers import http, serving
from tests.test_proxies import LOGIN, PASSWORD, set_environment
from webmon.notifiers import transport, twitter
from webmon.notifiers.base import NotifierError, Receipt, Surroundings, blocking
from webmon.notifiers.slack import SlackConfig, send_slack
from webmon.notifiers.twitter import TwitterConfig, send_twitter
from webmon.notifiers.webhook import WebhookConfig, send_webhook

HOST = "hooks.example.test"
KNOWN = {HOST: "127.0.0.1"}
"""Nobody but the proxy can look this name up."""
POSTED = http(json.dumps({"data": {"id": "17"}}).encode(), "201 Created")


async def slack(base: str) -> Receipt:
    config = SlackConfig.model_validate({"webhook_url": base + PATH})
    return await send_slack(config, given.message(), Surroundings(""))


async def webhook(base: str) -> Receipt:
    config = WebhookConfig.model_validate({"url": f"{base}/hook"})
    return await send_webhook(config, given.message(), Surroundings(""))


async def x(base: str) -> Receipt:
    config = TwitterConfig.model_validate(keys_of())
    return await blocking(send_twitter)(config, given.message(), Surroundings("", x_api_url=base))


Send = Callable[[str], Awaitable[Receipt]]
every_kind = pytest.mark.parametrize("send", [slack, webhook, x])


async def refused(send: Send, base: str) -> str:
    """What the admin is told; trying again may always help, since the channel is not to blame."""
    with pytest.raises(NotifierError) as caught:
        await send(base)
    assert not caught.value.permanent
    assert "s3cret" not in str(caught.value)
    assert HOST not in str(caught.value)
    return str(caught.value).removeprefix("X: ")


def use(monkeypatch: pytest.MonkeyPatch, proxy: str, **others: str) -> None:
    set_environment(monkeypatch, ALL_PROXY=proxy, **others)


def methods(proxy: ProxyServer) -> list[bytes]:
    return [request.partition(b"\r\n")[0] for request in proxy.requests]


@pytest.fixture
def trusted_by_x(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """X's client trusts Mozilla's authorities only: here, ours instead."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(file))


@pytest.mark.parametrize(
    ("send", "server"), [(slack, SlackServer), (webhook, WebhookServer), (x, XServer)]
)
async def test_an_http_address_is_asked_for_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, send: Send, server: type[SlackServer | WebhookServer | XServer]
) -> None:
    with server() as receiver:
        base = receiver.url.replace("127.0.0.1", HOST)
        async with proxying(f"me:{PASSWORD}", hosts=KNOWN) as proxy:
            use(monkeypatch, proxy.url(LOGIN))
            await send(base)
    assert len(receiver.contents) == 1
    assert methods(proxy)[0].startswith(f"POST {base}/".encode())


@every_kind
async def test_an_https_address_is_reached_through_a_tunnel(
    monkeypatch: pytest.MonkeyPatch, server_context: ssl.SSLContext, trusted_by_x: None, send: Send
) -> None:
    async with (
        serving(POSTED, tls=server_context) as receiver,
        proxying(f"me:{PASSWORD}", hosts=KNOWN) as proxy,
    ):
        use(monkeypatch, proxy.url(LOGIN))
        await send(receiver.url("", host=HOST))
    assert methods(proxy)[0].startswith(f"CONNECT {HOST}:{receiver.port} ".encode())
    [request] = receiver.requests
    assert request.startswith(b"POST /")
    assert b"proxy-authorization" not in request.lower()


@every_kind
async def test_a_login_of_any_letters(monkeypatch: pytest.MonkeyPatch, send: Send) -> None:
    async with proxying("mé:пароль@", hosts=KNOWN) as proxy, serving(POSTED) as receiver:
        use(monkeypatch, proxy.url("m%C3%A9:%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C%40"))
        await send(receiver.url("", host=HOST))
    assert len(receiver.requests) == 1


@every_kind
async def test_this_machine_and_what_no_proxy_lists_are_told_directly(
    monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    async with proxying(hosts=KNOWN) as proxy, serving(POSTED) as receiver:
        use(monkeypatch, proxy.url(), NO_PROXY=f".{HOST}")
        await send(receiver.url(""))
        said = await refused(send, receiver.url("", host=HOST))
    assert said.startswith("cannot be reached")
    assert "proxy" not in said
    assert proxy.requests == []


@every_kind
async def test_nothing_else_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, send: Send
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login netrc-user password netrc-password\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with proxying(hosts=KNOWN) as proxy, serving(POSTED) as receiver:
        use(monkeypatch, proxy.url())
        await send(receiver.url("", host=HOST))
    assert b"authorization: basic" not in receiver.requests[0].lower()


@every_kind
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_proxy_listens(monkeypatch: pytest.MonkeyPatch, send: Send, scheme: str) -> None:
    shown = f"127.0.0.1:{unused_port()}"
    use(monkeypatch, f"http://{LOGIN}@{shown}")
    said = await refused(send, f"{scheme}://{HOST}")
    assert said == f"the proxy {shown} cannot be reached: connection refused"


@every_kind
async def test_a_proxy_that_is_not_found(monkeypatch: pytest.MonkeyPatch, send: Send) -> None:
    use(monkeypatch, f"http://{LOGIN}@proxy.invalid:3128")
    said = await refused(send, f"https://{HOST}")
    assert said.startswith("the proxy proxy.invalid:3128 cannot be reached")


@every_kind
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_login_that_is_not_accepted(
    monkeypatch: pytest.MonkeyPatch, send: Send, scheme: str
) -> None:
    async with proxying("me:other") as proxy:
        use(monkeypatch, proxy.url(LOGIN))
        said = await refused(send, f"{scheme}://{HOST}")
    assert said == f"the proxy 127.0.0.1:{proxy.port} rejects the credentials"


@every_kind
async def test_a_receiver_that_the_proxy_does_not_reach(
    monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    async with proxying(hosts=KNOWN) as proxy:
        shown = f"the proxy 127.0.0.1:{proxy.port}"
        use(monkeypatch, proxy.url())
        assert await refused(send, f"https://{HOST}:1") == f"{shown} answered 502 Bad Gateway"
        said = await refused(send, f"http://{HOST}:1")
    assert said.endswith(f" answered 502 Bad Gateway through {shown}")


@every_kind
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("said", [b"", b"220 mail ESMTP\r\n"])
async def test_what_is_no_proxy(
    monkeypatch: pytest.MonkeyPatch, send: Send, scheme: str, said: bytes
) -> None:
    async with serving(talk=saying(said)) as server:
        use(monkeypatch, server.url(""))
        told = await refused(send, f"{scheme}://{HOST}")
    assert told == f"the connection was lost (through the proxy 127.0.0.1:{server.port})"


@every_kind
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_silent(
    monkeypatch: pytest.MonkeyPatch, send: Send, scheme: str
) -> None:
    for module in (transport, twitter):
        monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.3)
    async with serving(talk=silence) as server:
        use(monkeypatch, server.url(""))
        told = await refused(send, f"{scheme}://{HOST}")
    assert told.endswith(f"answer within 0.3 s (through the proxy 127.0.0.1:{server.port})")


async def test_without_a_tunnel_nothing_may_have_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(talk=saying(b"")) as server:
        use(monkeypatch, server.url(""))
        with pytest.raises(NotifierError) as raised:
            await transport.post(SecretStr(f"https://{HOST}"), b"{}", {})
    assert not raised.value.may_have_arrived


@every_kind
async def test_a_receiver_that_breaks_off_in_its_tunnel(
    monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    async with serving(talk=reset) as server, proxying(hosts=KNOWN) as proxy:
        use(monkeypatch, proxy.url())
        told = await refused(send, f"https://{HOST}:{server.port}")
    assert told.endswith(f" (through the proxy 127.0.0.1:{proxy.port})")


@every_kind
async def test_a_certificate_that_a_proxy_has_made(
    monkeypatch: pytest.MonkeyPatch, strange_context: ssl.SSLContext, send: Send
) -> None:
    async with (
        serving(POSTED, tls=strange_context) as receiver,
        proxying(hosts=KNOWN) as proxy,
    ):
        use(monkeypatch, proxy.url())
        told = await refused(send, receiver.url("", host=HOST))
    assert told.startswith("the certificate is not accepted: ")
    assert told.endswith(f" (through the proxy 127.0.0.1:{proxy.port})")
