"""The `tls` probe."""

import asyncio
import contextlib
import json
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import up_to
from tests.probes.authorities import weak_context
from tests.probes.conftest import ServerContext
from tests.probes.http_exchange.test_http_failures import reset, saying, silence, unused_port
from tests.probes.servers import Talk, serving
from webmon.clock import utcnow
from webmon.commands.validation import validated
from webmon.domain.checks.status import Status
from webmon.errors import Invalid
from webmon.probes import PROBES
from webmon.probes.base import Outcome, Target
from webmon.probes.tls import TlsConfig, probe_tls
from webmon.probes.wire.starttls import BEGIN
from webmon.probes.wire.tls_contexts import Trust, context_for
from webmon.probes.wire.tls_session import _extensions, _messages


async def probe(port: int, host: str = "localhost", timeout: float = 2, **fields: Any) -> Outcome:
    config = TlsConfig.model_validate({"port": port, **fields})
    started = time.perf_counter()
    outcome = await probe_tls(config, Target(host), timeout)
    assert time.perf_counter() - started < timeout + 2
    json.dumps(outcome.evidence)
    return outcome


MYSQL_TLS_REQUEST_BYTES = 36


def serve_once(
    listening: socket.socket, context: ssl.SSLContext, talk: Sequence[bytes] = ()
) -> None:
    """Blocking, as asyncio's servers neither send alerts nor begin TLS in the middle everywhere.

    What is in ``talk`` is said before TLS, with something read in between. A client that expects
    no answer, as MySQL's, may send its first TLS record at once: that is left to be read.
    """
    accepted, _ = listening.accept()
    with accepted, contextlib.suppress(OSError):
        accepted.settimeout(5)
        for number, line in enumerate(talk):
            if number:
                accepted.recv(1000 if line else MYSQL_TLS_REQUEST_BYTES)
            accepted.sendall(line)
        with context.wrap_socket(accepted, server_side=True) as secured:
            secured.recv(1000)


@asynccontextmanager
async def serving_once(context: ssl.SSLContext, talk: Sequence[bytes] = ()) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = asyncio.create_task(asyncio.to_thread(serve_once, listening, context, talk))
        yield listening.getsockname()[1]
        await served


async def shown(context: ssl.SSLContext, **fields: Any) -> Outcome:
    async with serving_once(context) as port:
        return await probe(port, **fields)


async def test_a_certificate_that_is_valid_for_long(server_context: ServerContext) -> None:
    end = utcnow() + timedelta(days=57, hours=2)
    outcome = await shown(server_context("localhost", "www.example.org", not_after=end))
    until = end.astimezone(UTC)
    assert outcome.status is Status.UP
    assert outcome.message == f"valid for 57 days (until {until.day} {until:%B %Y})"
    assert outcome.response_us
    assert outcome.phases.tls_us
    assert outcome.phases.connect_us
    assert outcome.phases.dns_us


async def test_the_evidence(server_context: ServerContext) -> None:
    end = (utcnow() + timedelta(days=57, hours=2)).replace(microsecond=0)
    context = server_context("localhost", *[f"{n}.example.org" for n in range(30)], not_after=end)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    evidence = (await shown(context)).evidence
    assert evidence["server_name"] == "localhost"
    assert evidence["protocol"] == "TLSv1.2"
    assert "AES" in evidence["cipher"] or "CHACHA" in evidence["cipher"]
    assert evidence["names"][:2] == ["localhost", "0.example.org"]
    assert (len(evidence["names"]), evidence["names_total"]) == (20, 31)
    assert evidence["issuer"].startswith("trustme")
    assert evidence["subject"].startswith("trustme")
    assert int(evidence["serial"], 16) > 0
    assert len(bytes.fromhex(evidence["sha256"])) == 32
    assert evidence["key"] == "EC, 256 bits"
    assert evidence["not_before"] < evidence["not_after"] == end.isoformat()
    assert (evidence["days_left"], evidence["threshold"]) == (57, None)


