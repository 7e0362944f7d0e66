"""The `http` probe returns an outcome for everything that a server may send."""

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import up_to
from tests.probes.servers import serving
from tests.probes.test_http import probe
from webmon.probes.base import Outcome

HEADER = st.sampled_from(
    [
        b"Content-Length: 5",
        b"Content-Length: -1",
        b"Content-Length: 99999999999999999999",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Content-Encoding: gzip",
        b"Content-Encoding: deflate, gzip",
        b"Content-Type: text/html; charset=punycode",
        b"Content-Type: \xff",
        b"Connection: upgrade",
        b"Upgrade: h2c",
        b"Set-Cookie: a=b; expires=never; domain=\xff",
        b": no name",
        b" folded",
    ]
)
LOCATION = st.binary(max_size=20).map(lambda target: b"Location: " + target)
ANSWERS = st.builds(
    lambda status, headers, body: b"\r\n".join([b"HTTP/1.1 " + status, *headers, b"", body]),
    st.sampled_from([b"200 OK", b"100 C", b"101 S", b"204 N", b"302 F", b"304 N", b"600", b"000"]),
    st.lists(HEADER | LOCATION, max_size=4),
    st.binary(max_size=50) | st.sampled_from([b"5\r\nhello\r\n0\r\n\r\n", b"hello"]),
)


def outcome_of(answer: bytes) -> Outcome:
    async def check() -> Outcome:
        async with serving(answer) as server:
            return await probe(
                server.url(), timeout=0.2, follow_redirects=True, not_contains="x", json_path="a"
            )

    return asyncio.run(check())


@settings(max_examples=up_to(100))
@given(st.binary(max_size=200))
def test_random_bytes(answer: bytes) -> None:
    json.dumps(outcome_of(answer).evidence)


@settings(max_examples=up_to(200))
@given(ANSWERS)
def test_almost_http(answer: bytes) -> None:
    outcome = outcome_of(answer)
    assert outcome.message
    json.dumps(outcome.evidence)
