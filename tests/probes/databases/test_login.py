"""What `postgres`, `mysql` and `redis` have in common: servers that fail, and what can be set."""

import asyncio
import json
import threading
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.examples import up_to
from tests.probes.http_exchange.test_http_failures import reset, saying, silence, unused_port
from tests.probes.servers import Talk, serving
from webmon.domain.checks.status import Status
from webmon.probes import PROBES, run
from webmon.probes.base import Outcome, Target
from webmon.probes.databases.login import QueryAnswer
from webmon.probes.mysql import MysqlConfig
from webmon.probes.postgres import PostgresConfig

KINDS = ("postgres", "mysql", "redis")
LOGIN = {"user": "monitor", "password": "pass word"}

SSH = b"SSH-2.0-OpenSSH_9.6\r\n"
HTTP = b"HTTP/1.1 400 Bad Request\r\n\r\n"
LET_IN = b"R" + bytes([0, 0, 0, 8, 0, 0, 0, 0])
_GREETING = (
    b"\x0a8.4.0\0" + bytes(4) + b"12345678\0\xff\xf7\x21\2\0\xff\x81\x15" + bytes(10)
) + b"123456789012\0mysql_native_password\0"
MYSQL_GREETING = bytes([len(_GREETING), 0, 0, 0]) + _GREETING


async def ask(kind: str, port: int, timeout: float = 0.3, **fields: Any) -> Outcome:
    """What the probe says of a server on this machine; it must be stored as it is."""
    probe = PROBES[kind]
    config = probe.config.model_validate({"port": port, **LOGIN, **fields})
    outcome = await run(probe, config, Target("127.0.0.1"), timeout=timeout)
    json.dumps(outcome.evidence)
    assert "pass word" not in f"{outcome.message} {outcome.evidence}"
    assert "the check itself failed" not in outcome.message
    return outcome


def speaking(kind: str, *answers: bytes, pause: float = 0, then: Talk | None = None) -> Talk:
    """Answers each message with the next of ``answers``; a server of MySQL's speaks first."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, answer in enumerate(answers):
            if number > 0 or kind != "mysql":
                await reader.read(65536)
            for piece in [bytes([byte]) for byte in answer] if pause else [answer]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
        if then is not None:
            await then(reader, writer)

    return talk


def pouring(part: bytes) -> Talk:
    """Sends ``part`` again and again, without being asked."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    return talk


async def met(kind: str, talk: Talk, **fields: Any) -> tuple[str, int]:
    async with serving(talk=talk) as server:
        outcome = await ask(kind, server.port, **fields)
    assert (outcome.status, outcome.response_us) == (Status.DOWN, None)
    assert outcome.evidence["address"] == f"127.0.0.1:{server.port}"
    return outcome.message, server.port


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_listens(kind: str) -> None:
    port = unused_port()
    outcome = await ask(kind, port, timeout=5)
    assert (outcome.status, outcome.message) == (
        Status.DOWN,
        f"connection refused by 127.0.0.1:{port}",
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_a_host_that_does_not_exist(kind: str) -> None:
    config = PROBES[kind].config.model_validate(LOGIN)
    outcome = await run(PROBES[kind], config, Target("foo.invalid"), timeout=5)
    assert outcome.message == "no such host: foo.invalid"
    assert (await run(PROBES[kind], config, Target(" "), timeout=1)).message == (
        "the host has no address"
    )


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("postgres", "an answer to the wish for TLS"),
        ("mysql", "the server's greeting"),
        ("redis", "the answer to AUTH"),
    ],
)
async def test_a_server_that_accepts_and_says_nothing(kind: str, step: str) -> None:
    message, port = await met(kind, silence)
    assert message == f"no answer within 0.3 s (connected to 127.0.0.1:{port}, waiting for {step})"