@pytest.mark.parametrize(
    ("left", "limits", "status", "message"),
    [
        (timedelta(days=14, hours=1), {}, Status.UP, None),
        (timedelta(days=13, hours=23), {}, Status.DEGRADED, "certificate expires in 13 days"),
        (timedelta(days=1, hours=1), {}, Status.DEGRADED, "certificate expires in 1 day"),
        (timedelta(hours=5, minutes=9), {}, Status.DEGRADED, "certificate expires in 5 hours"),
        (timedelta(hours=1, minutes=9), {}, Status.DEGRADED, "certificate expires in 1 hour"),
        (timedelta(minutes=9), {}, Status.DEGRADED, "certificate expires in less than an hour"),
        (
            timedelta(days=6, hours=1),
            {"down_days": 7},
            Status.DOWN,
            "certificate expires in 6 days",
        ),
        (timedelta(days=20, hours=1), {"warn_days": 30}, Status.DEGRADED, None),
        (timedelta(days=6, hours=1), {"warn_days": 3}, Status.UP, None),
    ],
)
async def test_the_thresholds(
    server_context: ServerContext,
    left: timedelta,
    limits: dict[str, int],
    status: Status,
    message: str | None,
) -> None:
    outcome = await shown(server_context("localhost", not_after=utcnow() + left), **limits)
    assert outcome.status is status
    assert message is None or outcome.message == message
    named = {Status.UP: None, Status.DEGRADED: "warn_days", Status.DOWN: "down_days"}
    assert outcome.evidence["threshold"] == named[status]


async def test_an_expired_certificate(server_context: ServerContext) -> None:
    begin, end = utcnow() - timedelta(days=90), utcnow() - timedelta(days=3, hours=1)
    outcome = await shown(server_context("localhost", not_before=begin, not_after=end))
    assert (outcome.status, outcome.message) == (Status.DOWN, "certificate expired 3 days ago")
    assert (outcome.evidence["days_left"], outcome.evidence["threshold"]) == (-4, "down_days")
    assert outcome.evidence["names"] == ["localhost"]


async def test_a_certificate_that_is_not_yet_valid(server_context: ServerContext) -> None:
    begin = utcnow() + timedelta(days=2)
    context = server_context("localhost", not_before=begin, not_after=begin + timedelta(days=90))
    outcome = await shown(context)
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith("certificate is not yet valid: it begins on ")
    assert outcome.evidence["not_before"]


async def test_a_certificate_for_another_name(server_context: ServerContext) -> None:
    context = server_context("other.example")
    outcome = await shown(context)
    assert outcome.status is Status.DOWN
    assert outcome.message == "certificate is for other.example, not for localhost"
    assert outcome.evidence["names"] == ["other.example"]
    outcome = await shown(context, server_name="other.example")
    assert (outcome.status, outcome.evidence["server_name"]) == (Status.UP, "other.example")


async def test_a_certificate_for_an_address(server_context: ServerContext) -> None:
    outcome = await shown(server_context("127.0.0.1"), host="127.0.0.1")
    assert outcome.status is Status.UP
    assert outcome.phases.dns_us is None


async def test_a_certificate_of_an_unknown_authority(server_context: ServerContext) -> None:
    stranger = trustme.CA(organization_name="Strangers")
    outcome = await shown(server_context("localhost", by=stranger))
    assert outcome.status is Status.DOWN
    assert outcome.message == (
        "certificate is signed by an unknown authority (Strangers), "
        "or the server does not send the intermediate certificate “Strangers”"
    )
    assert outcome.evidence["issuer"] == "Strangers"


async def test_a_certificate_that_is_signed_by_itself(tmp_path: Path) -> None:
    stranger = trustme.CA()
    chain, key = tmp_path / "own.pem", tmp_path / "own.key"
    stranger.cert_pem.write_to_path(chain)
    stranger.private_key_pem.write_to_path(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    outcome = await shown(context)
    assert outcome.message == "certificate is signed by itself, not by a known authority"
    assert outcome.evidence["sha256"]


@pytest.fixture(scope="module")
def rsa_authority(trusted_authority: trustme.CA) -> trustme.CA:
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    authority.configure_trust(context_for(Trust(offers=("h2", "http/1.1"))))
    return authority


@pytest.fixture(scope="module")
def rsa_certificate(rsa_authority: trustme.CA) -> trustme.LeafCert:
    return rsa_authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)


async def test_a_weak_key(rsa_authority: trustme.CA, tmp_path: Path) -> None:
    outcome = await shown(weak_context(rsa_authority, tmp_path, "localhost", bits=1024))
    assert outcome.status is Status.DOWN
    assert outcome.message == "certificate has a key that is too weak (RSA, 1024 bits)"
    assert outcome.evidence["key"] == "RSA, 1024 bits"


