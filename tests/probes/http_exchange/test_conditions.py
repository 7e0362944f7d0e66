"""Conditions in lines: what is understood, and what is met."""

import httpx
import pytest

from webmon.probes.http_exchange.conditions import (
    Condition,
    header_fault,
    json_conditions_fault,
    parse_conditions,
)

BODY = """{"status": "ok", "queue": {"length": 7}, "items": [1, 2, 30], "none": null, "on": true,
    "text": "12", "a.b": [{"c": 1}, {"c": 2}]}"""


@pytest.mark.parametrize(
    ("line", "condition"),
    [
        (
            "header Content-Type contains json",
            Condition("header", "content-type", "contains", "json"),
        ),
        ("header x-a lacks b c", Condition("header", "x-a", "lacks", "b c")),
        ("header x-a == HIT", Condition("header", "x-a", "==", "HIT")),
        ("header x-a !=MISS", Condition("header", "x-a", "!=", "MISS")),
        ("header x-a absent", Condition("header", "x-a", "absent")),
        ("body contains == exists", Condition("body", "", "contains", "== exists")),
        ("body  lacks error", Condition("body", "", "lacks", "error")),
        ("json $.a.length < 100", Condition("json", "$.a.length", "<", 100)),
        ("json a.b[0]>=-1.5", None),
        ("json a.b[0] >=-1.5", Condition("json", "a.b[0]", ">=", -1.5)),
        ("json $ length >= 1", Condition("json", "$", ">=", 1, of_length=True)),
        ("json length == 3", Condition("json", "length", "==", 3)),
        ("json $.a == ok", Condition("json", "$.a", "==", "ok")),
        ('json $.a == "a b"', Condition("json", "$.a", "==", "a b")),
        ("json $.a != null", Condition("json", "$.a", "!=", None)),
        ("json $.a == NaN", Condition("json", "$.a", "==", "NaN")),
        ("json $.error absent", Condition("json", "$.error", "absent")),
        ("json $['a == b'] exists", Condition("json", "$['a == b']", "exists")),
        ("json $.a[?@.b == 1].c <= 2", Condition("json", "$.a[?@.b == 1].c", "<=", 2)),
        ("json $['a == b'] == c", Condition("json", "$['a == b']", "==", "c")),
        ("json $.a < x", None),
        ("json $.a < true", None),
        ("json $.a length == x", None),
        ("json $.a length exists", None),
        ("json $.a", None),
        ("json $.a equals == 1", None),
        ("json a..b == 1", None),
        ("json $.a contains x", None),
        ("body == x", None),
        ("body contains", None),
        ("header x y contains z", None),
        ("header x-a < 3", None),
        ("status == 200", None),
        ("HEADER", None),
    ],
)
def test_lines(line: str, condition: Condition | None) -> None:
    if condition is not None:
        assert parse_conditions([line]) == (condition,)
        return
    with pytest.raises(ValueError, match=r"^line 2, “.*”, (is not understood: write|must compare)"):
        parse_conditions(["body contains x", line])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("header content-type contains json", None),
        ("header content-type contains html", "does not contain “html”"),
        ("header content-type lacks json", "contains “json”"),
        ("header X-Cache == HIT", None),
        ("header x-cache == MISS", "is not “MISS”"),
        ("header x-cache != HIT", "is “HIT”"),
        ("header x-cache exists", None),
        ("header x-cache absent", "is there, expected absent"),
        ("header other contains x", "is absent"),
        ("header other == x", "is absent"),
        ("header other exists", "is absent"),
        ("header other absent", None),
        ("header other lacks x", None),
        ("header other != x", None),
    ],
)
def test_headers(line: str, fault: str | None) -> None:
    headers = httpx.Headers({"Content-Type": "application/json", "X-Cache": "HIT"})
    (condition,) = parse_conditions([line])
    expected = fault and f"the header {condition.name} {fault}"
    assert header_fault([condition], headers) == expected


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("$.status == ok", None),
        ("$.status != ok", '$.status is "ok", expected != "ok"'),
        ("$.status < 3", '$.status is "ok", expected < 3'),
        ("$.queue.length < 100", None),
        ("$.queue.length > 7", "$.queue.length is 7, expected > 7"),
        ("queue.length >= 7", None),
        ("$.queue.length <= 6.5", "$.queue.length is 7, expected <= 6.5"),
        ("$.queue.length == 7.0", None),
        ("$.on == true", None),
        ("$.on == 1", "$.on is true, expected == 1"),
        ("$.on > 0", "$.on is true, expected > 0"),
        ("$.text == 12", None),
        ("$.text >= 12", '$.text is "12", expected >= 12'),
        ("$.none == null", None),
        ("$.none exists", None),
        ("$.none absent", "$.none is null, expected absent"),
        ("$.error absent", None),
        ("$.error exists", "the JSON has no $.error"),
        ("$.error != 1", "the JSON has no $.error"),
        ("$.items length == 3", None),
        ("$.status length <= 1", "the length of $.status is 2, expected <= 1"),
        ("$.on length > 0", "$.on is true, which has no length"),
        ("$ length == 7", None),
        ("$ exists", None),
        ("$.items[*] <= 2", "$.items[*] is 30, expected <= 2"),
        ("$['a.b'][?@.c == 2].c > 1", None),
        ("$.queue == 7", "$.queue is an object, expected == 7"),
    ],
)
def test_json(line: str, fault: str | None) -> None:
    assert json_conditions_fault(parse_conditions([f"json {line}"]), BODY) == fault


def test_all_have_to_be_met_and_what_is_no_json_meets_none() -> None:
    both = parse_conditions(["json $.on exists", "json $.off exists"])
    assert json_conditions_fault(both, BODY) == "the JSON has no $.off"
    assert json_conditions_fault(parse_conditions(["json $.on absent"]), "<html>") == "is not JSON"
