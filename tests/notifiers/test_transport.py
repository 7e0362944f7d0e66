"""The one rule of what is tried again, and what a receiver may do to us."""

import asyncio
import json
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime

import pytest
from pydantic import SecretStr

from tests.notifiers.stand_in import Reply, Request, StandIn
from tests.probes.http_exchange.test_http_failures import reset
from tests.probes.servers import Talk, serving
from webmon import clock
from webmon.notifiers import transport
from webmon.notifiers.base import NotifierError
from webmon.notifiers.transport import post, require_taken, retry_after_seconds


class Anything(StandIn):
    """Takes everything that it is sent."""

    def judged(self, request: Request) -> tuple[Reply, object]:
        return Reply(), request


def test_threads_that_send_at_once_share_one_context() -> None:
    transport.made_context.cache_clear()
    begin = threading.Barrier(8)

    def context() -> ssl.SSLContext:
        begin.wait(5)
        return transport.tls_context()

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(context) for _ in range(8)]
    assert len({id(each.result()) for each in asked}) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_status_of_success_is_taken(status: int) -> None:
    require_taken(status, {}, "it")


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (301, True),
        (302, True),
        (308, True),
        (400, True),
        (401, True),
        (403, True),
        (404, True),
        (405, True),
        (408, False),
        (409, True),
        (410, True),
        (413, True),
        (421, False),
        (422, True),
        (425, False),
        (429, False),
        (499, True),
        (500, False),
        (501, False),
        (502, False),
        (503, False),
        (504, False),
        (520, False),
        (599, False),
        (999, False),
    ],
)
def test_what_is_tried_again(status: int, permanent: bool) -> None:
    with pytest.raises(NotifierError, match=rf"^it answered {status}") as refused:
        require_taken(status, {}, "it")
    assert refused.value.permanent is permanent
    assert refused.value.retry_after_seconds is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 120 ", 120),
        ("0", 0),
        ("999999999", 86400),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٧", None),
        ("Mon, 23 Nov 1970 10:00:00 GMT", 0),
        ("Mon, 23 Nov 2970 10:00:00 GMT", 86400),
        ("Mon, 99 Nov 2970 10:00:00 GMT", None),
    ],
)
def test_when_to_try_again(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}) == seconds


def test_a_date_is_counted_from_now() -> None:
    at = format_datetime(clock.utcnow() + timedelta(seconds=60), usegmt=True)
    seconds = retry_after_seconds({"retry-after": at})
    assert seconds is not None
    assert 50 < seconds <= 60


async def test_a_redirect_is_not_followed() -> None:
    with Anything() as elsewhere, Anything() as server:
        server.will_answer(Reply(307, "", {"Location": elsewhere.url}))
        answer = await post(SecretStr(server.url), b"{}", {})
    assert answer.status == 307
    assert elsewhere.attempts == 0


async def test_only_the_beginning_of_an_answer_is_read() -> None:
    with Anything() as server:
        server.will_answer(Reply(500, "x" * 1_000_000))
        answer = await post(SecretStr(server.url), json.dumps({}).encode(), {})
    assert answer.text == "x" * transport.MOST_ANSWER_BYTES


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


async def test_nobody_listens() -> None:
    url = SecretStr(f"http://127.0.0.1:{closed_port()}/secret")
    with pytest.raises(NotifierError, match=r"^cannot be reached: connection refused$") as refused:
        await post(url, b"{}", {})
    assert not refused.value.permanent
    assert not refused.value.may_have_arrived


async def test_a_receiver_that_breaks_off_the_handshake() -> None:
    async with serving(talk=reset) as server:
        url = SecretStr(f"https://127.0.0.1:{server.port}/secret")
        with pytest.raises(NotifierError, match=r"^the connection was lost$") as refused:
            await post(url, b"{}", {})
    assert not refused.value.may_have_arrived


async def test_a_connection_that_breaks_off() -> None:
    with Anything() as server:
        server.will_answer(Reply(drop=True))
        with pytest.raises(NotifierError, match="the connection was lost") as refused:
            await post(SecretStr(server.url), b"{}", {})
    assert not refused.value.permanent
    assert refused.value.may_have_arrived


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"H")
        await writer.drain()
        await asyncio.sleep(0.05)


async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff\x00 what?\r\n\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    ("talk", "text"), [(drip, "no answer within 0.3 s"), (chatter, "the connection was lost")]
)
async def test_a_receiver_that_misbehaves(
    talk: Talk, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", 0.3)
    async with serving(talk=talk) as server:
        with pytest.raises(NotifierError, match=text) as refused:
            await post(SecretStr(server.url("/secret")), b"{}", {})
    assert refused.value.may_have_arrived


async def test_a_certificate_that_is_not_accepted(strange_context: ssl.SSLContext) -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n\r\n", tls=strange_context) as server:
        with pytest.raises(NotifierError, match="the certificate is not accepted") as refused:
            await post(SecretStr(server.url("/secret")), b"{}", {})
    assert not refused.value.may_have_arrived
    assert "secret" not in str(refused.value)