async def test_a_weak_signature(rsa_authority: trustme.CA, tmp_path: Path) -> None:
    outcome = await shown(weak_context(rsa_authority, tmp_path, "localhost", sha1=True))
    assert outcome.status is Status.DOWN
    assert outcome.message == "certificate is signed with a hash that is too weak (SHA1)"
    assert outcome.evidence["names"] == ["localhost"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_that_wants_a_client_certificate(
    server_context: ServerContext, authority: trustme.CA, version: ssl.TLSVersion
) -> None:
    """Its own certificate is what is judged, in every version of TLS."""
    context = server_context("localhost", not_after=utcnow() + timedelta(days=40, hours=1))
    authority.configure_trust(context)
    context.verify_mode, context.maximum_version = ssl.CERT_REQUIRED, version
    outcome = await shown(context)
    assert outcome.status is Status.UP
    assert outcome.message.startswith("valid for 40 days")
    assert outcome.message.endswith("; the server wants a client certificate")


@pytest.mark.parametrize(
    ("cipher", "old"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256", None),
        ("AES128-GCM-SHA256", "key exchange by RSA"),
        ("ECDHE-RSA-AES128-SHA", "encryption in CBC mode"),
        ("AES256-SHA", "key exchange by RSA, encryption in CBC mode"),
    ],
)
async def test_old_encryption_that_browsers_take(
    rsa_certificate: trustme.LeafCert, cipher: str, old: str | None
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    rsa_certificate.configure_cert(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    outcome = await shown(context)
    assert (outcome.status, outcome.evidence.get("old_encryption")) == (Status.UP, old)
    strict = await shown(context, tls_strict=True)
    assert strict.status is (Status.DEGRADED if old else Status.UP)
    assert (old is None) or strict.message.startswith(f"old encryption: {old}; valid for ")


def test_a_server_without_secure_renegotiation_is_known_by_its_hello() -> None:
    start = b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2f" + b"\x00"
    with_it = start + b"\x00\x09" + b"\x00\x0b\x00\x00" + b"\xff\x01\x00\x01\x00"
    assert 0xFF01 in _extensions(with_it)
    assert _extensions(start) == set()
    record = b"\x16\x03\x03" + len(with_it + bytes(4)).to_bytes(2)
    heard = record + b"\x02" + len(with_it).to_bytes(3) + with_it + b"\x14\x03\x03\x00\x01\x01"
    assert _messages(heard) == [(2, with_it)]
    for cut in range(len(heard)):
        _messages(heard[:cut])


async def test_a_chain_that_ends_before_the_certificate(server_context: ServerContext) -> None:
    """What counts is the first end of what is needed."""
    soon, later = utcnow() + timedelta(days=2, hours=1), utcnow() + timedelta(days=80)
    root = trustme.CA()
    root.configure_trust(context_for(Trust(offers=("h2", "http/1.1"))))
    between = root.create_child_ca()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    leaf = between.issue_cert("localhost", not_after=later)
    short = ending(between, root, soon)
    chain = leaf.cert_chain_pems[0].bytes() + short
    with (
        trustme.Blob(chain).tempfile() as certificates,
        leaf.private_key_pem.tempfile() as key,
    ):
        context.load_cert_chain(certificates, key)
    outcome = await shown(context)
    assert outcome.status is Status.DEGRADED
    assert re.fullmatch(r"certificate of the authority “.*” expires in 2 days", outcome.message)
    assert outcome.evidence["not_after"] < outcome.evidence["own_not_after"]
    assert (outcome.evidence["days_left"], outcome.evidence["threshold"]) == (2, "warn_days")


def ending(ca: trustme.CA, by: trustme.CA, at: datetime) -> bytes:
    """The certificate of ``ca``, given out once more by ``by``, for as long as this."""
    old = x509.load_pem_x509_certificate(ca.cert_pem.bytes())
    signer = load_pem_private_key(by.private_key_pem.bytes(), None)
    new = x509.CertificateBuilder(
        old.issuer, old.subject, old.public_key(), old.serial_number, old.not_valid_before_utc, at
    )
    for each in old.extensions:
        new = new.add_extension(each.value, each.critical)
    return new.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)  # type: ignore[arg-type]


async def test_only_alternative_names_count(server_context: ServerContext) -> None:
    context = server_context("shop.example", common_name="localhost")
    outcome = await shown(context)
    assert outcome.message == "certificate is for shop.example, not for localhost"


async def test_a_star_stands_for_a_name_with_an_underscore(server_context: ServerContext) -> None:
    context = server_context("*.example.org")
    for name, status in (
        ("my_shop.example.org", Status.UP),
        ("shop.example.org", Status.UP),
        ("a.my_shop.example.org", Status.DOWN),
        ("my_shop.example.com", Status.DOWN),
    ):
        outcome = await shown(context, server_name=name)
        assert outcome.status is status, outcome.message
    assert outcome.message == "certificate is for *.example.org, not for my_shop.example.com"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
async def test_a_server_with_an_old_tls_only(server_context: ServerContext) -> None:
    context = server_context("localhost")
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serving_once(context) as port:
        outcome = await probe(port)
    assert outcome.message == (
        f"127.0.0.1:{port} offers no version of TLS that is safe (1.2 or later)"
    )


def ldap_answer(code: int, said: bytes = b"") -> bytes:
    answer = b"\x0a\1%c\x04\0\x04%c%b" % (code, len(said), said)
    return b"\x30%c\2\1\1\x78%c%b" % (5 + len(answer), len(answer), answer)


LONG_LDAP_ANSWER = (
    bytes.fromhex("30 84 00000028 020101 78 84 0000001f 0a0100 0400 0400 8a16")
    + b"1.3.6.1.4.1.1466.20037"
)
"""As Active Directory writes lengths."""


def mysql_greeting(flags: int) -> bytes:
    said = b"\x0a8.4.3\0\1\0\0\0saltsalt\0" + flags.to_bytes(2, "little") + b"\xff\2\0\0\0\x15"
    return bytes([len(said), 0, 0, 0]) + said


STARTTLS = [
    ("imap", [b"* OK [CAPABILITY IMAP4rev1] ready\r\n", b"a OK begin\r\n"]),
    ("pop3", [b"+OK ready <1@example.org>\r\n", b"+OK Begin TLS negotiation\r\n"]),
    ("ftp", [b"220 welcome\r\n", b"234 go on\r\n"]),
    ("ldap", [b"", ldap_answer(0)]),
    ("ldap", [b"", LONG_LDAP_ANSWER]),
    ("postgres", [b"", b"S"]),
    ("mysql", [mysql_greeting(0xFFFF), b""]),
]


@pytest.mark.parametrize(("protocol", "talk"), STARTTLS)
async def test_tls_begins_in_the_middle(
    server_context: ServerContext, protocol: str, talk: list[bytes]
) -> None:
    context = server_context("localhost", not_after=utcnow() + timedelta(days=20, hours=1))
    async with serving_once(context, talk) as port:
        outcome = await probe(port, starttls=protocol)
    assert outcome.status is Status.UP
    assert outcome.message.startswith("valid for 20 days")
    assert outcome.evidence["starttls"] == protocol


@pytest.mark.parametrize(
    ("protocol", "lines", "message"),
    [
        ("ftp", [b"220-welcome\r\nto us\r\n220 \r\n", b"500 no\r\n"], "said “500 no” to AUTH TLS"),
        ("ftp", [b"530 closed\r\n"], "said “530 closed” instead of 220"),
        ("ftp", [b"SSH-2.0\r\n"], "did not answer with FTP, but with “SSH-2.0”"),
        ("imap", [b"* BYE full\r\n"], "is not available now: said “* BYE full”"),
        ("imap", [b"* OK\r\n", b"* OK\r\na BAD what\r\n"], "said “a BAD what” to STARTTLS"),
        ("imap", [b"+OK pop\r\n"], "did not answer with IMAP, but with “+OK pop”"),
        ("imap", [b"* OK\r\n", b"* x\r\n" * 200], "sent more than 100 lines before the answer"),
        ("smtp", [b"220 a\r\n", b"250 a\r\n"], "does not offer STARTTLS"),
        ("pop3", [b"-ERR full\r\n"], "said “-ERR full”"),
        ("pop3", [b"* OK imap\r\n"], "did not answer with POP3, but with “* OK imap”"),
        ("pop3", [b"+OK\r\n", b"-ERR what\r\n"], "said “-ERR what” to STLS"),
        (
            "ldap",
            [ldap_answer(2, b"unsupported extended operation")],
            "does not begin TLS: does not know StartTLS (2): “unsupported extended operation”",
        ),
        ("ldap", [ldap_answer(52)], "does not begin TLS: unavailable (52)"),
        ("ldap", [b"HTTP/1.1 400\r\n\r\n"], "did not answer with LDAP"),
        ("ldap", [b"\x30\x84\xff\xff\xff\xff"], "did not answer with LDAP"),
        ("postgres", [b"N"], "does not offer TLS"),
        ("postgres", [b"E\0\0\0\x08xxxx"], "answered with an error to the wish for TLS"),
        ("postgres", [b"HTTP/1.1 400\r\n"], "does not speak PostgreSQL’s protocol"),
        ("postgres", [b"Sx"], "said more, unencrypted, after it had agreed to begin TLS"),
        ("mysql", [mysql_greeting(0xF7FF)], "does not offer TLS"),
        (
            "mysql",
            [b"\x1d\0\0\0\xff\x10\x04#08004Too many connections"],
            "is not available now: said “Too many connections”",
        ),
        ("mysql", [b"SSH-2.0-OpenSSH\r\n"], "does not speak MySQL’s protocol, it sent “SSH-”"),
        (
            "smtp",
            [b"220 a\r\n", b"250-a\r\n250 STARTTLS\r\n", b"220 go\r\n250 injected\r\n"],
            "said more, unencrypted, after it had agreed to begin TLS",
        ),
    ],
)
async def test_a_server_that_does_not_begin_tls(
    protocol: str, lines: list[bytes], message: str
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            writer.write(line)
            await reader.readline()

    async with serving(talk=talk) as server:
        outcome = await probe(server.port, starttls=protocol)
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith(message)


async def test_nobody_listens() -> None:
    port = unused_port()
    outcome = await probe(port, "127.0.0.1")
    assert (outcome.status, outcome.message) == (
        Status.DOWN,
        f"connection refused by 127.0.0.1:{port}",
    )


@pytest.mark.parametrize(
    ("talk", "starttls", "message"),
    [
        (silence, None, "no answer within 0.3 s (connected to {place}, in the TLS handshake)"),
        (
            silence,
            "imap",
            "no answer within 0.3 s (connected to {place}, waiting for its greeting)",
        ),
        (saying(), None, "connection closed by {place} in the TLS handshake"),
        (saying(then=reset), None, "connection reset by {place}"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), None, "{place} does not speak TLS"),
        (saying(b"\x15\x03\x03\x00\x02\x02\x28"), None, "TLS handshake failed: "),
    ],
)
async def test_another_answer(talk: Talk, starttls: str | None, message: str) -> None:
    async with serving(talk=talk) as server:
        outcome = await probe(server.port, "127.0.0.1", 0.3, starttls=starttls)
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith(message.format(place=f"127.0.0.1:{server.port}"))
    assert outcome.evidence["address"] == f"127.0.0.1:{server.port}"


async def test_many_hanging_servers_do_not_delay_each_other() -> None:
    async with serving(talk=silence) as server:
        started = time.perf_counter()
        await asyncio.gather(*(probe(server.port, "127.0.0.1", 0.5) for _ in range(200)))
    assert time.perf_counter() - started < 50, "one after the other they take 100 s"


@pytest.mark.parametrize("address", ["", "  "])
async def test_a_host_without_an_address(address: str) -> None:
    assert (await probe(443, address)).message == "the host has no address"


async def test_a_host_that_does_not_exist() -> None:
    assert (await probe(443, "foo.invalid")).message == "no such host: foo.invalid"


@settings(max_examples=up_to(40))
@given(answer=st.binary(max_size=200), starttls=st.sampled_from([None, *BEGIN]))
def test_random_bytes(answer: bytes, starttls: str | None) -> None:
    async def greets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    async def check() -> Outcome:
        async with serving(talk=greets) as server:
            return await probe(server.port, "127.0.0.1", 0.05, starttls=starttls)

    assert asyncio.run(check()).status is Status.DOWN


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"warn_days": 7, "down_days": 7}, "config.down_days: must be less than warn_days"),
        ({"warn_days": 0}, "config.warn_days: must be 1 or more"),
        ({"starttls": "xmpp"}, "config.starttls: must be 'smtp', 'imap', 'pop3', "),
        ({"server_name": "not a name"}, "config.server_name: must be a host name"),
        ({"port": 0}, "config.port: must be 1 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as refused:
        validated(TlsConfig, fields, within="config")
    assert str(refused.value).startswith(message)


def test_empty_fields_count_as_not_given() -> None:
    assert TlsConfig.model_validate({"server_name": " ", "starttls": ""}) == TlsConfig()
    assert TlsConfig(server_name="www.example.org.").server_name == "www.example.org"
    assert all(info.title for info in TlsConfig.model_fields.values())
    assert PROBES["tls"].interval_seconds == 3600
