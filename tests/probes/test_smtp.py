"""The `smtp` probe, against a real mail server (aiosmtpd) and some that misbehave."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import up_to
from tests.probes.conftest import ServerContext
from tests.probes.http_exchange.test_http_failures import reset, silence, unused_port
from tests.probes.servers import Talk, serving
from webmon.commands.validation import validated
from webmon.domain.checks.status import Status
from webmon.errors import Invalid
from webmon.probes.base import Outcome, Target
from webmon.probes.smtp import SmtpConfig, probe_smtp


async def probe(port: int, host: str = "localhost", timeout: float = 2, **fields: Any) -> Outcome:
    config = SmtpConfig.model_validate({"port": port, **fields})
    started = time.perf_counter()
    outcome = await probe_smtp(config, Target(host), timeout)
    assert time.perf_counter() - started < timeout + 2
    json.dumps(outcome.evidence)
    return outcome


class Handler:
    """What the real server tells: the commands it was given."""

    def __init__(self) -> None:
        self.greeted: list[str] = []
        self.quits = 0

    async def handle_EHLO(
        self, _server: SMTP, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_QUIT(self, *_: Any) -> str:
        self.quits += 1
        return "221 Bye"


@contextmanager
def mail_server(**settings: Any) -> Iterator[tuple[int, Handler]]:
    handler, port = Handler(), unused_port()
    controller = Controller(
        handler, "127.0.0.1", port, server_hostname="mail.example", ident="ready", **settings
    )
    controller.start()
    try:
        yield port, handler
    finally:
        controller.stop()


async def test_a_mail_server_that_greets_is_up() -> None:
    with mail_server() as (port, handler):
        outcome = await probe(port)
    assert outcome.status is Status.UP
    assert outcome.message.startswith(f"127.0.0.1:{port} greets, in ")
    assert outcome.evidence["banner"] == "mail.example ready"
    assert "HELP" in outcome.evidence["capabilities"]
    assert outcome.phases.first_byte_us
    assert outcome.phases.tls_us is None
    assert (handler.greeted, handler.quits) == (["[127.0.0.1]"], 1)


async def test_starttls(server_context: ServerContext) -> None:
    with mail_server(tls_context=server_context("localhost")) as (port, handler):
        outcome = await probe(port, starttls=True)
        plain = await probe(port)
    assert outcome.status is Status.UP
    assert outcome.message.startswith(f"127.0.0.1:{port} greets over TLSv1.3, in ")
    assert outcome.evidence["certificate"]["days_left"] > 0
    assert outcome.phases.tls_us
    assert "STARTTLS" not in outcome.evidence["capabilities"]
    assert "STARTTLS" in plain.evidence["capabilities"]
    assert (len(handler.greeted), handler.quits) == (3, 2)


async def test_a_certificate_that_is_not_accepted(server_context: ServerContext) -> None:
    context = server_context("localhost", by=trustme.CA(organization_name="Strangers"))
    with mail_server(tls_context=context) as (port, _):
        outcome = await probe(port, starttls=True)
        without = await probe(port, starttls=True, verify_tls=False)
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith("certificate is signed by an unknown authority (Strangers)")
    assert outcome.evidence["certificate"]["issuer"] == "Strangers"
    assert without.status is Status.UP


async def test_starttls_that_is_not_offered() -> None:
    with mail_server() as (port, _):
        outcome = await probe(port, starttls=True)
    assert (outcome.status, outcome.message) == (Status.DOWN, "does not offer STARTTLS")
    assert outcome.evidence["banner"] == "mail.example ready"


def speaking(*answers: bytes) -> Talk:
    """Says the first at once, and each of the others after a line."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            writer.write(answer)
            await writer.drain()
            if not await reader.readline():
                return

    return talk


