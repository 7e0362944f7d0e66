"""The `tcp` probe."""

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.probes.http_exchange.test_http_failures import (
    endless,
    reset,
    saying,
    silence,
    unused_port,
)
from tests.probes.servers import Talk, serving
from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, Target
from webmon.probes.tcp import TcpConfig, hint, probe_tcp, unescape
from webmon.probes.wire.addresses import literal_endpoint


async def probe(port: int, host: str = "127.0.0.1", timeout: float = 0.3, **fields: Any) -> Outcome:
    config = TcpConfig.model_validate({"port": port, **fields})
    outcome = await probe_tcp(config, Target(host), timeout)
    json.dumps(outcome.evidence)
    return outcome


async def greets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example")
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.write(b" ESMTP\r\n")


async def shouts_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.readline()).upper())


async def test_a_port_that_accepts_connections_is_up() -> None:
    async with serving(talk=silence) as server:
        outcome = await probe(server.port)
    assert outcome.status is Status.UP
    assert outcome.message.startswith(f"127.0.0.1:{server.port} accepts connections, in ")
    assert outcome.phases.connect_us
    assert outcome.phases.dns_us is None
    assert outcome.evidence == {"address": f"127.0.0.1:{server.port}"}


async def test_a_name_is_looked_up() -> None:
    async with serving(talk=silence) as server:
        outcome = await probe(server.port, "localhost")
    assert outcome.status is Status.UP
    assert outcome.phases.dns_us


async def test_what_is_expected_may_come_in_pieces() -> None:
    async with serving(talk=greets) as server:
        outcome = await probe(server.port, expect="example ESMTP")
    assert outcome.status is Status.UP
    assert outcome.message.startswith(f"127.0.0.1:{server.port} answered as expected, in ")
    assert outcome.evidence["received"] == "220 mail.example ESMTP\n"
    assert outcome.phases.first_byte_us


async def test_something_is_sent_first() -> None:
    async with serving(talk=shouts_back) as server:
        outcome = await probe(server.port, send=r"ping\r\n", expect=r"PING\r\n")
    assert outcome.status is Status.UP


async def test_nobody_listens() -> None:
    port = unused_port()
    outcome = await probe(port)
    assert (outcome.status, outcome.response_us) == (Status.DOWN, None)
    assert outcome.message == f"connection refused by 127.0.0.1:{port}"


@pytest.mark.parametrize("address", ["", "  "])
async def test_a_host_without_an_address(address: str) -> None:
    assert (await probe(80, address)).message == "the host has no address"


@pytest.mark.parametrize("address", ["foo.invalid", "not a host", "x" * 300, "a..b", "\0"])
async def test_a_host_that_does_not_exist(address: str) -> None:
    outcome = await probe(80, address, timeout=2)
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith(("no such host: ", "cannot look up "))


@pytest.mark.parametrize(
    ("talk", "message"),
    [
        (silence, "no answer within 0.3 s (connected to 127.0.0.1:{port}, waiting for “220”)"),
        (
            saying(b"554 no\r\n", then=silence),
            "did not send “220” within 0.3 s, only “554 no”",
        ),
        (saying(), "closed the connection without sending “220”"),
        (saying(b"554 no\r\n"), "closed the connection without sending “220”, got “554 no”"),
        (saying(then=reset), "connection reset by 127.0.0.1:{port}"),
        (endless(b"\xffnoise" * 1000), "did not send “220” in its first 64 kB"),
    ],
)
async def test_another_answer(talk: Talk, message: str) -> None:
    async with serving(talk=talk) as server:
        outcome = await probe(server.port, send="hello", expect="220")
    assert (outcome.status, outcome.message) == (Status.DOWN, message.format(port=server.port))


@pytest.mark.parametrize("port", [0, 65536, "http", None])
def test_ports_that_do_not_exist_are_refused(port: Any) -> None:
    with pytest.raises(ValidationError):
        TcpConfig.model_validate({"port": port})


def test_escapes() -> None:
    assert unescape(r"a\r\n\t\0\\\x7fé") == "a\r\n\t\0\\\x7fé".encode()
    for text in ("\\", r"\q", r"\x1"):
        with pytest.raises(ValueError, match="backslash"):
            unescape(text)


def test_empty_fields_count_as_not_given() -> None:
    assert TcpConfig(port=1, send="", expect="") == TcpConfig(port=1)
    assert all(info.title for info in TcpConfig.model_fields.values())


def test_a_database_s_port_hints_at_its_kind() -> None:
    said = {port: hint(literal_endpoint("127.0.0.1", port)) for port in (5432, 3306, 6379, 80)}
    assert "the kind postgres" in said[5432] and "the kind mysql" in said[3306]
    assert "the kind redis" in said[6379] and said[80] == hint(None) == ""
