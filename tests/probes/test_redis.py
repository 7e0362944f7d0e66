"""The `redis` probe, against a real Redis and against stand-ins for its failures."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trustme

from tests.probes.databases.test_login import ask
from tests.probes.http_exchange.test_http_failures import saying
from tests.probes.real_servers import free_port, redis
from tests.probes.servers import serving
from webmon.domain.checks.status import Status
from webmon.probes.redis import RedisConfig

PASSWORD = "pass word"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis(tmp_path_factory.mktemp("redis"), "--requirepass", PASSWORD) as port:
        yield port


async def test_a_redis_that_answers(server: int) -> None:
    outcome = await ask("redis", server, 2, user=None)
    assert outcome.status is Status.UP
    version = outcome.evidence["redis_version"]
    assert outcome.message.startswith(f"Redis {version} answers PONG, in ")
    assert outcome.evidence["role"] == "master"
    assert outcome.evidence["query_ms"] >= 0
    assert outcome.phases.connect_us and outcome.phases.first_byte_us


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"user": None, "password": None}, "wants a password, and none is configured"),
        ({"user": None, "password": "wrong one"}, "wrong password"),
        ({"user": "nobody"}, "wrong password for user nobody, or no such user"),
    ],
)
async def test_who_is_not_let_in(server: int, fields: dict[str, str], message: str) -> None:
    outcome = await ask("redis", server, 2, **fields)
    assert (outcome.status, outcome.message) == (Status.DOWN, message)


async def test_a_password_where_none_is_set(tmp_path: Path) -> None:
    with redis(tmp_path) as port:
        outcome = await ask("redis", port, 2, user=None)
        assert outcome.message == "has no password set, but one is given"
        assert (await ask("redis", port, 2, user=None, password=None)).status is Status.UP


async def test_a_server_that_takes_no_more_clients(tmp_path: Path) -> None:
    with redis(tmp_path, "--maxclients", "1") as port:
        async with held_connection(port):
            outcome = await ask("redis", port, 2, password=None)
    assert outcome.message == "too many connections: the server takes no more clients"


@asynccontextmanager
async def held_connection(port: int) -> AsyncIterator[None]:
    said = b""
    while said != b"+PONG\r\n":  # the connection that saw the server start may not be gone yet
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"PING\r\n")
        with suppress(ConnectionError):
            said = await reader.readline()
        if said != b"+PONG\r\n":
            writer.transport.abort()
    yield
    with suppress(ConnectionError):  # the server may have ended by then
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("serves_old_data", [True, False])
async def test_a_replica_without_its_master(tmp_path: Path, serves_old_data: bool) -> None:
    options = ["--replicaof", "127.0.0.1", str(free_port())]
    options += ["--replica-serve-stale-data", "yes" if serves_old_data else "no"]
    with redis(tmp_path, *options) as port:
        outcome = await ask("redis", port, 2, password=None)
    if serves_old_data:
        assert outcome.status is Status.DEGRADED
        assert outcome.message.endswith("answers, but this replica has lost its master")
        assert outcome.evidence["role"] == "slave"
    else:
        assert outcome.status is Status.DOWN
        assert outcome.message == "this replica has lost its master and does not serve old data"


async def test_an_encrypted_connection(tmp_path: Path, trusted_authority: trustme.CA) -> None:
    certificate = trusted_authority.issue_cert("localhost")
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    certificate.private_key_pem.write_to_path(key)
    chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    port = free_port()
    options = ["--tls-cert-file", str(chain), "--tls-key-file", str(key)]
    options += ["--tls-auth-clients", "no", "--tls-port", str(port), "--tls-ca-cert-file"]
    trusted_authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    options += [str(tmp_path / "ca.pem")]
    with redis(tmp_path, *options) as plain:
        asked = {"password": None, "tls": True}
        outcome = await ask("redis", port, 2, **asked, verify_tls=False)
        assert outcome.status is Status.UP
        assert outcome.evidence["protocol"] == "TLSv1.3"
        assert outcome.phases.tls_us
        outcome = await ask("redis", port, 2, **asked)
        assert outcome.message == "certificate is for localhost, not for 127.0.0.1"
        outcome = await ask("redis", port, 0.5, password=None)
        assert outcome.message == f"connection reset by 127.0.0.1:{port}; it may want TLS"
        outcome = await ask("redis", plain, 0.5, **asked)
        assert outcome.status is Status.DOWN
        assert "TLS" in outcome.message


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"-LOADING Redis is loading the dataset", "the server is still loading its data"),
        (
            b"-DENIED Redis is running in protected mode because",
            "is in protected mode, which lets nobody in from other machines",
        ),
        (b"-CLUSTERDOWN The cluster is down", "the cluster is down (CLUSTERDOWN)"),
        (
            b"-MISCONF Redis is configured to save RDB snapshots, but",
            "cannot save its data to disk, and refuses to write for that (MISCONF)",
        ),
        (b"-NOPERM this user has no permissions", "user default may not send PING"),
        (
            b"-ERR out of \xffsorts\x1b[0m",
            "answered with an error: ERR out of \ufffdsorts\ufffd[0m",
        ),
        (b"\x15\x03\x01\0\2\2\x46", "wants an encrypted connection (TLS)"),
        (b"$99999999", "sent an answer of more than 64 kB"),
    ],
)
async def test_other_answers(said: bytes, message: str) -> None:
    async with serving(talk=saying(said + b"\r\n")) as server:
        outcome = await ask("redis", server.port, 5, user=None, password=None)
    assert (outcome.status, outcome.message) == (Status.DOWN, message)


async def test_a_server_that_says_pong_while_it_loads() -> None:
    async with serving(talk=saying(b"+PONG\r\n" + b"$10\r\nloading:1\n\r\n" * 3)) as server:
        outcome = await ask("redis", server.port, password=None)
    assert outcome.message == "the server is still loading its data"


async def test_who_may_only_send_ping_is_content_with_that() -> None:
    refused = b"-NOPERM no permission to run the 'info' command\r\n"
    async with serving(talk=saying(b"+PONG\r\n" + refused * 3)) as server:
        outcome = await ask("redis", server.port, password=None)
    assert outcome.status is Status.UP
    assert outcome.message.startswith("Redis answers PONG, in ")


async def test_a_server_that_cannot_save() -> None:
    info = b"$27\r\nrdb_last_bgsave_status:err\n\r\n"
    async with serving(talk=saying(b"+PONG\r\n" + info * 3)) as server:
        outcome = await ask("redis", server.port, password=None)
    assert outcome.status is Status.DEGRADED
    assert outcome.message == (
        "Redis answers, but cannot save its data to disk, "
        "and may refuse to write for that (MISCONF)"
    )


async def test_a_cluster_that_is_down(tmp_path: Path) -> None:
    with redis(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port())) as port:
        outcome = await ask("redis", port, 2, password=None)
    assert outcome.status is Status.DOWN
    assert outcome.message == "the cluster is down (CLUSTERDOWN): 0 of 16384 slots are served"


async def test_a_password_that_a_server_repeats_is_not_shown() -> None:
    async with serving(talk=saying(f"-ERR unknown: {PASSWORD}\r\n".encode())) as server:
        outcome = await ask("redis", server.port)
    assert outcome.message == "answered with an error: ERR unknown: •••"


def test_what_can_be_set() -> None:
    assert RedisConfig(user="", password="") == RedisConfig()  # type: ignore[arg-type]
    assert all(info.title for info in RedisConfig.model_fields.values())