async def test_tls_from_the_start(server_context: ServerContext) -> None:
    talk = speaking(b"220 mail\r\n", b"250-mail\r\n250 SIZE 1000\r\n", b"221 bye\r\n")
    async with serving(talk=talk, tls=server_context("localhost")) as server:
        outcome = await probe(server.port, tls=True)
    assert outcome.status is Status.UP
    assert outcome.evidence["capabilities"] == ["SIZE 1000"]
    assert outcome.phases.tls_us


async def test_nobody_listens() -> None:
    port = unused_port()
    outcome = await probe(port)
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith(
        ("connection refused by 127.0.0.1", "connection refused by [")
    )


@pytest.mark.parametrize(
    ("talk", "message"),
    [
        (silence, "no answer within 0.2 s (connected to {place}, waiting for its greeting)"),
        (speaking(b"554 no\r\n"), "said “554 no” instead of 220"),
        (
            speaking(b"421 too busy\r\n"),
            "is not available now: said “421 too busy” instead of 220",
        ),
        (speaking(b"220-a\r\n220-b\r\n220 c\r\n", b"502 what\r\n"), "said “502 what” to EHLO"),
        (speaking(b"220 a\r\n", b""), "no answer within 0.2 s (connected to {place}, waiting"),
        (speaking(b"220 a\r\n"), "closed the connection (connected to {place}, waiting for the"),
        (speaking(b"SSH-2.0-x\r\n"), "did not answer with SMTP, but with “SSH-2.0-x”"),
        (speaking(b"220-more\r\n" * 1000), "sent an answer of more than 100 lines"),
        (speaking(b"2" * 100_000), "sent a line of more than 2048 bytes"),
        (reset, "connection reset by {place}"),
        (speaking(b"220 a\r\n", b"250 STARTTLS\r\n"), "does not offer STARTTLS"),
        (
            speaking(b"220 a\r\n", b"250-a\r\n250 STARTTLS\r\n", b"454 not now\r\n"),
            "said “454 not now” to STARTTLS instead of 220",
        ),
    ],
)
async def test_another_answer(talk: Talk, message: str) -> None:
    async with serving(talk=talk) as server:
        outcome = await probe(server.port, "127.0.0.1", 0.2, starttls=True)
        place = f"127.0.0.1:{server.port}"
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith(message.format(place=place))
    assert outcome.evidence["address"] == place


async def test_a_slow_server_is_up_and_its_time_is_told() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await speaking(b"220 slow\r\n", b"250 slow\r\n", b"221 bye\r\n")(reader, writer)

    async with serving(talk=slow) as server:
        outcome = await probe(server.port)
    assert outcome.status is Status.UP
    assert outcome.response_us
    assert outcome.response_us >= 200_000


async def test_a_server_that_does_not_say_goodbye_is_up() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await speaking(b"220 rude\r\n", b"250 rude\r\n")(reader, writer)
        await asyncio.sleep(30)

    async with serving(talk=rude) as server:
        outcome = await probe(server.port, timeout=0.3)
    assert outcome.status is Status.UP
    assert outcome.response_us
    assert outcome.response_us < 300_000


@settings(max_examples=up_to(40))
@given(
    st.lists(st.binary(max_size=100) | st.sampled_from([b"220 a\r\n", b"250 a\r\n"]), max_size=3)
)
def test_random_bytes(answers: list[bytes]) -> None:
    async def check() -> Outcome:
        async with serving(talk=speaking(*answers)) as server:
            return await probe(server.port, "127.0.0.1", 0.05)

    assert asyncio.run(check()).message


def test_one_way_of_encrypting_at_a_time() -> None:
    with pytest.raises(Invalid, match=r"config\.tls: cannot be used together with starttls"):
        validated(SmtpConfig, {"starttls": True, "tls": True}, within="config")
    assert SmtpConfig().port == 25
    assert all(info.title for info in SmtpConfig.model_fields.values())


async def test_no_server_is_asked_without_an_address() -> None:
    assert (await probe(25, "")).message == "the host has no address"
