"""What an answer must be like: parsing the conditions, and judging the body by them. Pure."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from webmon.probes.wire.texts import excerpt, quoted

JsonScalar = bool | int | float | str

LOWEST_STATUS, HIGHEST_STATUS = 100, 999
DEEPEST_PATH = 20

_STATUSES = re.compile(r"(\d{3})(?:-(\d{3}))?")
_PATH_STEP = re.compile(r"\[(-?\d{1,6})\]|\.?([^.\[\]]+)")


@lru_cache(maxsize=256)  # most services accept the same ones: 8 kB each, kept once
def parse_statuses(text: str) -> frozenset[int]:
    """The status codes of ``"200-399"`` or ``"200, 204, 301-308"``.

    Raises:
        ValueError: the text is not of that form.
    """
    accepted: set[int] = set()
    for part in text.split(","):
        found = _STATUSES.fullmatch(part.strip().replace(" ", ""))
        if found is None:
            raise ValueError("must be status codes such as 200-399 or 200, 204, 301-308")
        first, last = int(found[1]), int(found[2] or found[1])
        if not LOWEST_STATUS <= first <= last:
            raise ValueError(f"must be ranges from low to high, from {LOWEST_STATUS} on")
        accepted.update(range(first, last + 1))
    return frozenset(accepted)


class TooDeep(Exception):
    """The document goes deeper than a path is followed."""


Find = Callable[[Any], list[Any]]
"""All that a path leads to in a document; raises `TooDeep`."""


@lru_cache(maxsize=1024)
def parse_json_path(text: str) -> Find:
    """A path as RFC 9535 has it (``$.a.b[0]['key.with.dots']``, ``$`` for the root), or as people
    write it (``a.b[0].c``).

    Raises:
        ValueError: the text is neither, or goes too deep.
    """
    text = text.strip()
    if text.startswith("$") and (standard := _standard_path(text)) is not None:
        return standard
    steps = _steps(text)

    def find(document: Any) -> list[Any]:
        try:
            return [find_json(document, steps)]
        except LookupError:
            return []

    return find


def _standard_path(text: str) -> Find | None:
    """None for what the standard has otherwise: for ``$.a-b`` it wants ``$['a-b']``."""
    import jsonpath_rfc9535  # 2 MB, where nobody asks for JSON

    try:
        query = jsonpath_rfc9535.compile(text)
    except (jsonpath_rfc9535.JSONPathError, RecursionError):
        return None

    def find(document: Any) -> list[Any]:
        try:
            return list(query.find(document).values())
        except (jsonpath_rfc9535.JSONPathError, RecursionError):
            raise TooDeep from None

    return find


def _steps(text: str) -> tuple[str | int, ...]:
    """The steps of ``a.b[0].c`` (a leading ``$.`` is allowed): keys and places in lists.

    Raises:
        ValueError: the text is not of that form, or goes too deep.
    """
    steps: list[str | int] = []
    text = text.strip()
    position = 1 if text.startswith(("$.", "$[")) else 0
    while position < len(text):
        found = _PATH_STEP.match(text, position)
        if found is None or (not steps and text[position] == "." and not position):
            raise ValueError("must be a path such as status or a.b[0].c")
        steps.append(found[2] if found[1] is None else int(found[1]))
        position = found.end()
    if not 1 <= len(steps) <= DEEPEST_PATH:
        raise ValueError(f"must have 1 to {DEEPEST_PATH} steps, such as a.b[0].c")
    return tuple(steps)


def find_json(document: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at ``path``.

    Raises:
        LookupError: nothing does.
    """
    for step in path:
        if (
            isinstance(document, list)
            and isinstance(step, str)
            and step.isdecimal()
            and len(step) < 7
        ):
            step = int(step)  # a.0 means a[0]
        fits = isinstance(document, list) if isinstance(step, int) else isinstance(document, dict)
        if not fits:
            raise LookupError(step)
        document = document[step]
    return document


def json_fault(text: str, path_text: str, expected: JsonScalar | None) -> str | None:
    """What is wrong with a JSON body, None when ``expected`` (if given) stands at the path."""
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return "is not JSON"
    try:
        values = parse_json_path(path_text)(document)
    except TooDeep:
        return f"the JSON goes too deep for {path_text}"
    if not values:
        return f"the JSON has no {path_text}"
    wrong = [] if expected is None else [each for each in values if not is_equal(each, expected)]
    return (
        f"{path_text} is {shown_json(wrong[0])}, expected {shown_json(expected)}" if wrong else None
    )


def is_equal(value: Any, expected: JsonScalar | None) -> bool:
    """Equal as JSON, or as text: a form knows texts only, where a file has numbers and true."""
    if isinstance(value, dict | list):
        return False
    if isinstance(expected, str) and isinstance(value, str):
        return value == expected
    if isinstance(expected, str):
        try:
            expected = json.loads(expected)
        except (ValueError, RecursionError):
            return False
    elif isinstance(value, str):
        return value == json.dumps(expected)
    if isinstance(value, bool) or isinstance(expected, bool) or expected is None:
        return value is expected
    return bool(value == expected)


def shown_json(value: Any) -> str:
    """``value`` as a message repeats it, cut short."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return excerpt(json.dumps(value, ensure_ascii=False), 80)


def html_fault(content_type: str, body: bytes, *, expects_body: bool) -> str | None:
    """What makes an answer other than an HTML page."""
    kind = content_type.partition(";")[0].strip().lower()
    if not kind and body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return None
    if kind not in ("text/html", "application/xhtml+xml"):
        return (
            f"not HTML: content type {excerpt(kind, 80)}" if kind else "not HTML: no content type"
        )
    if expects_body and not body.strip():
        return "not HTML: the page is empty"
    return None


def text_fault(
    text: str, contains: str | None, not_contains: str | None, *, searched: str
) -> str | None:
    """What a body has that it must not have, or lacks. ``searched`` says how much was looked at."""
    if contains and contains not in text:
        return f"does not contain {quoted(contains)}{searched}"
    if not_contains and not_contains in text:
        return f"contains {quoted(not_contains)}"
    return None
