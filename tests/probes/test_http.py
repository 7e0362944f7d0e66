"""What the `http` probe makes of an answer."""

import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest

from tests.probes.servers import html, http, serving
from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, Target
from webmon.probes.http import HttpConfig, probe_http


async def probe(url: str, timeout: float = 2, **fields: Any) -> Outcome:
    config = HttpConfig.model_validate({"url": url, **fields})
    outcome = await probe_http(config, Target(""), timeout)
    json.dumps(outcome.evidence)
    return outcome


async def answered(answer: bytes, **fields: Any) -> Outcome:
    async with serving(answer) as server:
        return await probe(server.url(), **fields)


async def test_a_page_that_answers_is_up() -> None:
    async with serving(html()) as server:
        outcome = await probe(server.url("/path?token=secret"))
    assert outcome.status is Status.UP
    assert outcome.message.startswith("200 OK in ")
    assert outcome.message.endswith(" ms")
    assert outcome.evidence.pop("total_ms") == outcome.response_us / 1000  # type: ignore[operator]
    assert outcome.evidence == {
        "url": server.url("/path"),
        "address": f"127.0.0.1:{server.port}",
        "status_code": 200,
        "http_version": "HTTP/1.1",
        "content_type": "text/html; charset=utf-8",
        "body_bytes": 35,
        "truncated": False,
    }


async def test_the_phases_add_up_to_less_than_the_response_time() -> None:
    async with serving(html()) as server:
        outcome = await probe(server.url(host="localhost"))
    phases = outcome.phases
    taken = [phases.dns_us, phases.connect_us, phases.first_byte_us]
    assert all(each is not None and each > 0 for each in taken)
    assert phases.tls_us is None
    assert outcome.response_us is not None
    assert sum(each or 0 for each in taken) <= outcome.response_us + 3


async def test_the_request_is_sent_as_configured() -> None:
    async with serving(http()) as server:
        await probe(
            server.url("/a b?q=ü#part"),
            method="POST",
            body="größe",
            headers={"X-Key": "tøken"},
            basic_auth="me:pass:word",
        )
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /a%20b?q=%C3%BC HTTP/1.1"
    assert f"host: 127.0.0.1:{server.port}".encode() in [line.lower() for line in lines]
    assert "x-key: tøken".encode() in lines
    assert b"Authorization: Basic bWU6cGFzczp3b3Jk" in lines
    assert b"Content-Length: 7" in lines
    assert body == "größe".encode()


async def test_a_status_that_is_not_accepted_is_down() -> None:
    outcome = await answered(http(b"Oh no", "500 Whatever"))
    assert outcome.status is Status.DOWN
    assert outcome.message == "answered 500 Internal Server Error, expected 200-399"
    assert outcome.evidence["status_code"] == 500
    assert outcome.evidence["body"] == "Oh no"
    assert outcome.response_us is not None


async def test_any_status_can_be_what_is_expected() -> None:
    assert (await answered(http(status="404 Not Found"), accepted_statuses="404")).status == "up"
    outcome = await answered(http(status="200 OK"), accepted_statuses=[404, 410])
    assert outcome.message == "answered 200 OK, expected 404, 410"
    assert (await answered(http(status="999 ?"), accepted_statuses=999)).status == "up"


async def test_switching_protocols_is_an_answer() -> None:
    headers = "Upgrade: websocket\nConnection: Upgrade"
    answer = (
        http(status="101 Switching Protocols", headers=headers, length=False) + b"\x81\x05hello"
    )
    assert (await answered(answer, accepted_statuses=101)).status is Status.UP


