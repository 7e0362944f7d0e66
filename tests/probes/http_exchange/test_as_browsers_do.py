"""What browsers and curl take from a server, a check takes, too."""

import asyncio
import gzip
import ssl
import zlib
from typing import Any

import brotli
import pytest
import trustme
import zstandard
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.probes.conftest import ServerContext
from tests.probes.http_exchange.test_http_redirects import path_of, to
from tests.probes.servers import Talk, http, serving
from tests.probes.test_http import answered, probe
from webmon.commands.validation import validated
from webmon.domain.checks.status import Status
from webmon.errors import Invalid
from webmon.probes.base import Outcome
from webmon.probes.http import HttpConfig
from webmon.probes.http_exchange.answer import HttpAnswer

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"X Frame Options: DENY",
        b"no header at all",
        b"Server : x",
        "X-Größe: 3".encode("latin-1"),
        b": no name",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding:",
        b"Set-Cookie: a=\x01b",
        b"X-A: b\nX-C: d",
    ],
)
async def test_header_lines_that_browsers_skip(line: bytes) -> None:
    """The connection stays open: the length must count."""

    async def held(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + line + b"\r\nContent-Length: 5\r\n\r\nhello")
        await asyncio.sleep(3)

    async with serving(talk=held) as server:
        outcome = await probe(server.url(), timeout=2, contains="hello")
    assert (outcome.status, outcome.evidence["body_bytes"]) == (Status.UP, 5)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\n1;x=y\n!\n0\nX-Trailer: a\n\n",
        OK + b"Content-Length: 99999999999999999999\r\n\r\nhello",
        OK + b"X Y: z\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
    ],
)
async def test_bodies_that_are_delimited_in_a_sloppy_way(answer: bytes) -> None:
    outcome = await answered(answer, contains="hello")
    assert outcome.status is Status.UP, outcome.message


async def test_headers_that_end_with_the_connection() -> None:
    for cut in (b"", b"Server: x\r\n", b"Server: x\r\nConte"):
        assert (await answered(OK + cut)).status is Status.UP
    assert (await answered(OK + b"Content-Length: 5\r\n")).status is Status.DOWN


@pytest.mark.parametrize("follow", [False, True])
async def test_two_different_locations_are_followed_by_nobody(follow: bool) -> None:
    async with serving(to("/a", more="Location: /b")) as server:
        outcome = await probe(server.url(), follow_redirects=follow)
    assert outcome.message == "redirects to two different places (Location)"
    async with serving(
        lambda r: to("/a", more="Location: /a") if path_of(r) == "/" else http(b"x")
    ) as server:
        assert (await probe(server.url(), follow_redirects=follow)).status is Status.UP


async def test_an_empty_location_is_no_redirect() -> None:
    async with serving(to("")) as server:
        outcome = await probe(server.url(), follow_redirects=True)
    assert (outcome.status, outcome.evidence["status_code"]) == (Status.UP, 302)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("\\\\HOST\\a\\b?c\\d", "/a/b?c\\d"),
        ("/gr\u00fc\u00df", "/gr%FC%DF"),
        ("/a b", "/a%20b"),
        (" /a\t", "/a"),
        ("http:///HOST/x", "/x"),
        ("/a%2fb%zz?q=%e9", "/a%2fb%zz?q=%e9"),
    ],
)
async def test_the_bytes_of_a_location_stay_what_they_are(location: str, path: str) -> None:
    def answer(request: bytes) -> bytes:
        if path_of(request) != "/":
            return http(b"there")
        place = location.replace("HOST", f"127.0.0.1:{server.port}").encode("latin-1")
        return http(b"moved", "302 Found", "Location: @").replace(b"@", place)

    async with serving(answer) as server:
        outcome = await probe(server.url(), follow_redirects=True, contains="there")
    assert outcome.status is Status.UP, outcome.message
    assert path_of(server.requests[-1]).replace("%5C", "\\").lower() == path.lower()


