"""The `mysql` probe, against a real MariaDB and against stand-ins for its failures."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
import trustme

from tests.probes.databases.test_login import MYSQL_GREETING, ask, no_threads, speaking
from tests.probes.real_servers import mariadb
from tests.probes.servers import serving
from tests.probes.test_reach import look
from webmon.domain.checks.networks import Reach
from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome
from webmon.probes.wire.conversation import Conversation

USERS = """
CREATE USER monitor IDENTIFIED BY 'pass word'
CREATE USER accented IDENTIFIED BY 'Pässwörd €'
CREATE USER socketeer IDENTIFIED VIA unix_socket
CREATE USER locked IDENTIFIED BY 'pass word' ACCOUNT LOCK
CREATE USER modern IDENTIFIED VIA mysql_native_password USING PASSWORD('pass word') REQUIRE SSL
CREATE DATABASE sales
CREATE TABLE sales.staff (name text)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mariadb")


@pytest.fixture(scope="module")
def server(folder: Path, trusted_authority: trustme.CA) -> Iterator[int]:
    certificate = trusted_authority.issue_cert("localhost")
    key, chain = folder / "key.pem", folder / "chain.pem"
    certificate.private_key_pem.write_to_path(key)
    chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    options = [f"--ssl-key={key}", f"--ssl-cert={chain}"]
    with mariadb(folder, *options) as port:
        connection = pymysql.connect(host="127.0.0.1", port=port, user="root")
        with connection, connection.cursor() as cursor:
            for statement in USERS.strip().split("\n"):
                cursor.execute(statement)
        yield port


async def asked(port: int, timeout: float = 5, **fields: Any) -> Outcome:
    return await ask("mysql", port, timeout, **fields)


async def test_tls_begins_in_the_middle_and_ends_in_order(server: int) -> None:
    """Who goes away in the middle of the handshake is locked out after a hundred times."""

    def refused() -> int:
        with pymysql.connect(host="127.0.0.1", port=server, user="root").cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'")
            return int(cursor.fetchone()[1])

    before = refused()
    outcome = await look("tls", "localhost", Reach(), port=server, starttls="mysql")
    assert outcome.status is Status.UP, outcome.message
    assert outcome.message.startswith("valid for ")
    assert refused() == before + 1


async def test_a_mariadb_that_is_ready(server: int) -> None:
    outcome = await asked(server)
    assert outcome.status is Status.UP
    assert re.fullmatch(r"MariaDB [0-9.]+ is ready, in [0-9.]+ ms", outcome.message)
    assert outcome.evidence["read_only"] is False
    assert outcome.evidence["login_ms"] > 0
    assert outcome.evidence["query_ms"] > 0
    assert outcome.evidence["protocol"] == "TLSv1.3"
    assert outcome.phases.connect_us
    outcome = await asked(server, tls="disable")
    assert outcome.status is Status.UP
    assert "protocol" not in outcome.evidence
    await no_threads()


@pytest.mark.parametrize(
    "fields",
    [
        {"dsn": "mysql://monitor:pass%20word@localhost?ssl-mode=required"},
        {"user": "accented", "password": "Pässwörd €"},
        {"user": "root", "password": None, "database": "sales"},
        {"user": "modern"},
        {"host": "localhost", "tls": "verify-full"},
    ],
)
async def test_ways_to_log_in(server: int, fields: dict[str, Any]) -> None:
    outcome = await asked(server, **fields)
    assert (outcome.status, outcome.message[:8]) == (Status.UP, "MariaDB ")


WRONG = "wrong password for user {}, or no such user for this monitor's address"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password": "wrong"}, WRONG.format("monitor")),
        ({"user": "nobody"}, WRONG.format("nobody")),
        ({"user": "modern", "tls": "disable"}, WRONG.format("modern")),
        ({"password": None}, "user monitor is not let in without a password"),
        ({"database": "sales"}, "user monitor may not use database sales"),
        (
            {"user": "root", "password": None, "database": "nowhere"},
            "database nowhere does not exist",
        ),
        ({"user": "socketeer"}, "user socketeer cannot log in with a password"),
        ({"user": "locked"}, "the account of user locked is locked"),
    ],
)
async def test_who_is_not_let_in(server: int, fields: dict[str, Any], message: str) -> None:
    outcome = await asked(server, **fields)
    assert (outcome.status, outcome.message) == (Status.DOWN, message)
    assert "query_ms" not in outcome.evidence


