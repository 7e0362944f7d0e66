"""The `postgres` probe, against a real PostgreSQL and against stand-ins for its failures."""

import asyncio
import base64
import re
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import trustme

from tests.probes.conftest import ServerContext
from tests.probes.databases.test_login import ask, speaking
from tests.probes.real_servers import Postgres
from tests.probes.servers import serving
from tests.probes.test_reach import look
from webmon.domain.checks.networks import Reach
from webmon.domain.checks.status import Status
from webmon.probes.databases.postgres_passwords import Scram
from webmon.probes.wire.conversation import Conversation
from webmon.probes.wire.stream import Broken

ACCESS = """
host all outsider all reject
host all postgres all trust
host all reader all password
host all veteran all md5
host all all all scram-sha-256
"""
USERS = """
CREATE USER monitor PASSWORD 'pass word';
CREATE USER accented PASSWORD 'Pässwörd Ⅸ';
CREATE USER reader PASSWORD 'pass word';
CREATE USER outsider PASSWORD 'pass word';
CREATE USER limited PASSWORD 'pass word' CONNECTION LIMIT 0;
CREATE TABLE staff (name text);
SET password_encryption = 'md5';
CREATE USER veteran PASSWORD 'pass word';
"""


@dataclass
class Cluster:
    """A server that runs, and one with the same beginning that does not."""

    primary: Postgres
    standby: Postgres


@pytest.fixture(scope="module")
def cluster(servers_folder: Path) -> Iterator[Cluster]:
    server = Postgres(servers_folder / "primary")
    standby = server.copy(servers_folder / "standby")
    with server.running(ACCESS, "md5_password_warnings = off"):
        connection = psycopg2.connect(f"host=127.0.0.1 port={server.port} user=postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in USERS.strip().split("\n"):
                cursor.execute(statement)
        connection.close()
        yield Cluster(server, standby)


@pytest.fixture
def primary(cluster: Cluster) -> Postgres:
    return cluster.primary


async def asked(server: Postgres, **fields: Any) -> Any:
    return await ask("postgres", server.port, fields.pop("timeout", 5), **{**DATABASE, **fields})


DATABASE = {"database": "postgres"}


async def test_a_postgres_that_is_ready(primary: Postgres) -> None:
    outcome = await asked(primary)
    assert outcome.status is Status.UP
    assert re.fullmatch(r"PostgreSQL [0-9.]+ is ready, in [0-9.]+ ms", outcome.message)
    assert outcome.evidence["in_recovery"] is False
    assert outcome.evidence["login_ms"] > 0
    assert outcome.evidence["query_ms"] > 0
    assert outcome.phases.connect_us and outcome.phases.first_byte_us
    assert (await asked(primary, tls="disable")).status is Status.UP


@pytest.mark.parametrize(
    "fields",
    [
        {"dsn": "postgresql://monitor:pass%20word@localhost/postgres?sslmode=disable"},
        {"dsn": "host=127.0.0.1 user=monitor password='pass word' dbname=postgres"},
        {"user": "accented", "password": "Pässwörd IX"},  # the same after SASLprep
        {"user": "veteran"},
        {"user": "reader"},
        {"user": "postgres", "password": None},
    ],
)
async def test_ways_to_log_in(primary: Postgres, fields: dict[str, Any]) -> None:
    outcome = await asked(primary, **fields)
    assert (outcome.status, outcome.message[:10]) == (Status.UP, "PostgreSQL")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password": "wrong"}, "wrong password for user monitor"),
        ({"user": "veteran", "password": "wrong"}, "wrong password for user veteran"),
        ({"password": None}, "wants a password for user monitor, and none is configured"),
        ({"user": "nobody"}, "wrong password for user nobody"),
        ({"database": "sales"}, "database sales does not exist"),
        ({"database": None}, "database monitor does not exist"),
        ({"user": "limited"}, 'too many connections: too many connections for role "limited"'),
        (
            {"user": "outsider", "tls": "disable"},
            "user outsider is not let in: pg_hba.conf rejects connection for host “127.0.0.1”, "
            'user “outsider”, database "…',
        ),
    ],
)
async def test_who_is_not_let_in(primary: Postgres, fields: dict[str, Any], message: str) -> None:
    outcome = await asked(primary, **fields)
    assert outcome.status is Status.DOWN
    assert re.sub(r'"([^"]*)"', r"“\1”", outcome.message) == re.sub(r'"([^"]*)"', r"“\1”", message)
    assert "query_ms" not in outcome.evidence


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("SELECT 42", Status.UP, "answered “42”, in "),
        ("WITH a AS (SELECT 'fine') SELECT * FROM a;", Status.UP, "answered “fine”, in "),
        ("SELECT generate_series(1, 1000000)", Status.UP, "answered “1”, in "),
        ("SHOW server_encoding", Status.UP, "answered “UTF8”, in "),
        ("SELECT 1 WHERE false", Status.DOWN, "the query returned no row"),
        ("SELECT 1 > 2", Status.DOWN, "the query returned false"),
        ("SELECT count(*) FROM staff", Status.DOWN, "the query returned 0"),
        ("SELECT NULL", Status.DOWN, "the query returned NULL"),
        ("SELECT", Status.DOWN, "the query returned NULL"),
        ("SELECT * FROM nowhere", Status.DOWN, 'relation "nowhere" does not exist (42P01)'),
        ("SELECT * FROM staff", Status.DOWN, "the query returned no row"),
        ("SELECT 1; SELECT 2", Status.DOWN, "the query is not one correct statement: "),
        (
            "WITH a AS (DELETE FROM staff RETURNING 1) SELECT 1",
            Status.DOWN,
            "the query wants to write, and a check only reads: ",
        ),
        ("SELECT repeat('x', 3000000)", Status.DOWN, "sent an answer of more than 1024 kB"),
    ],
)
async def test_what_a_query_returns(
    primary: Postgres, query: str, status: Status, message: str
) -> None:
    outcome = await asked(primary, query=query, user="postgres", password=None)
    assert outcome.status is status
    assert message in outcome.message