async def test_a_redirect_that_is_not_followed_says_so() -> None:
    async with serving(to("https://www.example.org/login?token=1")) as server:
        outcome = await probe(server.url())
    assert outcome.status is Status.UP
    assert outcome.message.endswith(
        ", redirects to https://www.example.org/login, which is not looked at"
    )


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("网站".encode("gb2312"), "text/html; charset=gb2312", "网站"),
        (b'<meta charset="gb2312">' + "网站".encode("gb2312"), "text/html", "网站"),
        (
            b"<!-- <meta charset=utf-8> --><META http-equiv=content-type "
            b"content='text/html; charset=iso-8859-1'>" + "5 € Grüße".encode("cp1252"),
            "text/html",
            "5 € Grüße",
        ),
        ("Grüße".encode("utf-16"), "text/html", "Grüße"),
        (b"\xef\xbb\xbf" + "Grüße".encode(), "text/html; charset=latin1", "Grüße"),
        (
            b'<?xml version="1.0" encoding="ISO-8859-1"?><a>' + "Grüße".encode("latin-1"),
            "application/xml",
            "Grüße",
        ),
        ("日本①".encode("cp932"), "text/plain; charset=x-sjis", "日本①"),
        ("안녕".encode("cp949"), 'text/plain; charset="ks_c_5601-1987"', "안녕"),
        ("Grüße".encode("latin-1"), "text/html", "Grüße"),
        ("Grüße".encode(), "text/html; charset=no-such", "Grüße"),
        (b'<meta charset="utf-16">' + "Grüße".encode(), "text/html", "Grüße"),
    ],
)
async def test_text_is_read_in_its_character_set(body: bytes, content_type: str, text: str) -> None:
    answer = http(body, headers=f"Content-Type: {content_type}")
    assert (await answered(answer, contains=text)).status is Status.UP
    assert (await answered(answer, not_contains=text)).status is Status.DOWN


async def test_json_in_another_character_set() -> None:
    body = '{"status": "größer"}'.encode("latin-1")
    answer = http(body, headers="Content-Type: application/json; charset=iso-8859-1")
    outcome = await answered(answer, json_path="status", json_equals="größer")
    assert outcome.status is Status.UP


def packed(coding: str, body: bytes) -> bytes:
    raw = zlib.compressobj(wbits=-15)
    return {
        "gzip": gzip.compress(body),
        "x-gzip": gzip.compress(body[:3]) + gzip.compress(body[3:]),
        "deflate": zlib.compress(body),
        "Deflate": raw.compress(body) + raw.flush(),
        "br": brotli.compress(body),
        "zstd": zstandard.compress(body[:3]) + zstandard.compress(body[3:]),
    }[coding]


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "Deflate", "br", "zstd"])
async def test_every_coding_of_the_web_is_undone_also_unasked(coding: str) -> None:
    body = b"ready " * 1000
    headers = f"Content-Encoding: {coding}"
    answer = http(packed(coding, body), headers=headers)
    outcome = await answered(answer, contains="ready ready")
    assert (outcome.status, outcome.evidence["body_bytes"]) == (Status.UP, 6000)
    cut = await answered(http(packed(coding, body)[:-2], headers=headers))
    assert cut.status is Status.DOWN
    assert "cut short" in cut.message or "not valid" in cut.message
    large = await answered(http(packed(coding, bytes(3_000_000)), headers=headers), max_body_kb=1)
    assert (large.status, large.evidence["body_bytes"]) == (Status.UP, 1024)
    assert large.evidence["truncated"]


@pytest.mark.parametrize(
    "condition", [{"contains": "x"}, {"not_contains": "x"}, {"json_path": "x"}]
)
async def test_what_cannot_be_read_meets_no_condition(condition: dict[str, str]) -> None:
    answer = http(b"secret", headers="Content-Encoding: dcb")
    assert (await answered(answer)).status is Status.UP
    outcome = await answered(answer, **condition)
    assert outcome.message == (
        "the body has the coding dcb, which cannot be read here: nothing can be said about its text"
    )


def endless(head: bytes, piece: bytes = b"") -> Talk:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + head + b"\r\n\r\n")
        for _ in range(100):
            writer.write(piece)
            await asyncio.sleep(0.02)

    return talk


