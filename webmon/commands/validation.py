"""Check what somebody typed or wrote into a file, and say in plain words what is wrong."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from webmon.crypto import SEALED
from webmon.domain.names import checked_name
from webmon.errors import Conflict, Invalid, in_plain_words, joined

KEEP = object()
"""The value of a config field that stays as it is stored: a secret that was not typed again."""


class Fields(BaseModel):
    """What a command accepts: these fields and no others, texts without spaces around them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _can_be_stored(cls, value: Any) -> Any:
        """PostgreSQL takes every character but one."""
        if isinstance(value, str) and "\0" in value:
            raise ValueError("has a character that cannot be stored")
        return value


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(checked_name)]
"""What something is called: one line that can be seen."""


Model = TypeVar("Model", bound=BaseModel)
First = TypeVar("First")
Second = TypeVar("Second")


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


def with_kept_secrets(stored: Any) -> Any:
    """A stored config as fields that change nothing of it: `KEEP` in place of each secret."""
    if isinstance(stored, dict):
        if set(stored) == {SEALED}:
            return KEEP
        return {name: with_kept_secrets(value) for name, value in stored.items()}
    if isinstance(stored, list) and any(
        isinstance(each, dict) and SEALED in each for each in stored
    ):
        return KEEP
    return stored


def validated(model: type[Model], fields: Mapping[str, Any], *, within: str = "") -> Model:
    """``fields`` as a ``model``; ``within`` is the path under which they are known.

    Raises:
        Invalid: what is wrong, with the paths to it (``config.port``).
    """
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    except (RecursionError, OverflowError, TypeError, ValueError):
        raise Invalid("holds something that cannot be read", within) from None
    # A misspelt name explains the missing one, so it is said first.
    errors.sort(key=lambda each: each["type"] != "extra_forbidden")
    raise joined([_invalid(model, each, within) for each in errors])


def _invalid(model: type[Model], error: ErrorDetails, within: str) -> Invalid:
    path = ".".join(str(part) for part in (within, *error["loc"]) if part != "")
    if error["type"] == "extra_forbidden":
        return Invalid(f"is not known here; known are {', '.join(sorted(_names(model)))}", path)
    return Invalid(in_plain_words(error), path)


def both(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """The results of two validations.

    Raises:
        Invalid: with all that is wrong in both.
    """
    try:
        found = first()
    except Invalid as mistake:
        try:
            second()
        except Invalid as other:
            raise joined([mistake, other]) from None
        raise
    return found, second()


def require_revision(
    thing: str,
    based_on: int | None,
    present: int,
    stored: Mapping[str, Any],
    wanted: Mapping[str, Any],
) -> None:
    """Let a save through that is based on the present revision, or is the same as what is stored:
    a save may be repeated. Secrets are in the clear; they are named, not told.

    Raises:
        Conflict: somebody else saved another revision since.
    """
    if based_on is None or based_on == present:
        return
    differing = [name for name, value in wanted.items() if name in stored and stored[name] != value]
    if differing:
        raise Conflict(thing, [name.removesuffix("_id") for name in differing])


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