async def test_what_the_user_may_not_ask(primary: Postgres) -> None:
    outcome = await asked(primary, query="SELECT * FROM staff")
    assert outcome.message == "user monitor may not ask this: permission denied for table staff"


async def test_a_query_that_takes_too_long_is_stopped_by_the_server(primary: Postgres) -> None:
    outcome = await asked(primary, query="SELECT pg_sleep(20)", timeout=0.5)
    assert re.fullmatch(
        r"the query was stopped, it may take 0\.\d s: .* due to statement timeout", outcome.message
    )


async def test_a_replica_is_ready_and_said_to_be_one(cluster: Cluster) -> None:
    primary, standby = cluster.primary, cluster.standby
    (standby.folder / "standby.signal").touch()
    standby.own(standby.folder / "standby.signal")
    with standby.running("host all all all trust"):
        fields = {"user": "postgres", "password": None}
        outcome = await asked(standby, **fields)
        assert outcome.status is Status.UP
        assert " is ready (a replica in recovery), in " in outcome.message
        assert outcome.evidence["in_recovery"] is True
        wanted = {"dsn": "target_session_attrs=primary"}
        outcome = await asked(standby, **fields, **wanted)
        assert outcome.message == "is a replica in recovery, wanted is a primary server"
        wanted = {"dsn": "target_session_attrs=standby"}
        assert (await asked(standby, **fields, **wanted)).status is Status.UP
    outcome = await asked(primary, **fields, **wanted)
    assert outcome.message == "is a primary server, wanted is a replica"


async def test_a_server_that_stands_still(primary: Postgres) -> None:
    """A process that is stopped: the kernel still takes connections for it."""
    pid = (primary.folder / "postmaster.pid").read_text().split()[0]
    subprocess.run(["kill", "-STOP", pid], check=True)
    try:
        outcome = await asked(primary, timeout=0.3)
    finally:
        subprocess.run(["kill", "-CONT", pid], check=True)
    assert outcome.message.startswith("no answer within 0.3 s (connected to 127.0.0.1:")


def error(code: str, text: str) -> bytes:
    body = b"".join(
        kind + value.encode() + b"\0"
        for kind, value in ((b"S", "FATAL"), (b"C", code), (b"M", text), (b"", ""))
    )
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("code", "text", "message"),
    [
        ("57P03", "the database system is starting up", "the server is still starting up"),
        ("57P03", "the database system is shutting down", "the server is shutting down"),
        (
            "57P03",
            "the database system is in recovery mode",
            "the server is recovering from a crash",
        ),
        (
            "57P03",
            "the database system is not yet accepting connections",
            "the server is still starting up, and recovers first",
        ),
        (
            "57P03",
            "das Datenbanksystem startet",
            "the server is not ready: das Datenbanksystem startet",
        ),
        (
            "53300",
            "sorry, too many clients already",
            "too many connections: sorry, too many clients already",
        ),
        ("28P01", "Passwort falsch", "wrong password for user monitor"),
        ("3D000", "gibt es nicht", "database monitor does not exist"),
        ("08P01", "no more pooling", "refused the login: no more pooling (08P01)"),
        ("", "", "refused the login: the server does not say why"),
    ],
)
async def test_a_server_that_refuses_a_login(code: str, text: str, message: str) -> None:
    for said in ([b"N", error(code, text)], [error(code, text)]):
        async with serving(talk=speaking("postgres", *said)) as server:
            outcome = await ask("postgres", server.port, 2)
        assert (outcome.status, outcome.message) == (Status.DOWN, message)


async def test_a_password_that_a_server_repeats_is_not_shown() -> None:
    async with serving(talk=speaking("postgres", b"N", error("XX000", "pass word?"))) as server:
        outcome = await ask("postgres", server.port, 2)
    assert outcome.message == "refused the login: •••? (XX000)"


