"""Conditions on an answer, one a line: reading them, and judging an answer by them. Pure."""

import json
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from webmon.probes.http_exchange.body_conditions import (
    JsonScalar,
    TooDeep,
    is_equal,
    parse_json_path,
    shown_json,
)
from webmon.probes.wire.texts import quoted

MOST_CONDITIONS = 50
MOST_CONDITION_CHARACTERS = 1000

ALLOWED = (
    "header NAME, body or json PATH, then a comparison: contains TEXT, lacks TEXT (header, body), "
    "== VALUE, != VALUE, exists, absent (header, json), "
    "< > <= >= NUMBER, or length and one of these (json)"
)

_HEADER = re.compile(
    r"header\s+([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100})\s+"
    r"(?:(contains|lacks)\s+(\S.*)|(==|!=)\s*(\S.*)|(exists|absent))"
)
_BODY = re.compile(r"body\s+(contains|lacks)\s+(\S.*)")
_JSON_COMPARISON = re.compile(r"\s(?:\s*(length)\s)?\s*(==|!=|<=|>=|<|>)\s*(?=\S)")
_JSON_PRESENCE = re.compile(r"(.*\S)\s+(exists|absent)")
_BRACKETS = re.compile(r"\[.*\]")
_SPACE_OUTSIDE = re.compile(r"\s")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One line. ``name`` is a header's name or a JSON path, ``value`` a text or a JSON scalar."""

    part: Literal["header", "body", "json"]
    name: str
    comparison: str
    value: JsonScalar | None = None
    of_length: bool = False


def parse_conditions(lines: Iterable[str]) -> tuple[Condition, ...]:
    """The conditions that ``lines`` state.

    Raises:
        ValueError: one of them is none; the text names it and what is allowed.
    """
    return tuple(_parsed(number, line) for number, line in enumerate(lines, start=1))


def _parsed(number: int, line: str) -> Condition:
    found = _header(line) or _body(line) or _json(line)
    if found is None:
        raise ValueError(f"line {number}, {quoted(line)}, is not understood: write {ALLOWED}")
    is_number = isinstance(found.value, int | float) and not isinstance(found.value, bool)
    if (found.comparison in _ORDERS or found.of_length) and not is_number:
        raise ValueError(f"line {number}, {quoted(line)}, must compare with a number")
    return found


def _header(line: str) -> Condition | None:
    found = _HEADER.fullmatch(line)
    if found is None:
        return None
    name, comparison = found[1].lower(), found[2] or found[4] or found[6]
    return Condition("header", name, comparison, found[3] or found[5])


def _body(line: str) -> Condition | None:
    found = _BODY.fullmatch(line)
    return found and Condition("body", "", found[1], found[2])


def _json(line: str) -> Condition | None:
    word, _, rest = line.partition(" ")
    if word != "json":
        return None
    if (found := _JSON_PRESENCE.fullmatch(rest)) and _is_path(found[1]):
        return Condition("json", found[1].strip(), found[2])
    for found in _JSON_COMPARISON.finditer(rest):  # a path may have comparisons in its filters
        path = rest[: found.start()].strip()
        if _is_path(path):
            value = _json_value(rest[found.end() :])
            return Condition("json", path, found[2], value, found[1] is not None)
    return None


def _is_path(text: str) -> bool:
    if _SPACE_OUTSIDE.search(_BRACKETS.sub("", text.strip())):
        return False  # rather a word that is not known than a part of a key
    try:
        parse_json_path(text)
    except ValueError:
        return False
    return True


def _json_value(text: str) -> JsonScalar | None:
    """``text`` as JSON (3, true, null, "ok"); what is none is meant as the text that it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, dict | list) or (isinstance(value, float) and not math.isfinite(value)):
        return text
    return value  # type: ignore[no-any-return]


def header_fault(conditions: Iterable[Condition], headers: Mapping[str, str]) -> str | None:
    """The first condition on a header that is not met, in words; None where all are.

    The headers' values are not repeated: sessions and keys are among them.
    """
    for each in conditions:
        if each.part == "header":
            fault = _header_fault(each, headers.get(each.name))
            if fault is not None:
                return f"the header {each.name} {fault}"
    return None


def _header_fault(condition: Condition, value: str | None) -> str | None:
    wanted = str(condition.value)
    match condition.comparison:
        case "absent":
            return None if value is None else "is there, expected absent"
        case "lacks":
            return f"contains {quoted(wanted)}" if value is not None and wanted in value else None
        case "!=":
            return f"is {quoted(wanted)}" if value == wanted else None
    if value is None:
        return "is absent"
    if condition.comparison == "contains" and wanted not in value:
        return f"does not contain {quoted(wanted)}"
    if condition.comparison == "==" and value != wanted:
        return f"is not {quoted(wanted)}"
    return None


def json_conditions_fault(conditions: Iterable[Condition], text: str) -> str | None:
    """The first condition on JSON that is not met by ``text``, in words; None where all are."""
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return "is not JSON"
    for each in conditions:
        try:
            values = parse_json_path(each.name)(document)
        except TooDeep:
            return f"the JSON goes too deep for {each.name}"
        fault = _json_fault(each, values)
        if fault is not None:
            return fault
    return None


def _json_fault(condition: Condition, values: list[Any]) -> str | None:
    """All that the path leads to has to be as it is wanted."""
    path = condition.name
    if condition.comparison == "absent":
        return f"{path} is {shown_json(values[0])}, expected absent" if values else None
    if not values:
        return f"the JSON has no {path}"
    if condition.comparison == "exists":
        return None
    for value in values:
        told = path
        if condition.of_length:
            if not isinstance(value, dict | list | str):
                return f"{path} is {shown_json(value)}, which has no length"
            told, value = f"the length of {path}", len(value)
        if not _holds(condition, value):
            wanted = f"{condition.comparison} {shown_json(condition.value)}"
            return f"{told} is {shown_json(value)}, expected {wanted}"
    return None


def _holds(condition: Condition, value: Any) -> bool:
    if condition.comparison in ("==", "!="):
        return is_equal(value, condition.value) is (condition.comparison == "==")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return _ORDERS[condition.comparison](value, condition.value)