EVENTS = b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("talk", "asked", "status"),
    [
        (endless(b"Content-Type: audio/mpeg", b"\xff" * 100), {}, Status.UP),
        (endless(b"Content-Type: multipart/x-mixed-replace; boundary=b", b"--b"), {}, Status.UP),
        (endless(EVENTS), {}, Status.UP),
        (endless(EVENTS, b"5\r\nhello\r\n"), {"contains": "hello"}, Status.UP),
        (endless(EVENTS, b"5\r\nhello\r\n"), {"contains": "goodbye"}, Status.DOWN),
        (endless(EVENTS, b"5\r\nhello\r\n"), {"not_contains": "error"}, Status.UP),
        (endless(EVENTS, b"5\r\nerror\r\n"), {"not_contains": "error"}, Status.DOWN),
        (endless(b"Content-Type: text/html", b"slow page"), {}, Status.DOWN),
    ],
)
async def test_bodies_that_do_not_end(talk: Talk, asked: dict[str, str], status: Status) -> None:
    async with serving(talk=talk) as server:
        outcome = await probe(server.url(), timeout=0.4, **asked)
    assert outcome.status is status, outcome.message


@pytest.mark.parametrize("size", [1, 100_000])
def test_a_stream_in_small_pieces_is_not_read_for_each_of_them(size: int) -> None:
    """The question reads all that has come; chunks of a byte must not make that a square."""
    read = []

    def enough(body: bytes) -> bool:
        read.append(len(body))
        return b"goodbye" in body

    answer = HttpAnswer(expects_body=True, most_body_bytes=1_000_000, enough=enough)
    answer.feed(OK + EVENTS + b"\r\n\r\n")
    chunks = b"1\r\nx\r\n" * 100_000
    for start in range(0, len(chunks), 6 * size):
        answer.feed(chunks[start : start + 6 * size])
    assert not answer.complete
    assert sum(read) < 2_000 * 100_000
    answer.feed(b"2000\r\ngoodbye" + b" " * 0x1FF9 + b"\r\n")
    assert answer.complete


async def test_only_secret_headers_are_blacked_out() -> None:
    headers = {
        "Accept": "application/json",
        "Authorization": "Bearer s3cret-1",
        "X-Api-Key": "s3cret-2",
        "X-Team": "s3cret-3",
    }
    body = b"application/json s3cret-1 s3cret-2 s3cret-3"

    async def said(**more: Any) -> Outcome:
        return await answered(
            http(body, "500 X", "Content-Type: application/json"), headers=headers, **more
        )

    shown = (await said()).evidence["body"]
    assert shown == "application/json ••• ••• s3cret-3"
    assert (await said(secret_headers="x-team")).evidence["body"].endswith("••• •••")


async def test_a_certificate_is_asked_for_by_a_name_of_ones_own(
    server_context: ServerContext,
) -> None:
    async with serving(http(b"hello"), tls=server_context("shop.example")) as server:
        place = f"https://127.0.0.1:{server.port}/"
        named = await probe(place, headers={"Host": "shop.example"}, server_name="shop.example")
        by_address = await probe(place, headers={"Host": "shop.example"})
    assert named.status is Status.UP
    assert b"host: shop.example" in server.requests[0].lower()
    assert by_address.message == "certificate is for shop.example, not for 127.0.0.1"


async def test_a_client_certificate_and_authorities_of_ones_own() -> None:
    authority, theirs = trustme.CA(), trustme.CA()
    ours = theirs.issue_cert("monitor@example.org")
    key = load_pem_private_key(ours.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")
    )
    context = ssl_server(authority, theirs)
    fields = {
        "authorities": authority.cert_pem.bytes().decode(),
        "client_certificate": ours.cert_chain_pems[0].bytes().decode() + locked.decode(),
        "client_passphrase": "open sesame",
    }
    async with serving(http(b"hello"), tls=context) as server:
        assert (await probe(server.url(host="localhost"), **fields)).status is Status.UP
        without = await probe(server.url(host="localhost"), authorities=fields["authorities"])
        assert without.status is Status.DOWN
    for wrong in ({"client_passphrase": "guess"}, {"authorities": "no PEM"}):
        with pytest.raises(Invalid, match="must be"):
            validated(HttpConfig, {"url": "https://x.ex/", **fields, **wrong}, within="config")


def ssl_server(authority: trustme.CA, wanted: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    wanted.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
