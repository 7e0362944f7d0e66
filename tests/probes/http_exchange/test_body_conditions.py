"""Judging a body."""

import json

import pytest

from webmon.probes.http_exchange.body_conditions import (
    JsonScalar,
    decode_text,
    html_fault,
    json_fault,
    parse_json_path,
)

BODY = json.dumps(
    {
        "status": "ok",
        "ready": True,
        "count": 3,
        "ratio": 0.5,
        "nothing": None,
        "number_text": "3",
        "a": {"b": [{"c": "deep"}]},
    }
).encode()


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("status", ("status",)),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ("$.a.b[-1]", ("a", "b", -1)),
        ("[0][1]", (0, 1)),
        ("$[0]", (0,)),
        ("with space.and-dash", ("with space", "and-dash")),
    ],
)
def test_paths(path: str, steps: tuple[str | int, ...]) -> None:
    assert parse_json_path(path) == steps


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("status", None),
        ("status", "ok"),
        ("ready", True),
        ("ready", "true"),
        ("count", 3),
        ("count", "3"),
        ("count", 3.0),
        ("ratio", "0.5"),
        ("nothing", "null"),
        ("number_text", "3"),
        ("a.b[0].c", "deep"),
        ("a.b[-1].c", "deep"),
        ("a.b.0.c", "deep"),
        ("a.b", None),
    ],
)
def test_values_that_are_as_expected(path: str, expected: JsonScalar | None) -> None:
    assert json_fault(BODY, path, expected) is None


@pytest.mark.parametrize(
    ("path", "expected", "fault"),
    [
        ("status", "good", 'status is "ok", expected "good"'),
        ("count", True, "count is 3, expected true"),
        ("ready", 1, "ready is true, expected 1"),
        ("ready", "yes", 'ready is true, expected "yes"'),
        ("number_text", 3, 'number_text is "3", expected 3'),
        ("a", "x", 'a is an object, expected "x"'),
        ("missing", None, "the JSON has no missing"),
        ("status.more", None, "the JSON has no status.more"),
        ("a.b[7]", None, "the JSON has no a.b[7]"),
        ("a[0]", None, "the JSON has no a[0]"),
    ],
)
def test_values_that_are_not(path: str, expected: JsonScalar | None, fault: str) -> None:
    assert json_fault(BODY, path, expected) == fault


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"\xff\xfe\xfa", b"[" * 200_000, b"1" * 10_000]
)
def test_what_is_not_json(body: bytes) -> None:
    assert json_fault(body, "a", None) == "is not JSON"


@pytest.mark.parametrize(
    "charset",
    [None, "utf-8", "no-such", "zlib_codec", "idna", "punycode", "utf-16", "unicode_escape"],
)
def test_any_bytes_become_text(charset: str | None) -> None:
    assert decode_text(b"ab\\x\xff\xfe\x00\xd8", charset)


def test_text_is_read_in_its_own_charset() -> None:
    assert decode_text("größer".encode("latin-1"), "ISO-8859-1") == "größer"
    assert "OK" in decode_text(b"\xff\xfa OK \xc3(", "utf-8")


@pytest.mark.parametrize(
    ("content_type", "body", "fault"),
    [
        ("text/html; charset=utf-8", b"<p>", None),
        ("Application/XHTML+xml", b"<p>", None),
        ("", b"  <!DOCTYPE html><p>", None),
        ("", b"hello", "not HTML: no content type"),
        ("application/json", b"<html>", "not HTML: content type application/json"),
        ("text/html", b" \n", "not HTML: the page is empty"),
    ],
)
def test_what_counts_as_html(content_type: str, body: bytes, fault: str | None) -> None:
    assert html_fault(content_type, body, expects_body=True) == fault