async def test_a_redirect_is_an_answer_of_its_own() -> None:
    moved = http(status="301 Moved Permanently", headers="Location: http://u:p@other.example/a?t=1")
    outcome = await answered(moved)
    assert outcome.status is Status.UP
    assert outcome.message.startswith("301 Moved Permanently in ")
    assert outcome.evidence["redirects_to"] == "http://other.example/a"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"expect_html": True}, "not HTML: content type application/json"),
        ({"contains": "Welcome home"}, "does not contain “Welcome home”"),
        ({"not_contains": "error"}, "contains “error”"),
        ({"json_path": "status", "json_equals": "ok"}, 'status is "error", expected "ok"'),
        ({"json_path": "a.b"}, "the JSON has no a.b"),
        ({"conditions": ["body lacks ok", "body lacks error"]}, "contains “error”"),
        ({"conditions": ["body contains ok"]}, "does not contain “ok”"),
        ({"conditions": ["json $.status == ok"]}, '$.status is "error", expected == "ok"'),
        (
            {"conditions": ["body lacks error", "header content-type lacks json"]},
            "the header content-type contains “json”",
        ),
    ],
)
async def test_an_answer_other_than_expected_is_down(fields: dict[str, Any], message: str) -> None:
    answer = http(b'{"status": "error"}', headers="Content-Type: application/json")
    outcome = await answered(answer, **fields)
    assert (outcome.status, outcome.message) == (Status.DOWN, message)
    assert outcome.evidence["body"] == '{"status": "error"}'


@pytest.mark.parametrize(
    "fields",
    [
        {"contains": '"ok"', "not_contains": "error"},
        {"json_path": "status", "json_equals": "ok"},
        {"json_path": "ready", "json_equals": "true"},
        {"conditions": ["body contains ok", "body lacks error", "json $.ready == true"]},
        {"conditions": ["header content-length == 31", "header location absent"]},
    ],
)
async def test_an_answer_as_expected_is_up(fields: dict[str, Any]) -> None:
    assert (await answered(http(b'{"status": "ok", "ready": true}'), **fields)).status == "up"


async def test_html_where_json_is_expected() -> None:
    outcome = await answered(html(), json_path="a")
    assert outcome.message == "is not JSON"


async def test_invalid_utf8_does_not_hide_a_text() -> None:
    answer = http(
        b"\xfe\xfd caf\xe9 \xc3( ready \xf0", headers="Content-Type: text/html; charset=utf-8"
    )
    assert (await answered(answer, contains="ready")).status is Status.UP
    outcome = await answered(answer, contains="café")
    assert outcome.message == "does not contain “café”"
    assert "ready" in outcome.evidence["body"]


async def test_a_text_is_found_in_the_pages_own_charset() -> None:
    answer = http("Größe".encode("latin-1"), headers="Content-Type: text/html; charset=iso-8859-1")
    assert (await answered(answer, contains="Größe")).status is Status.UP


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"Welcome " * 100, mtime=0)),
        ("deflate", zlib.compress(b"Welcome " * 100)),
        ("identity", b"Welcome"),
        ("deflate, gzip", gzip.compress(zlib.compress(b"Welcome " * 100), mtime=0)),
        ("identity, gzip,", gzip.compress(b"Welcome " * 100, mtime=0)),
    ],
)
async def test_a_compressed_body_is_unpacked(coding: str, packed: bytes) -> None:
    answer = http(packed, headers=f"Content-Encoding: {coding}")
    assert (await answered(answer, contains="Welcome")).status is Status.UP


async def test_what_is_not_compressed_as_it_says_is_down() -> None:
    outcome = await answered(http(b"plain", headers="Content-Encoding: gzip"))
    assert outcome.message == "the body is not valid gzip"
    outcome = await answered(http(b"plain", headers="Content-Encoding: gzip, x, x, x"))
    assert outcome.message == "the body is compressed more than 3 times"


@pytest.mark.parametrize("times", [1, 2])
async def test_a_bomb_is_unpacked_no_further_than_allowed(times: int) -> None:
    bomb = b"\0" * 50_000_000
    for _ in range(times):
        bomb = gzip.compress(bomb, 9)
    codings = ", ".join(["gzip"] * times)
    outcome = await answered(http(bomb, headers=f"Content-Encoding: {codings}"), max_body_kb=300)
    assert outcome.status is Status.UP
    assert (outcome.evidence["body_bytes"], outcome.evidence["truncated"]) == (300 * 1024, True)


