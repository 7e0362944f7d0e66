"""Redirects that are followed."""

import asyncio
import gzip

import pytest

from tests.probes.servers import Server, http, serving
from tests.probes.test_http import probe
from webmon.domain.checks.status import Status


def to(location: str, status: str = "302 Found", more: str = "") -> bytes:
    return http(b"moved", status, f"Location: {location}\n{more}".strip())


def path_of(request: bytes) -> str:
    return request.split(b" ")[1].decode()


async def test_the_last_answer_counts() -> None:
    def answer(request: bytes) -> bytes:
        return {"/": to("/b?secret=1"), "/b?secret=1": to("c"), "/c": http(b"there")}[
            path_of(request)
        ]

    async with serving(answer) as server:
        outcome = await probe(server.url(), follow_redirects=True, contains="there")
    assert outcome.status is Status.UP
    assert outcome.evidence["redirects"] == [server.url(path) for path in ("/", "/b", "/c")]
    assert outcome.evidence["url"] == server.url("/c")
    assert outcome.response_us is not None
    assert (outcome.phases.connect_us or 0) < outcome.response_us


async def test_a_cookie_is_kept_on_the_way_and_forgotten_afterwards() -> None:
    def answer(request: bytes) -> bytes:
        if b"cookie: seen=1" in request.lower():
            return http(b"welcome")
        return to("/", more="Set-Cookie: seen=1")

    async with serving(answer) as server:
        for _ in range(2):
            outcome = await probe(server.url(), follow_redirects=True)
            assert outcome.status is Status.UP
            assert len(outcome.evidence["redirects"]) == 2


async def test_redirects_in_a_loop() -> None:
    async with serving(lambda request: to("/b" if path_of(request) == "/" else "/")) as server:
        outcome = await probe(server.url(), follow_redirects=True)
    assert (outcome.status, outcome.message) == (Status.DOWN, "redirects in a loop")


async def test_too_many_redirects() -> None:
    async with serving(lambda request: to(path_of(request) + "x")) as server:
        outcome = await probe(server.url(), follow_redirects=True)
    assert outcome.message == "more than 10 redirects"
    assert len(server.requests) == 11


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://[::1", "redirects to an address that is not valid"),
        ("http://exa mple:x/?token=secret", "redirects to an address that is not valid"),
        ("ftp://127.0.0.1/", "cannot follow a ftp:// address"),
        ("http://foo.invalid/", "no such host: foo.invalid"),
        ("http://127.0.0.1:1/", "connection refused by 127.0.0.1:1"),
    ],
)
async def test_redirects_that_lead_nowhere(location: str, message: str) -> None:
    async with serving(to(location)) as server:
        outcome = await probe(server.url(), follow_redirects=True)
    assert (outcome.status, outcome.message) == (Status.DOWN, message)


async def test_the_time_allowed_is_for_all_of_them_together() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.read(65536)
        await asyncio.sleep(0.12)
        writer.write(to(path_of(request) + "x"))

    async with serving(talk=slow) as server:
        outcome = await probe(server.url(), timeout=0.3, follow_redirects=True)
    assert outcome.message.startswith("no answer within 0.3 s (connected to ")


async def followed(server: Server, other: Server) -> bytes:
    await probe(
        server.url(),
        follow_redirects=True,
        headers={"X-Key": "s3cret", "Host": "virtual.example"},
        basic_auth="me:s3cret",
    )
    return other.requests[-1].lower()


async def test_secrets_are_not_shown_to_another_site() -> None:
    async with serving(http()) as other, serving(to(other.url())) as server:
        seen = await followed(server, other)
    assert b"x-key" not in seen
    assert b"authorization" not in seen
    assert f"host: 127.0.0.1:{other.port}".encode() in seen


async def test_secrets_are_shown_to_the_same_site() -> None:
    async with serving(lambda r: to("/b") if path_of(r) == "/" else http()) as server:
        seen = await followed(server, server)
    assert b"x-key: s3cret" in seen
    assert b"authorization" in seen
    assert b"host: virtual.example" in seen


async def test_the_body_of_a_redirect_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    moved = http(bomb, "302 Found", "Location: /b\nContent-Encoding: gzip")
    async with serving(lambda r: moved if path_of(r) == "/" else http(b"there")) as server:
        outcome = await probe(server.url(), follow_redirects=True, contains="there")
    assert outcome.status is Status.UP
