"""A form drawn from a pydantic model: its fields as values that a page can show, and back again.

Titles become labels, descriptions help texts, types the kind of input. A nested model is drawn as
its own fields (``basic_auth.user``). Secrets only ever travel from the browser to the server.
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from webmon.ui.forms.field import REMOVE, FieldView, Option, is_ticked

LONG_TEXTS = frozenset(
    {"body", "conditions", "send", "private_key", "query", "authorities", "client_certificate"}
)
PREFIX = "config."


def config_fields(
    model: type[BaseModel],
    config: Mapping[str, Any],
    secrets: frozenset[str] = frozenset(),
    *,
    prefix: str = PREFIX,
) -> tuple[FieldView, ...]:
    """The fields of a probe's config, filled in from ``config``; names begin with ``prefix``."""
    paths = _within(secrets)
    return tuple(
        _with_value(_blank(prefix, path, info), info, _at(config, path), path in paths)
        for path, info in _leaves(model)
    )


def _within(secrets: frozenset[str]) -> set[str]:
    """The paths of what is set or has something in it that is."""
    return {
        ".".join(parts[:length])
        for parts in (secret.split(".") for secret in secrets)
        for length in range(1, len(parts) + 1)
    }


def filled_and_empty(
    fields: tuple[FieldView, ...],
) -> tuple[tuple[FieldView, ...], tuple[FieldView, ...]]:
    """The fields that are required or have a value, and the others."""
    told = tuple(each for each in fields if each.required or each.is_set or _is_told(each))
    return told, tuple(each for each in fields if each not in told)


def _is_told(field: FieldView) -> bool:
    if field.input == "checkbox":
        return field.checked is not field.default
    return field.value not in ("", str(field.default))


def read_config(
    model: type[BaseModel], form: Mapping[str, Any], keep: Any, *, prefix: str = PREFIX
) -> dict[str, Any]:
    """What was typed into the fields of `config_fields`, for the model to check.

    Empty fields are left out, so that defaults count; an empty secret has the value ``keep``.
    """
    config: dict[str, Any] = {}
    for path, info in _leaves(model):
        value = _typed(prefix + path, info, form, keep)
        if value is not None:
            _put(config, path, value)
    return config


def _leaves(model: type[BaseModel], within: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, info in model.model_fields.items():
        path = f"{within}{info.alias or name}"
        nested = _bare(info.annotation)
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            yield from _leaves(nested, f"{path}.")
        else:
            yield path, info


def _bare(annotation: Any) -> Any:
    """``annotation`` without ``Annotated`` and without ``| None``."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [each for each in get_args(annotation) if each is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else str
    return annotation


def _mentions(annotation: Any, wanted: type) -> bool:
    return annotation is wanted or any(_mentions(each, wanted) for each in get_args(annotation))


def _blank(prefix: str, path: str, info: FieldInfo) -> FieldView:
    kind = _bare(info.annotation)
    field = FieldView(
        name=prefix + path,
        label=info.title or path.replace("_", " ").replace(".", ": ").capitalize(),
        help=info.description or "",
        required=info.is_required(),
        secret=_mentions(info.annotation, SecretStr),
        placeholder=_default_text(info),
    )
    if kind is bool:
        return replace(
            field, input="checkbox", required=False, placeholder="", default=bool(info.default)
        )
    is_long = path.rpartition(".")[2] in LONG_TEXTS
    if kind is SecretStr and not is_long:
        return replace(field, input="password")
    if kind is int:
        return replace(field, input="number")
    if options := _options(kind):
        empty = () if info.is_required() or info.default is not None else (Option("", "–"),)
        default = _default_text(info) or (empty + options)[0].value
        return replace(field, input="select", options=empty + options, default=default)
    if get_origin(kind) is dict:
        return replace(field, input="textarea", wide=True, placeholder="Name: value")
    if is_long:
        return replace(field, input="textarea", wide=True)
    return replace(field, wide="url" in path)


def _options(kind: Any) -> tuple[Option, ...]:
    if get_origin(kind) is Literal:
        return tuple(Option(str(value), str(value)) for value in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(Option(str(member.value), str(member.value)) for member in kind)
    return ()


def _default_text(info: FieldInfo) -> str:
    default = info.get_default(call_default_factory=False)
    if info.is_required() or default is None or isinstance(default, SecretStr):
        return ""
    return _as_text(default)


def _with_value(field: FieldView, info: FieldInfo, value: Any, is_set: bool) -> FieldView:
    if is_set:
        return replace(field, is_set=True, placeholder="set – leave empty to keep")
    if field.input == "checkbox":
        return replace(field, checked=bool(info.default if value is None else value))
    if field.input == "select" and value is None:
        return replace(field, value=str(field.default))
    if field.input == "textarea" and isinstance(value, list | tuple):
        return replace(field, value="\n".join(str(each) for each in value))
    return replace(field, value=_as_text(value))


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {each}" for name, each in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(each) for each in value)
    return str(value)


def _typed(name: str, info: FieldInfo, form: Mapping[str, Any], keep: Any) -> Any:
    kind = _bare(info.annotation)
    text = form.get(name)
    if kind is bool:
        return is_ticked(form, name)
    text = text if isinstance(text, str) else ""
    if not text.strip():
        is_secret = _mentions(info.annotation, SecretStr)
        return keep if is_secret and not is_ticked(form, name + REMOVE) else None
    if get_origin(kind) is dict:
        return _lines(text)
    if get_origin(kind) in (list, tuple, set, frozenset):
        if name.rpartition(".")[2] in LONG_TEXTS:
            return [line.strip() for line in text.split("\n") if line.strip()]
        return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    return text


def _lines(text: str) -> dict[str, str]:
    """``Name: value`` per line. A line without a colon keeps its text as a name without value."""
    pairs = (line.partition(":") for line in text.splitlines() if line.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _at(config: Mapping[str, Any], path: str) -> Any:
    value: Any = config
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _put(config: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        config = config.setdefault(name, {})
    config[last] = value