async def test_a_certificate_for_another_name(server: int) -> None:
    outcome = await asked(server, tls="verify-full")
    assert outcome.message == "certificate is for another host, not for 127.0.0.1"


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("SELECT 42", Status.UP, "answered “42”, in "),
        ("WITH a AS (SELECT 'fine') SELECT * FROM a;", Status.UP, "answered “fine”, in "),
        ("SELECT * FROM seq_1_to_10000000", Status.UP, "answered “1”, in "),
        ("SELECT DATE('2026-01-02')", Status.UP, "answered “2026-01-02”, in "),
        ("SELECT UNHEX('fffe')", Status.UP, "answered “\ufffd\ufffd”, in "),
        ("SELECT 1 FROM dual WHERE false", Status.DOWN, "the query returned no row"),
        ("SELECT 1 > 2", Status.DOWN, "the query returned 0"),
        ("SELECT 0.00", Status.DOWN, "the query returned 0.00"),
        ("SELECT NULL", Status.DOWN, "the query returned NULL"),
        ("SELECT * FROM nowhere", Status.DOWN, "the query failed: "),
        ("SELECT 1; SELECT 2", Status.DOWN, "the query is not one correct statement: "),
        (
            "SELECT * FROM staff FOR UPDATE",
            Status.DOWN,
            "the query wants to write, and a check only reads: ",
        ),
        ("SELECT repeat('x', 3000000)", Status.DOWN, "sent more than 1024 kB"),
    ],
)
async def test_what_a_query_returns(server: int, query: str, status: Status, message: str) -> None:
    outcome = await asked(server, query=query, user="root", password=None, database="sales")
    assert (outcome.status, message in outcome.message) == (status, True), outcome.message


async def test_what_the_user_may_not_ask(server: int) -> None:
    outcome = await asked(server, query="SELECT * FROM sales.staff")
    assert outcome.message.startswith("user monitor may not ask this: SELECT command denied")


async def test_a_query_that_takes_too_long_is_stopped_by_the_server(server: int) -> None:
    outcome = await asked(server, 0.5, query="SELECT sleep(20)")
    assert re.fullmatch(
        r"the query was stopped, it may take 0\.\d s: .*max_statement_time.*", outcome.message
    )


async def test_a_server_that_stands_still(server: int, folder: Path) -> None:
    """A process that is stopped: the kernel still takes connections for it."""
    pid = int((folder / "pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        outcome = await asked(server, 0.3)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert outcome.message == (
        f"no answer within 0.3 s (connected to 127.0.0.1:{server}, "
        "waiting for the server's greeting)"
    )
    await no_threads()


def error(code: int, text: str, number: int = 0) -> bytes:
    body = b"\xff" + code.to_bytes(2, "little") + b"#08004" + text.encode()
    return len(body).to_bytes(3, "little") + bytes([number]) + body


@pytest.mark.parametrize(
    ("code", "text", "message"),
    [
        (1040, "Too many connections", "too many connections"),
        (1053, "Server shutdown in progress", "the server is shutting down"),
        (
            1129,
            "Host is blocked",
            "the server has blocked this monitor's address after too many failed connections",
        ),
        (1130, "not allowed", "the server lets nobody in from this monitor's address"),
        (1203, "max_user_connections", "too many connections of user monitor"),
        (3159, "insecure transport", "wants an encrypted connection"),
        (1047, "WSREP has not", "this node of the cluster is not ready: WSREP has not"),
        (9999, "pass word?", "refused the login: •••? (9999)"),
    ],
)
async def test_a_server_that_refuses_a_login(code: int, text: str, message: str) -> None:
    for said in ([error(code, text)], [MYSQL_GREETING, error(code, text, number=2)]):
        async with serving(talk=speaking("mysql", *said)) as server:
            outcome = await asked(server.port, tls="disable")
        assert (outcome.status, outcome.message) == (Status.DOWN, message)


def packet(body: bytes, number: int) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


async def test_a_server_that_asks_for_a_file_gets_none() -> None:
    """LOAD DATA LOCAL: a server may answer any statement by asking for a file."""
    let_in = packet(b"\0\0\0\2\0\0\0", 2)
    asked_for: list[bytes] = []

    async def talk(reader: Any, writer: Any) -> None:
        fine = packet(b"\0\0\0\2\0\0\0", 1)  # to SET NAMES
        for said in (MYSQL_GREETING, let_in, fine, packet(b"\xfb/etc/hostname", 1)):
            writer.write(said)
            await writer.drain()
            asked_for.append(await reader.read(65536))
        asked_for.append(await reader.read(65536))

    async with serving(talk=talk) as server:
        outcome = await asked(server.port, 2, tls="disable")
    assert outcome.message.startswith("gave an answer that makes no sense in MySQL’s protocol")
    assert Path("/etc/hostname").read_bytes().strip() not in b"".join(asked_for)


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (
            b"mysql_clear_password",
            "wants the password in the clear over an unencrypted connection",
        ),
        (b"mysql_old_password", "wants a kind of login that is not known here"),
        (b"dialog", "wants a kind of login that is not known here"),
    ],
)
async def test_a_password_is_told_in_the_clear_only_where_nobody_can_read_along(
    plugin: bytes, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conversation, "is_private", False)
    said = [MYSQL_GREETING, packet(b"\xfe" + plugin + b"\0\4Password: ", 2)]
    async with serving(talk=speaking("mysql", *said)) as server:
        outcome = await asked(server.port, 2, tls="disable")
    assert outcome.message == message


async def test_a_server_without_tls_where_it_is_required() -> None:
    without = bytearray(MYSQL_GREETING)
    without[without.index(b"\0\xff\xf7") + 2] &= ~0x08  # CLIENT_SSL
    async with serving(talk=speaking("mysql", bytes(without))) as server:
        outcome = await asked(server.port, 2, tls="require")
    assert outcome.message == "offers no TLS, which is required here"
