"""One field of a form: what it shows, and what was typed into it. See `typed_form`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from webmon.commands.validation import KEEP
from webmon.domain.durations import format_duration, parse_duration
from webmon.errors import Invalid

REMOVE = ".remove"
"""Ends the name of the checkbox that removes a stored secret."""


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a select."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a form.

    ``input`` is a type of ``<input>`` (``text``, ``number``, ``password``, ``checkbox``,
    ``datetime-local``), or
    ``textarea``, ``select``, ``kind`` (a select that changes the form) or ``duration``.
    """

    name: str
    label: str
    input: str = "text"
    help: str = ""
    value: str = ""
    checked: bool = False
    required: bool = False
    options: tuple[Option, ...] = ()
    placeholder: str = ""
    is_set: bool = False
    """A secret is stored: left empty, it stays."""
    secret: bool = False
    """What is typed here goes to the server and is shown nowhere."""
    wide: bool = False
    default: str | bool = ""
    per_second: int = 1
    """Of a duration: how many of the column's units make a second."""
    mistake: str = ""
    """What is wrong with what was typed."""
    of: str = ""
    """The kind that the field belongs to. Fields of two kinds never share what was typed."""


def filled(field: FieldView, values: Mapping[str, Any]) -> FieldView:
    """The field with its value in ``values``, as people type it."""
    value = values.get(field.name)
    if value is None:
        return field
    if field.input == "checkbox":
        return replace(field, checked=bool(value))
    if field.input == "duration":
        return replace(field, value=format_duration(value / field.per_second))
    return replace(field, value=str(value))


def typed(field: FieldView, raw: Mapping[str, Any]) -> Any:
    """What the browser sent for the field, as commands take it; an empty text for nothing.

    A secret that stays as it is stored is `KEEP`.

    Raises:
        Invalid: a required field is empty, or a duration is not one.
    """
    if field.input == "checkbox":
        return is_ticked(raw, field.name)
    text = raw.get(field.name)
    text = text.strip() if isinstance(text, str) else ""
    if not text and field.is_set:
        return "" if is_ticked(raw, field.name + REMOVE) else KEEP
    if field.required and field.name in raw and not text:
        raise Invalid("is required", field.name)
    if text and field.input == "duration":
        return _length(field, text)
    return text


def is_ticked(form: Mapping[str, Any], name: str) -> bool:
    """Whether the checkbox ``name`` was ticked: a browser leaves out those that were not."""
    return form.get(name) in ("on", "true", True)


def _length(field: FieldView, text: str) -> float:
    """``text`` in the column's unit; a number alone means seconds."""
    try:
        seconds = float(text) if text.replace(".", "", 1).isdigit() else parse_duration(text)
    except ValueError:
        raise Invalid("write a number and ms, s, m, h or d, such as 90s", field.name) from None
    length = round(seconds * field.per_second, 6)
    return int(length) if length == int(length) else length
