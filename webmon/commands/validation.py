"""Check what somebody typed or wrote into a file, and say in plain words what is wrong."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from webmon.errors import Invalid

KEEP = object()
"""The value of a config field that stays as it is stored: a secret that was not typed again."""


class Fields(BaseModel):
    """What a command accepts: these fields and no others, texts without spaces around them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


Model = TypeVar("Model", bound=BaseModel)


def merged(wanted: Mapping[str, Any], kept: Any) -> dict[str, Any]:
    """``wanted`` with the kept value wherever it says `KEEP`."""
    kept = kept if isinstance(kept, dict) else {}
    result: dict[str, Any] = {}
    for name, value in wanted.items():
        if isinstance(value, dict) and value:
            if within := merged(value, kept.get(name)):
                result[name] = within
        elif value is not KEEP:
            result[name] = value
        elif name in kept:
            result[name] = kept[name]
    return result


def validated(model: type[Model], fields: Mapping[str, Any], *, within: str = "") -> Model:
    """``fields`` as a ``model``; ``within`` is the path under which they are known.

    Raises:
        Invalid: the first thing that is wrong, with the path to it (``config.port``).
    """
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    # A misspelt name explains the missing one, so it is said first.
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    path = ".".join(str(part) for part in (within, *first["loc"]) if part != "")
    raise Invalid(_in_plain_words(first, model), path)


_TYPES = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "names with values",
    "model_type": "names with values",
}


def _in_plain_words(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, limits = error["type"], error.get("ctx", {})
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}"
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        return f"is not known here; known are {', '.join(sorted(_names(model)))}"
    if kind in ("greater_than_equal", "greater_than"):
        return f"must be {limits.get('ge', limits.get('gt')):.10g} or more"
    if kind in ("less_than_equal", "less_than"):
        return f"must be {limits.get('le', limits.get('lt')):.10g} or less"
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "string_too_long":
        return f"must have at most {limits['max_length']} characters"
    if kind in ("literal_error", "enum"):
        return f"must be {limits['expected']}"
    return _uncapitalised(error["msg"].removeprefix("Value error, "))


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]
