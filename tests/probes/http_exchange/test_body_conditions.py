"""Judging a body."""

import json
from typing import Any

import pytest

from webmon.probes.http_exchange.body_conditions import (
    JsonScalar,
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
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("status", ["ok"]),
        ("a.b[0].c", [1]),
        ("$.a.b[-1]", [{"c": 2}]),
        ("$.a.b[*].c", [1, 2]),
        ("$..c", [1, 2]),
        ("$.a.b[?@.c > 1].c", [2]),
        ("$['key.with.dots']", ["dotted"]),
        ("with space.and-dash", ["dashed"]),
        ("$.with space.and-dash", ["dashed"]),
        ("$.a.b.0.c", [1]),
        ("$.missing", []),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    document = {
        "status": "ok",
        "a": {"b": [{"c": 1}, {"c": 2}]},
        "key.with.dots": "dotted",
        "with space": {"and-dash": "dashed"},
    }
    assert parse_json_path(path)(document) == found


def test_the_root() -> None:
    assert json_fault("true", "$", "true") is None
    assert json_fault('"ok"', "$", "ok") is None
    assert json_fault("[1, [2]]", "$[1][0]", 2) is None
    assert json_fault("[1, [2]]", "[1][0]", 2) is None


def test_every_value_must_be_as_expected() -> None:
    text = '{"nodes": [{"up": true}, {"up": false}]}'
    assert json_fault(text, "$.nodes[*].up", True) == "$.nodes[*].up is false, expected true"
    assert json_fault(text, "$.nodes[0].up", True) is None


@pytest.mark.parametrize(
    ("value", "expected"), [("3", 3), ("true", True), ("0.5", 0.5), ("3", "3"), ("true", "true")]
)
def test_what_a_file_and_a_form_say_is_the_same(value: str, expected: JsonScalar) -> None:
    for written in (value, json.dumps(value)):
        assert json_fault(written, "$", expected) is None or isinstance(expected, str)
    assert json_fault(json.dumps(value), "$", json.dumps(expected).strip('"')) is None


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
        ("number_text", 4, 'number_text is "3", expected 4'),
        ("a", "x", 'a is an object, expected "x"'),
        ("missing", None, "the JSON has no missing"),
        ("status.more", None, "the JSON has no status.more"),
        ("a.b[7]", None, "the JSON has no a.b[7]"),
        ("a[0]", None, "the JSON has no a[0]"),
    ],
)
def test_values_that_are_not(path: str, expected: JsonScalar | None, fault: str) -> None:
    assert json_fault(BODY, path, expected) == fault


@pytest.mark.parametrize("body", ["", "<html>", "{", "\xff\xfe\xfa", "[" * 200_000, "1" * 10_000])
def test_what_is_not_json(body: str) -> None:
    assert json_fault(body, "a", None) == "is not JSON"


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
