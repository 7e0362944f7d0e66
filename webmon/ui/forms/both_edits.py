"""Two people edit one row: what the first has changed, and what the second typed beside it.

Three forms are compared: as it was opened, as it would be opened now, and as it was filled in.
What only one of the two has changed is kept as that person wants it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webmon.ui.forms.field import FieldView, is_ticked
from webmon.ui.forms.typed_form import FormView

LONGEST_SHOWN = 120


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A field that somebody else has changed. ``typed`` is empty where the person at this form has
    not: then the other's value is kept."""

    label: str
    before: str
    after: str
    typed: str


def changes(opened: FormView, stored: FormView, raw: Mapping[str, Any]) -> tuple[ChangeView, ...]:
    """What ``stored`` has otherwise than ``opened``, and what ``raw`` says there."""
    found = [
        ChangeView(
            before.label,
            _shown(before, before.value, before.checked),
            _shown(after, after.value, after.checked),
            _shown(before, _text(before, raw), is_ticked(raw, before.name))
            if _is_changed(before, raw)
            else "",
        )
        for before, after in _pairs(opened, stored)
    ]
    if opened.kind != stored.kind:
        found.insert(0, ChangeView("Kind", opened.kind, stored.kind, ""))
    return tuple(found)


def together(opened: FormView, stored: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, with the other's value in each field that was left as it was.

    Where the other has chosen another kind, or there is nobody else, it is what was typed.
    """
    result = dict(raw)
    if not stored.thing or opened.kind != stored.kind:
        return result
    for before, after in _pairs(opened, stored):
        if _is_changed(before, raw):
            continue
        if after.input != "checkbox":
            result[after.name] = after.value
        elif after.checked:
            result[after.name] = "on"
        else:
            result.pop(after.name, None)
    return result


def types_a_secret(form: FormView, raw: Mapping[str, Any]) -> bool:
    """Whether a stored secret would be replaced: nobody can see whether the other did so too."""
    return any(each.is_set and _is_changed(each, raw) for each in form.fields())


def _pairs(opened: FormView, stored: FormView) -> Iterator[tuple[FieldView, FieldView]]:
    """The fields that differ, secrets by whether they are set."""
    present = {each.name: each for each in stored.fields()}
    for before in opened.fields():
        after = present.get(before.name, before)
        shown = [(each.value, each.checked, each.is_set) for each in (before, after)]
        if shown[0] != shown[1]:
            yield before, after


def _is_changed(field: FieldView, raw: Mapping[str, Any]) -> bool:
    if field.input == "checkbox":
        return is_ticked(raw, field.name) != field.checked
    return _text(field, raw) != "\n".join(field.value.strip().splitlines())


def _text(field: FieldView, raw: Mapping[str, Any]) -> str:
    text = raw.get(field.name, field.value)
    return "\n".join(text.strip().splitlines()) if isinstance(text, str) else ""


def _shown(field: FieldView, value: str, checked: bool) -> str:
    if field.input == "checkbox":
        return "yes" if checked else "no"
    if field.secret:
        return "set" if field.is_set or value else "not set"
    label = next((each.label for each in field.options if each.value == value), value)
    short = label if len(label) <= LONGEST_SHOWN else f"{label[:LONGEST_SHOWN]} …"
    return short or "nothing"