BEGINNINGS = {
    "postgres": [b"N", LET_IN],
    "mysql": [MYSQL_GREETING],
    "redis": [b"+OK\r\n"],
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_stops_in_the_middle(kind: str) -> None:
    message, port = await met(kind, speaking(kind, *BEGINNINGS[kind], then=silence))
    assert message.startswith(f"no answer within 0.3 s (connected to 127.0.0.1:{port}, waiting for")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_drips_holds_nothing_beyond_its_time(kind: str) -> None:
    began = time.perf_counter()
    drops = [*BEGINNINGS[kind], b"$99\r\n" + b"x" * 99]
    message, _ = await met(kind, speaking(kind, *drops, pause=0.05))
    assert message.startswith("no answer within 0.3 s")
    assert time.perf_counter() - began < 4, "all of the drops take 5 s"
    await no_threads()


async def no_threads() -> None:
    """Every thread of a check ends with it."""
    for _ in range(100):
        if not any(thread.name == "mysql probe" for thread in threading.enumerate()):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("a check still holds a thread")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", [SSH, HTTP], ids=["ssh", "http"])
async def test_a_server_that_speaks_something_else(kind: str, said: bytes) -> None:
    message, port = await met(kind, speaking("mysql", said, then=silence), timeout=2)
    begin = said.split(b"\r\n")[0].decode()
    assert message.startswith(f"127.0.0.1:{port} does not speak ")
    assert message.endswith(f"it sent “{begin}”")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_hangs_up(kind: str) -> None:
    message, port = await met(kind, speaking("mysql"))
    gone = f"connection reset by 127.0.0.1:{port}"
    assert message.startswith((f"closed the connection (connected to 127.0.0.1:{port}, ", gone))
    message, port = await met(kind, speaking("mysql", then=reset))
    assert message.startswith(f"connection reset by 127.0.0.1:{port}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "part",
    [
        b"x" * 10_000,
        b"\xff" * 10_000,
        b"S\0\0\0\x0aSxyz\0\0" * 1000,
        b"$60000\r\n" + b"x" * 60_000 + b"\r\n",
        b"\1\0\0\0\x0a" * 1000,
        b"\xff\xff\xff\0\x0a" * 1000,
    ],
)
async def test_a_server_that_never_stops(kind: str, part: bytes) -> None:
    message, _ = await met(kind, pouring(part), timeout=20)
    assert not message.startswith("no answer within"), "it is given up, not waited for"


@pytest.mark.parametrize("part", [b"S\0\0\0\x0aSxyz\0\0" * 1000, b"N\0\0\0\5\0" * 1000])
async def test_a_postgres_that_never_stops(part: bytes) -> None:
    talk = speaking("postgres", b"N", LET_IN, then=pouring(part))
    assert (await met("postgres", talk, timeout=2))[0] == "sent more than 1000 messages"


async def test_many_servers_that_hang_delay_nothing() -> None:
    pong = saying(b"+PONG\r\n" + b"-NOPERM\r\n" * 3)
    async with serving(talk=silence) as hung, serving(talk=pong) as well:
        waiting = [asyncio.create_task(ask("mysql", hung.port, 3)) for _ in range(100)]
        await asyncio.sleep(0.2)
        assert (await ask("redis", well.port, password=None)).status is Status.UP
        assert not any(task.done() for task in waiting)
        outcomes = await asyncio.gather(*waiting)
    assert all(outcome.message.startswith("no answer within 3 s") for outcome in outcomes)
    await no_threads()


READY = b"Z\0\0\0\5I"
MYSQL_OK = b"\0\0\0\2\0\0\0"
CONVERSATIONS = {
    "postgres": [
        [],
        [b"N"],
        [b"N", LET_IN],
        [b"N", LET_IN + READY],
        [b"N", LET_IN + READY, READY],
        [b"N", LET_IN + READY, READY, b"T\0\0\0\x20"],
        [b"N", b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0", b"R\0\0\0\x20\0\0\0\x0b"],
        [b"N", b"R\0\0\0\x0c\0\0\0\5salt", b"E\0\0\0\x20C"],
        [b"E\0\0\0\x20"],
    ],
    "mysql": [
        [],
        [b"\x40\0\0\0\n"],
        [MYSQL_GREETING],
        [MYSQL_GREETING, b"\7\0\0\2" + MYSQL_OK],
        [MYSQL_GREETING, b"\7\0\0\2" + MYSQL_OK, b"\7\0\0\1" + MYSQL_OK, b"\1\0\0\1\xfb"],
        [MYSQL_GREETING, b"\x10\0\0\2\xfe"],
        [MYSQL_GREETING, b"\2\0\0\2\1\4", b"\x20\0\0\4\1"],
    ],
    "redis": [[], [b"+OK\r\n"], [b"+OK\r\n", b"+PONG\r\n"], [b"$5\r\n"], [b"-"]],
}


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_a_server_sends_is_an_outcome(kind: str) -> None:
    @settings(max_examples=up_to(100))
    @given(st.sampled_from(CONVERSATIONS[kind]), st.binary(max_size=80))
    def check(answers: list[bytes], rest: bytes) -> None:
        async def once() -> Outcome:
            said = [*answers[:-1], answers[-1] + rest] if answers else [rest]
            plain = {"tls": "disable"} if kind == "mysql" else {}
            async with serving(talk=speaking(kind, *said)) as server:
                return await ask(kind, server.port, 0.1, **plain)

        assert asyncio.run(once()).message

    check()


@pytest.mark.parametrize("config", [PostgresConfig, MysqlConfig])
def test_what_cannot_be_set_is_refused_and_not_repeated(config: type[PostgresConfig]) -> None:
    scheme = "postgresql" if config is PostgresConfig else "mysql"
    for fields in (
        {"user": None},
        {"user": "a\0b"},
        {"host": "/var/run/postgresql"},
        {"host": "one,two"},
        {"port": 0},
        {"query": "DELETE FROM staff"},
        {"query": "COPY staff TO PROGRAM 'rm'"},
        {"query": "SELECT 1 INTO OUTFILE '/tmp/x'"},
        {"query": "SELECT '\0'"},
        {"tls": "verify"},
        {"dsn": "swordfish"},
        {"dsn": "http://monitor:swordfish@db.example"},
        {"dsn": f"{scheme}://monitor:swordfish@db.example:99999/sales"},
        {"dsn": f"{scheme}://monitor:swordfish@db.example/sales?sslkey=/etc/shadow"},
        {"dsn": f"{scheme}://monitor:swordfish@db.example/sales?passfile=/etc/shadow"},
        {"dsn": f"{scheme}://monitor:swordfish@db.example/sales?service=x"},
        {"dsn": f"{scheme}://monitor:swordfish@db.example/sales?local_infile=1"},
        {"dsn": f"{scheme}://monitor:swordfish@db.example/sales?sslmode=perhaps"},
        {"dsn": f"{scheme}://monitor:swordfish@%2Ftmp/sales"},
        {"dsn": f"{scheme}://one.example,two.example/sales"},
        {"unix_socket": "/tmp/x"},
    ):
        with pytest.raises(ValidationError) as refused:
            config.model_validate({"user": "monitor", **fields})
        assert "swordfish" not in str(refused.value)


@pytest.mark.parametrize("password", ["12/fish", "12#fish", "12?fish", "fi@fish", "12/fish@x/y"])
@pytest.mark.parametrize("config", [PostgresConfig, MysqlConfig])
def test_a_password_that_is_not_escaped_names_no_other_host(
    config: type[PostgresConfig], password: str
) -> None:
    scheme = "postgresql" if config is PostgresConfig else "mysql+pymysql"
    with pytest.raises(ValidationError, match="write %40 for @, %2F for /") as refused:
        config.model_validate({"dsn": f"{scheme}://monitor:{password}@db.example/sales"})
    assert "fish" not in str(refused.value)
    escaped = f"{scheme}://monitor:{quote(password, safe='')}@db.example/sales"
    login = config.model_validate({"dsn": escaped}).login
    assert (login.host, login.password, login.database) == ("db.example", password, "sales")


@pytest.mark.parametrize(
    ("parameter", "reason"),
    [
        ("sslmode=allow", "not spoken here: write prefer or disable"),
        ("sslmode=verify-ca", "not spoken here: write verify-full"),
        ("channel_binding=require", "not spoken here: write prefer"),
        ("channel_binding=perhaps", "must have a channel_binding of disable, prefer"),
        ("sslmode=perhaps", "must ask for one of disable, prefer, require, verify-full"),
    ],
)
def test_what_libpq_can_do_and_we_cannot_is_refused_with_advice(
    parameter: str, reason: str
) -> None:
    for dsn in (f"postgresql://monitor@db.example/sales?{parameter}", f"user=monitor {parameter}"):
        with pytest.raises(ValidationError, match=reason):
            PostgresConfig.model_validate({"dsn": dsn})


@pytest.mark.parametrize("binding", ["disable", "prefer"])
def test_channel_binding_that_is_not_required_changes_nothing(binding: str) -> None:
    dsn = f"postgresql://monitor@db.example/sales?sslmode=require&channel_binding={binding}"
    assert PostgresConfig.model_validate({"dsn": dsn}).login.tls == "require"


def test_a_dsn_is_completed_by_the_fields() -> None:
    dsn = "postgresql+psycopg2://monitor@db.example/sales?sslmode=require&connect_timeout=3"
    login = PostgresConfig(dsn=dsn, port=6432, password="hidden", database="other").login  # type: ignore[arg-type]
    assert (login.host, login.port, login.database) == ("db.example", 6432, "sales")
    assert (login.user, login.password, login.tls) == ("monitor", "hidden", "require")
    dsn = "mysql+pymysql://monitor:p%40ss@db.example:3307/sales?ssl-mode=verify_identity"
    login = MysqlConfig(dsn=dsn).login  # type: ignore[arg-type]
    assert (login.host, login.port, login.database) == ("db.example", 3307, "sales")
    assert (login.user, login.password, login.tls) == ("monitor", "p@ss", "verify-full")


def test_empty_fields_count_as_not_given() -> None:
    empty = dict.fromkeys(("dsn", "host", "database", "password", "query"), "")
    for config in (PostgresConfig, MysqlConfig):
        told = config.model_validate({"user": "monitor", **empty})
        assert told == config(user="monitor")
        assert told.login.host is None
        assert all(info.title for info in config.model_fields.values())


def test_a_trailing_semicolon_is_no_second_statement() -> None:
    assert PostgresConfig(user="monitor", query=" select 1 ; ").query == "select 1"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (QueryAnswer(), "the query returned no row"),
        (QueryAnswer(None, True), "the query returned NULL"),
        (QueryAnswer("false", True, is_boolean=True), "the query returned false"),
        (QueryAnswer("0.00", True, is_number=True), "the query returned 0.00"),
        (QueryAnswer("-0", True, is_number=True), "the query returned -0"),
        (QueryAnswer("0", True), None),
        (QueryAnswer("10", True, is_number=True), None),
        (QueryAnswer("true", True, is_boolean=True), None),
        (QueryAnswer("", True), None),
    ],
)
def test_the_first_value_decides(answer: QueryAnswer, fault: str | None) -> None:
    assert answer.fault == fault
