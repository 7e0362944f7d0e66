"""What the `http` probe says of certificates, and of servers that fail at TLS."""

import asyncio
import socket
import ssl
from datetime import timedelta

import pytest
import trustme

from tests.probes.conftest import ServerContext
from tests.probes.servers import html, serving
from tests.probes.test_http import probe
from webmon.clock import utcnow
from webmon.domain.checks.status import Status
from webmon.probes.wire.tls_contexts import tls_context


async def said_of(context: ssl.SSLContext, host: str = "localhost", **fields: bool) -> str:
    async with serving(html(), tls=context) as server:
        return (await probe(server.url(host=host), **fields)).message


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_valid_certificate(server_context: ServerContext, version: ssl.TLSVersion) -> None:
    context = server_context("localhost", not_after=utcnow() + timedelta(days=20, hours=1))
    context.minimum_version = context.maximum_version = version
    async with serving(html(), tls=context) as server:
        outcome = await probe(server.url(host="localhost"), contains="Hello", expect_html=True)
    assert outcome.status is Status.UP
    assert outcome.evidence["certificate"]["days_left"] == 20
    assert outcome.evidence["certificate"]["issuer"].startswith("trustme")
    assert outcome.phases.tls_us
    assert outcome.phases.first_byte_us


async def test_a_certificate_for_an_address(server_context: ServerContext) -> None:
    assert (await said_of(server_context("127.0.0.1"), "127.0.0.1")).startswith("200 OK")


async def test_a_certificate_for_another_name(server_context: ServerContext) -> None:
    said = await said_of(server_context("other.example", "www.other.example"))
    assert said == "certificate is for other.example, www.other.example, not for localhost"
    said = await said_of(server_context(*[f"{name}.example" for name in "abcde"]))
    assert (
        said == "certificate is for a.example, b.example, c.example and 2 more, not for localhost"
    )
    said = await said_of(server_context("localhost"), "127.0.0.1")
    assert said == "certificate is for localhost, not for 127.0.0.1"


async def test_an_expired_certificate(server_context: ServerContext) -> None:
    begin = utcnow() - timedelta(days=30)
    ago = {"3 days": timedelta(days=3, hours=1), "1 day": timedelta(days=1, hours=1)}
    ago |= {"5 hours": timedelta(hours=5, minutes=1), "less than an hour": timedelta(minutes=1)}
    for text, age in ago.items():
        context = server_context("localhost", not_before=begin, not_after=utcnow() - age)
        assert await said_of(context) == f"certificate expired {text} ago"


async def test_the_certificate_that_was_not_accepted_is_in_the_evidence(
    server_context: ServerContext,
) -> None:
    begin, end = utcnow() - timedelta(days=30), utcnow() - timedelta(days=3)
    context = server_context("localhost", not_before=begin, not_after=end)
    async with serving(html(), tls=context) as server:
        outcome = await probe(server.url(host="localhost"))
    assert outcome.status is Status.DOWN
    assert outcome.evidence["certificate"]["days_left"] == -4


async def test_a_certificate_that_is_not_yet_valid(server_context: ServerContext) -> None:
    begin = utcnow() + timedelta(days=2)
    context = server_context("localhost", not_before=begin, not_after=begin + timedelta(days=9))
    said = await said_of(context)
    assert said == f"certificate is not yet valid: it begins on {begin:%Y-%m-%d %H:%M} UTC"


async def test_a_certificate_of_an_unknown_authority(server_context: ServerContext) -> None:
    stranger = trustme.CA(organization_name="Strangers")
    said = await said_of(server_context("localhost", by=stranger))
    assert said.startswith("certificate is signed by an unknown authority (Strangers)")


async def test_a_certificate_whose_intermediate_is_missing(
    server_context: ServerContext, authority: trustme.CA
) -> None:
    between = authority.create_child_ca()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf = between.issue_cert("localhost")
    with leaf.cert_chain_pems[0].tempfile() as chain, leaf.private_key_pem.tempfile() as key:
        context.load_cert_chain(chain, key)
    server_context("localhost")
    said = await said_of(context)
    assert said.startswith("certificate is signed by an unknown authority")
    assert "the server does not send the intermediate certificate" in said


async def test_without_verification_any_certificate_will_do(server_context: ServerContext) -> None:
    begin, end = utcnow() - timedelta(days=30), utcnow() - timedelta(days=3)
    context = server_context("other.example", by=trustme.CA(), not_before=begin, not_after=end)
    async with serving(html(), tls=context) as server:
        outcome = await probe(server.url(host="localhost"), verify_tls=False)
    assert outcome.status is Status.UP
    assert outcome.evidence["certificate"]["days_left"] < 0


async def test_a_large_body_comes_through_tls(server_context: ServerContext) -> None:
    async with serving(html(b"x" * 400_000), tls=server_context("localhost")) as server:
        outcome = await probe(server.url(host="localhost"))
        assert (outcome.status, outcome.evidence["body_bytes"]) == (Status.UP, 400_000)
        outcome = await probe(server.url(host="localhost"), max_body_kb=100)
        assert outcome.evidence["truncated"]


async def test_a_body_that_ends_with_the_connection_comes_through_tls(
    server_context: ServerContext,
) -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\nuntil the end"
    async with serving(answer, tls=server_context("localhost")) as server:
        outcome = await probe(server.url(host="localhost"), contains="until the end")
    assert outcome.status is Status.UP


async def test_a_server_that_does_not_speak_tls() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(talk=plain) as server:
        outcome = await probe(f"https://127.0.0.1:{server.port}/")
    assert outcome.message == f"127.0.0.1:{server.port} does not speak TLS"


async def test_a_server_that_closes_in_the_handshake() -> None:
    async def closes(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)

    async with serving(talk=closes) as server:
        outcome = await probe(f"https://127.0.0.1:{server.port}/")
    said = f"connection closed by 127.0.0.1:{server.port} in the TLS handshake"
    assert outcome.message == said


async def test_a_server_that_is_silent_in_the_handshake() -> None:
    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with serving(talk=silent) as server:
        outcome = await probe(f"https://127.0.0.1:{server.port}/", timeout=0.2)
    assert outcome.message == (
        f"no answer within 0.2 s (connected to 127.0.0.1:{server.port}, in the TLS handshake)"
    )


async def test_a_server_that_refuses_the_handshake() -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"\x15\x03\x03\x00\x02\x02\x28")  # a fatal alert: handshake failure

    async with serving(talk=refuses) as server:
        outcome = await probe(f"https://127.0.0.1:{server.port}/")
    assert outcome.message == "TLS handshake failed: no cipher in common with the server"


def serve_once(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Blocking, because asyncio's servers do not send the alert that says why they refuse."""
    accepted, _ = listening.accept()
    with accepted, pytest.raises(ssl.SSLError):
        context.wrap_socket(accepted, server_side=True)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_that_asks_for_a_client_certificate(
    server_context: ServerContext, authority: trustme.CA, version: ssl.TLSVersion
) -> None:
    context = server_context("localhost")
    context.maximum_version = version
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = asyncio.create_task(asyncio.to_thread(serve_once, listening, context))
        outcome = await probe(f"https://localhost:{listening.getsockname()[1]}/")
        await served
    assert outcome.message == "the server wants a client certificate"


async def test_one_context_serves_the_whole_process() -> None:
    assert tls_context(True) is tls_context(True)
    assert tls_context(False).verify_mode is ssl.CERT_NONE