async def test_reading_stops_at_the_limit() -> None:
    answer = http(b"begin" + b"." * 10_000_000 + b"end")
    outcome = await answered(answer, contains="begin", max_body_kb=64)
    assert outcome.status is Status.UP
    assert (outcome.evidence["body_bytes"], outcome.evidence["truncated"]) == (64 * 1024, True)
    outcome = await answered(answer, contains="end", max_body_kb=64)
    assert outcome.message == "does not contain “end” in its first 64 kB"
    assert len(outcome.evidence["body"]) == 81
    outcome = await answered(answer, json_path="a", max_body_kb=64)
    assert outcome.message == "is larger than 64 kB, too large to be judged as JSON"


async def test_conditions_on_what_cannot_be_read_are_not_met() -> None:
    long, packed = http(b"." * 2000), http(b"x", headers="Content-Encoding: unknown")
    for lines, answer, message in (
        (["json $ exists"], long, "is larger than 1 kB, too large to be judged as JSON"),
        (["body contains x"], long, "does not contain “x” in its first 1 kB"),
        (["body lacks y"], packed, "nothing can be said about its text"),
    ):
        outcome = await answered(answer, conditions=lines, max_body_kb=1)
        assert outcome.status is Status.DOWN
        assert outcome.message.endswith(message)


async def test_a_body_without_end_is_judged_as_soon_as_it_has_all_texts() -> None:
    stream = http(b"one two", headers="Content-Type: text/event-stream", length=False)
    lines = ["header content-type contains event", "body contains one", "body contains two"]

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(stream)
        await asyncio.sleep(30)

    async with serving(talk=talk) as server:
        assert (await probe(server.url(), conditions=lines)).status is Status.UP
        assert (await probe(server.url(), conditions=lines[:1])).status is Status.UP


async def test_headers_of_an_answer_are_not_repeated() -> None:
    answer = http(headers="Set-Cookie: session=s3cret")
    outcome = await answered(answer, conditions=["header set-cookie contains Secure"])
    assert outcome.message == "the header set-cookie does not contain “Secure”"
    assert "s3cret" not in json.dumps(outcome.evidence)


async def test_redirects_have_to_end_at_https_where_that_is_asked() -> None:
    def moved(request: bytes) -> bytes:
        there = b"GET /there" in request
        return http() if there else http(status="302 Found", headers="Location: /there?t=s3cret")

    async with serving(moved) as server:
        outcome = await probe(server.url(), follow_redirects=True, must_be_https=True)
        assert outcome.message == f"ends at {server.url('/there')}, expected https"
        assert (await probe(server.url(), follow_redirects=True)).status is Status.UP


async def test_a_body_of_exactly_the_limit_is_whole() -> None:
    outcome = await answered(http(b"." * 1024), max_body_kb=1)
    assert (outcome.evidence["body_bytes"], outcome.evidence["truncated"]) == (1024, False)


async def test_evidence_holds_no_secrets() -> None:
    def echo(request: bytes) -> bytes:
        return http(request, "500 Oops", "Set-Cookie: session=s3cret-cookie")

    async with serving(echo) as server:
        outcome = await probe(
            server.url("/?token=s3cret-query"),
            headers={"X-Key": "s3cret-token"},
            basic_auth="me:s3cret-word",
            json_path="a",
        )
    stored = json.dumps(outcome.evidence, ensure_ascii=False) + outcome.message
    evidence_without_the_servers_words = {**outcome.evidence, "body": ""}
    assert "s3cret" not in str(evidence_without_the_servers_words)
    for secret in ("s3cret-token", "s3cret-word", "bWU6czNjcmV0LXdvcmQ"):
        assert secret not in stored


async def test_what_a_server_sends_is_fit_to_be_stored() -> None:
    outcome = await answered(http(b"a\0b\x1b[31m\xff", "500 X", "Content-Type: text/\xff"))
    assert outcome.evidence["body"] == "a\ufffdb\ufffd[31mÿ"
