"""How a form looks: its sections below each other, and what is wrong beside the field."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from webmon.ui.display.evidence import evidence
from webmon.ui.display.status import icon
from webmon.ui.forms.both_edits import ChangeView
from webmon.ui.forms.drafts import draft_of, drop_draft_first, name_of
from webmon.ui.forms.field import REMOVE, FieldView
from webmon.ui.forms.typed_form import FormView, Section

TYPED = rx.Var(
    "Object.fromEntries(new FormData(document.querySelector('form.form')))",
    _var_type=dict[str, Any],
)
"""What is typed at the moment of a click."""


def form(
    state: Any,
    *,
    beside: Mapping[str, rx.Component] | None = None,
    last: rx.Component | None = None,
    on_blur: Any = None,
) -> rx.Component:
    """The form that is open in a room, with the buttons to save, to leave and to delete.

    ``state`` is a class that derives from `room.Editing`. ``beside`` stands below the choices of
    that name, ``last`` before the buttons; ``on_blur`` happens whenever a field was left.
    """
    view, mistake = state.form, state.mistake
    return rx.el.form(
        rx.el.h2(view.title, class_name="form-title"),
        rx.cond(
            (mistake.message != "") & (mistake.control == ""),
            rx.el.p(mistake.message, class_name="mistake", role="alert", tab_index=-1),
        ),
        rx.el.p(
            "What you typed before is here again, except secrets. ",
            _start_over(state, "Start over"),
            class_name="from-draft",
            role="status",
            hidden=True,
        ),
        rx.cond(view.note != "", rx.el.p(view.note, class_name="form-note", role="note")),
        rx.cond(view.is_late, _both_edits(state)),
        rx.foreach(view.sections, lambda each: _section(each, state.choose_kind, beside or {})),
        last,
        _trial(state) if hasattr(state, "try_out") else None,
        rx.el.div(
            rx.el.button(view.submit, type="submit", class_name="button primary"),
            _try_button(state) if hasattr(state, "try_out") else None,
            rx.el.button(
                "Cancel",
                type="button",
                class_name="button",
                on_click=[drop_draft_first(name_of(view)), state.close_form],
            ),
            rx.cond(view.delete != "", _delete(state, view)),
            class_name="form-actions",
        ),
        on_submit=state.save,
        **({} if on_blur is None else {"on_blur": on_blur}),
        class_name="form",
        custom_attrs=draft_of(name_of(view)),
        key=view.serial.to(str),
    )


def _try_button(state: Any) -> rx.Component:
    return rx.cond(
        state.form.tries != "",
        rx.el.button(
            state.form.tries,
            type="button",
            class_name="button",
            disabled=~state.trial.is_over,
            on_click=state.try_out(TYPED, ""),
        ),
    )


def _trial(state: Any) -> rx.Component:
    """What a trial has found, or what it would say in public."""
    trial = state.trial
    return rx.el.div(
        rx.cond(
            trial.question != "",
            rx.fragment(
                rx.el.p(rx.el.b("Everybody will be able to read:")),
                rx.el.pre(trial.question, tab_index=0),
                rx.el.button(
                    "Send it in public",
                    type="button",
                    class_name="button small",
                    on_click=state.try_out(TYPED, trial.told_at),
                ),
            ),
        ),
        rx.cond(~trial.is_over, rx.el.p("Trying …")),
        rx.cond(
            trial.status != "",
            rx.fragment(
                rx.el.p(
                    rx.el.span(
                        icon(trial.status),
                        trial.word,
                        class_name="status",
                        custom_attrs={"data-status": trial.status},
                    ),
                    " ",
                    trial.message,
                ),
                evidence(trial),
            ),
        ),
        class_name="trial",
        role="status",
    )


def _both_edits(state: Any) -> rx.Component:
    """What somebody else has saved since the form was opened, and what can be done."""
    return rx.el.div(
        rx.el.p(
            rx.el.b("Somebody else has saved this in the meantime. "),
            "Save again, and what you typed counts; where you changed nothing, theirs does.",
        ),
        rx.el.ul(rx.foreach(state.others, _change)),
        _start_over(state, "Take theirs"),
        class_name="both-edits",
        role="alert",
        tab_index=-1,
    )


def _start_over(state: Any, text: str) -> rx.Component:
    return rx.el.button(
        text,
        type="button",
        class_name="button small",
        on_click=[drop_draft_first(name_of(state.form)), state.take_stored],
    )


def _change(each: rx.Var[ChangeView]) -> rx.Component:
    return rx.el.li(
        rx.el.b(each.label),
        ": ",
        each.before,
        " → ",
        each.after,
        rx.cond(each.typed != "", rx.fragment("; you typed ", each.typed)),
        key=each.label,
    )


def _delete(state: Any, view: rx.Var[FormView]) -> rx.Component:
    return rx.el.button(
        view.delete,
        type="button",
        class_name="button danger",
        on_click=state.ask_delete(view.thing, view.id),
    )


def _section(
    section: rx.Var[Section], on_kind: Any, beside: Mapping[str, rx.Component]
) -> rx.Component:
    fields = rx.foreach(section.fields, lambda each: _field(each, on_kind))
    return rx.cond(
        section.folded,
        rx.el.details(
            rx.el.summary(section.title),
            rx.el.div(fields, class_name="fields"),
            class_name="more",
            open=section.is_wrong,
            key=section.title,
        ),
        rx.cond(
            section.name != "",
            rx.el.fieldset(
                rx.el.legend(section.title),
                rx.el.div(fields, class_name="fields ticks"),
                *(rx.cond(section.name == name, each) for name, each in beside.items()),
                class_name="choices-of",
                key=section.title,
            ),
            rx.el.div(fields, class_name="fields", key=section.title),
        ),
    )


def _field(each: rx.Var[FieldView], on_kind: Any) -> rx.Component:
    """One field with its label, its help, and what is wrong with it."""
    is_wrong = each.mistake != ""
    return rx.el.div(
        rx.cond(
            each.input == "checkbox",
            _checkbox(each, is_wrong),
            rx.fragment(
                rx.el.label(_label(each), html_for=_id(each, "control"), class_name="label"),
                _control(each, is_wrong, on_kind),
            ),
        ),
        rx.cond(each.help != "", rx.el.p(each.help, class_name="help", id=_id(each, "help"))),
        rx.cond(
            is_wrong,
            rx.el.p(each.mistake, class_name="mistake", role="alert", id=_id(each, "mistake")),
        ),
        rx.cond(each.is_set & ~each.required, _remove(each)),
        class_name=rx.cond(each.wide, "field wide", "field"),
        key=each.of + each.name,
    )


def _id(each: rx.Var[FieldView], what: str) -> rx.Var[str]:
    return rx.Var.create(f"{what}-") + each.name


def _label(each: rx.Var[FieldView]) -> rx.Component:
    optional = rx.el.span(" optional", class_name="optional")
    is_chosen = (each.input == "select") | (each.input == "kind")
    return rx.el.span(each.label, rx.cond(is_chosen | each.required, "", optional))


def _described(each: rx.Var[FieldView]) -> dict[str, Any]:
    return {"aria-describedby": _id(each, "help") + " " + _id(each, "mistake")}


def _control(each: rx.Var[FieldView], is_wrong: Any, on_kind: Any) -> rx.Component:
    shared = {
        "name": each.name,
        "id": _id(each, "control"),
        "custom_attrs": _described(each)
        | {"aria-invalid": is_wrong, "data-of": each.of, "data-secret": each.secret},
        "class_name": "control",
    }
    typed = {**shared, "placeholder": each.placeholder, "default_value": each.value}
    plain = {"auto_complete": "off", "spell_check": False}
    return rx.match(
        each.input,
        ("textarea", rx.el.textarea(rows="3", **typed, **plain)),
        (
            "select",
            rx.el.select(
                rx.foreach(each.options, lambda o: rx.el.option(o.label, value=o.value)),
                default_value=each.value,
                **shared,
            ),
        ),
        (
            "kind",
            rx.el.select(
                rx.foreach(each.options, lambda o: rx.el.option(o.label, value=o.value)),
                default_value=each.value,
                on_change=on_kind,
                **shared | {"custom_attrs": shared["custom_attrs"] | {"data-kind": True}},
            ),
        ),
        ("password", rx.el.input(type="password", auto_complete="new-password", **typed)),
        ("datetime-local", rx.el.input(type="datetime-local", **typed)),
        ("number", rx.el.input(type="text", input_mode="numeric", **typed, **plain)),
        rx.el.input(type="text", **typed, **plain),
    )


def _checkbox(each: rx.Var[FieldView], is_wrong: Any) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=each.name,
            default_checked=each.checked,
            custom_attrs=_described(each) | {"aria-invalid": is_wrong, "data-of": each.of},
        ),
        rx.el.span(each.label),
        class_name="label tick",
    )


def _remove(each: rx.Var[FieldView]) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", name=each.name + REMOVE),
        rx.el.span("Remove what is stored"),
        class_name="label tick",
    )
