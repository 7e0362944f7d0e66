"""A form as a value: sections of fields, and what was typed into them.

A page lists its fields in its own `…_form.py`; `model_fields` makes fields of a pydantic model,
such as the settings of a kind. `field` is one field, `form_view` draws the form.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from webmon.domain.copies import copy_name
from webmon.errors import Invalid
from webmon.ui.forms.field import FieldView, Option, filled, is_ticked, typed


@dataclass(frozen=True, slots=True)
class Section:
    """Some fields below each other.

    With a ``title`` they stand apart; ``folded`` ones are hidden until somebody opens them. With a
    ``name`` they are the checkboxes of one list, of which any number may be ticked: see `choices`.
    """

    fields: tuple[FieldView, ...] = ()
    title: str = ""
    folded: bool = False
    name: str = ""
    is_wrong: bool = False
    """One of its fields is: it is unfolded."""


@dataclass(frozen=True, slots=True)
class FormView:
    """The form that is open. ``thing`` and ``id`` name the row; id 0 is a new one."""

    thing: str = ""
    id: int = 0
    parent: int = 0
    """The row that a new one belongs to."""
    copied: int = 0
    """The row that a new one is a copy of."""
    note: str = ""
    """What has to be known before it is filled in; empty for nothing."""
    about: str = ""
    """The address of the host that it belongs to."""
    has_login: bool = True
    """Whether checks can log in to that host."""
    ssh_port: str = ""
    """Where its SSH server is, if that is known."""
    revision: int = 0
    """Of the stored row when the form was opened; 0 where rows of this thing have none."""
    is_late: bool = False
    """Somebody else has saved the row since the form was opened."""
    title: str = ""
    submit: str = "Save"
    tries: str = ""
    """What the button says that tries it before it is saved; empty for none."""
    delete: str = ""
    """What the button says that deletes the row; empty for none."""
    kind: str = ""
    sections: tuple[Section, ...] = ()
    serial: int = 0
    """Another one for every opening, so that the browser starts from an empty form."""

    @property
    def draft(self) -> str:
        """The name under which the browser keeps what is typed."""
        return f"{self.thing}:{self.id}:{self.parent}:{self.copied}"

    def fields(self) -> Iterator[FieldView]:
        """All fields, in the order in which they stand."""
        for section in self.sections:
            yield from section.fields

    def mistake(self, field: str, message: str) -> "Mistake":
        """``message`` about ``field``, at the control that it belongs to."""
        for section in self.sections:
            for each in section.fields:
                if field == each.name or field.startswith(f"{each.name}."):
                    return Mistake(each.name, message, section.title)
            if section.name and field.split(".")[0] == section.name:
                control = section.fields[0].name if section.fields else section.name
                return Mistake(control, message, section.title)
        return Mistake("", f"{field}: {message}" if field else message)

    def marked(self, mistakes: Iterable["Mistake"] = ()) -> "FormView":
        """The form with these mistakes beside their controls, and no others."""
        texts = {each.control: each.message for each in mistakes}
        sections = []
        for section in self.sections:
            fields = tuple(replace(f, mistake=texts.get(f.name, "")) for f in section.fields)
            is_wrong = any(each.mistake for each in fields)
            sections.append(replace(section, fields=fields, is_wrong=is_wrong))
        return replace(self, sections=tuple(sections))


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong: the control (empty: the whole form), the reason, and the section's title."""

    control: str = ""
    message: str = ""
    section: str = ""


def row_form(
    thing: str, sections: Iterable[Section], stored: Mapping[str, Any], **more: Any
) -> FormView:
    """The form of a ``thing``, filled in from ``stored`` (with ``id``, ``name``); empty: a new one.

    ``more`` are further attributes of the `FormView`, such as ``parent``.
    """
    told = {
        "id": stored.get("id", 0),
        "revision": stored.get("revision", 0),
        "title": f"Edit {stored['name']}" if stored else f"New {thing}",
        "submit": "Save" if stored else f"Add {thing}",
    }
    view = FormView(thing=thing, sections=tuple(sections), **(told | more))
    return fill(view, stored)


def as_copy(form: FormView, *, name: str) -> FormView:
    """The form of a new row that begins as ``form``, which edits the one called ``name``.

    Secrets are blank, and said to be: nobody but who types them gives them to another thing.
    """
    secrets = [each.label for each in form.fields() if each.is_set]
    sections = (
        replace(
            each,
            fields=tuple(_copied(field, name) for field in each.fields),
            folded=each.folded and not any(field.is_set for field in each.fields),
        )
        for each in form.sections
    )
    note = f"Secrets are not copied. Type again: {', '.join(secrets)}." if secrets else ""
    return replace(
        form,
        id=0,
        revision=0,
        copied=form.id,
        note=note,
        title=f"Copy of {name}",
        submit=f"Add {form.thing}",
        delete="",
        sections=tuple(sections),
    )


def _copied(field: FieldView, name: str) -> FieldView:
    if field.name == "name":
        return replace(field, value=copy_name(name))
    return replace(field, is_set=False, placeholder="") if field.is_set else field


def fill(form: FormView, values: Mapping[str, Any]) -> FormView:
    """The form with ``values`` in its fields."""
    return replace(
        form,
        sections=tuple(
            replace(each, fields=tuple(filled(field, values) for field in each.fields))
            for each in form.sections
        ),
    )


def choices(
    name: str, title: str, options: Iterable[Option], chosen: Iterable[str] = ()
) -> Section:
    """A list of which any number may be chosen."""
    ticked = set(chosen)
    fields = tuple(
        FieldView(f"{name}.{each.value}", each.label, "checkbox", checked=each.value in ticked)
        for each in options
    )
    return Section(fields, title=title, name=name)


def known_kind(kind: Any, known: Container[str]) -> str:
    """``kind``, which a browser has sent.

    Raises:
        Invalid: it is none of the ``known`` ones.
    """
    if not isinstance(kind, str) or kind not in known:
        raise Invalid("choose one of the kinds", "kind")
    return kind


def misread(form: FormView, raw: Mapping[str, Any]) -> list[Invalid]:
    """What was typed into ``form`` and `read_form` cannot read."""
    found = []
    for each in form.fields():
        try:
            if "." not in each.name:
                typed(each, raw)
        except Invalid as error:
            found.append(error)
    return found


def read_form(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed into ``form``, by name, from what the browser sent.

    Empty fields are left out, so that defaults count. Names with a dot are left to `read_config`.

    Raises:
        Invalid: a required field is empty, or a duration is not one.
    """
    values: dict[str, Any] = {}
    for section in form.sections:
        if section.name:
            start = len(section.name) + 1
            values[section.name] = [
                each.name[start:] for each in section.fields if is_ticked(raw, each.name)
            ]
            continue
        plain = (each for each in section.fields if "." not in each.name)
        values |= {each.name: typed(each, raw) for each in plain}
    return {name: value for name, value in values.items() if value != ""}