async def test_a_server_that_shuts_down_in_the_middle() -> None:
    let_in = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\5I"
    said = [b"N", let_in, error("57P01", "terminating connection")]
    async with serving(talk=speaking("postgres", *said)) as server:
        outcome = await ask("postgres", server.port, 2)
    assert outcome.message == "the server is shutting down"


@asynccontextmanager
async def encrypting(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """The port of what stands before a server to speak TLS for it, as poolers do."""

    handlers: list[asyncio.Task[None] | None] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.current_task())
        with suppress(OSError):
            await reader.readexactly(8)
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(context)
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(relay(reader, inner_writer), relay(inner_reader, writer))
        writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.wait([each for each in handlers if each], timeout=5)


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_an_encrypted_connection(
    primary: Postgres, server_context: ServerContext, authority: trustme.CA
) -> None:
    context = server_context("localhost")
    context.set_alpn_protocols(["postgresql"])  # as PostgreSQL 17: nobody else may speak
    async with encrypting(primary.port, context) as port:
        for tls in ("prefer", "require"):
            outcome = await ask("postgres", port, 5, **DATABASE, tls=tls)
            assert outcome.status is Status.UP
            assert outcome.evidence["protocol"] == "TLSv1.3"
            assert outcome.phases.tls_us
        outcome = await look("tls", "localhost", Reach(), port=port, starttls="postgres")
        assert outcome.status is Status.UP, outcome.message
        verified = {**DATABASE, "tls": "verify-full"}
        outcome = await ask("postgres", port, 5, **verified, host="localhost")
        assert outcome.status is Status.UP
        outcome = await ask("postgres", port, 5, **verified)
        assert outcome.message == "certificate is for localhost, not for 127.0.0.1"


async def test_what_is_said_before_tls_begins_is_not_believed() -> None:
    async with serving(talk=speaking("postgres", b"SE\0\0\0\5\0")) as server:
        outcome = await ask("postgres", server.port, 2)
    assert "does not speak PostgreSQL’s protocol" in outcome.message


async def test_a_server_without_tls_where_it_is_required() -> None:
    async with serving(talk=speaking("postgres", b"N")) as server:
        outcome = await ask("postgres", server.port, 2, tls="require")
    assert outcome.message == f"127.0.0.1:{server.port} offers no TLS, which is required here"


async def test_a_server_that_wants_another_kind_of_login() -> None:
    for wanted, message in (
        (b"\0\0\0\x07", "wants another kind of login than a password (method 7)"),
        (b"\0\0\0\x0aOAUTHBEARER\0\0", "wants another kind of login than a password"),
    ):
        said = [b"N", b"R" + (len(wanted) + 4).to_bytes(4, "big") + wanted]
        async with serving(talk=speaking("postgres", *said)) as server:
            outcome = await ask("postgres", server.port, 2)
        assert outcome.message == message


def challenge(scram: Scram, rounds: int = 4096) -> bytes:
    first = scram.begin(b"SCRAM-SHA-256\0\0")
    nonce = first.partition(b"r=")[2].decode()
    return f"r={nonce}more,s=c2FsdA==,i={rounds}".encode()


async def test_a_password_waits_for_no_other_check_s_thread() -> None:
    loop, ends = asyncio.get_running_loop(), threading.Event()
    scram = Scram("a password that is asked for nowhere else")
    with ThreadPoolExecutor(1) as pool:
        loop.set_default_executor(pool)
        busy = loop.run_in_executor(None, ends.wait, 20)
        try:
            async with asyncio.timeout(10):
                await scram.go_on(challenge(scram))
        finally:
            ends.set()
            await busy


async def test_a_server_that_demands_too_much_for_a_password() -> None:
    scram = Scram("pass word")
    with pytest.raises(Broken, match="demands 2000000000 rounds"):
        await scram.go_on(challenge(scram, rounds=2_000_000_000))


async def test_a_server_that_does_not_know_the_password_is_not_believed() -> None:
    scram = Scram("pass word")
    with pytest.raises(Broken, match="does not know the password"):
        scram.finish(b"v=" + base64.b64encode(bytes(32)))
    await scram.go_on(challenge(scram))
    with pytest.raises(Broken, match="does not know the password"):
        scram.finish(b"v=" + base64.b64encode(bytes(32)))
    with pytest.raises(Broken, match="make no sense"):
        await Scram("pass word").go_on(challenge(scram))


async def test_a_password_is_told_in_the_clear_only_where_nobody_can_read_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Conversation, "is_private", False)
    said = [b"N", b"R\0\0\0\x08\0\0\0\3"]
    async with serving(talk=speaking("postgres", *said)) as server:
        outcome = await ask("postgres", server.port, 2)
    assert outcome.message == "wants the password in the clear over an unencrypted connection"
