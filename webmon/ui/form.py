"""How a form looks: its fields one below the other, what is wrong beside the field."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from webmon.ui.config_form import REMOVE, FieldView


@dataclass(frozen=True, slots=True)
class FormView:
    """The form that is open. ``thing`` and ``id`` say on what; id 0 is a new one."""

    thing: str = ""
    id: int = 0
    parent: int = 0
    """The host of a new service."""
    revision: int = 0
    title: str = ""
    submit: str = "Save"
    kind: str = ""
    fields: tuple[FieldView, ...] = ()
    config: tuple[FieldView, ...] = ()
    options: tuple[FieldView, ...] = ()
    """The fields of the config that are folded away, because nothing is said in them yet."""
    more: tuple[FieldView, ...] = ()
    access: tuple[FieldView, ...] = ()
    """Who logs in at a host."""
    choices: tuple[FieldView, ...] = ()
    """Checkboxes of which any number may be ticked, such as a channel's events."""
    choices_title: str = ""
    options_title: str = "Request and expectations"
    serial: int = 0
    """Another one for every opening, so that the browser starts from an empty form."""

    def control_of(self, field: str) -> str:
        """The control that an error in ``field`` belongs to; empty where it is none of them."""
        parts = (
            self.fields,
            self.config,
            self.choices,
            self.options,
            self.more,
            self.access,
        )
        names = [each.name for part in parts for each in part]
        return next((n for n in names if field == n or field.startswith(f"{n}.")), "")

    def mistake(self, field: str, message: str) -> "Mistake":
        """What is wrong, at the control that it belongs to."""
        control = self.control_of(field)
        return Mistake(
            control,
            message if control or not field else f"{field}: {message}",
            in_options=any(each.name == control for each in self.options),
            in_more=any(each.name == control for each in self.more),
            in_access=any(each.name == control for each in self.access),
        )


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with what was typed: the control (empty: the whole) and the reason."""

    control: str = ""
    message: str = ""
    in_options: bool = False
    in_more: bool = False
    in_access: bool = False


# The browser has drawn the change by then.
SOON_MS = 60

FOCUS_FORM = rx.call_script(
    "globalThis.openedBy = document.activeElement;"
    f"setTimeout(() => document.querySelector('form.form .control')?.focus(), {SOON_MS})"
)
FOCUS_OPENER = rx.call_script(
    "setTimeout(() => (globalThis.openedBy?.isConnected ? globalThis.openedBy"
    f" : document.getElementById('main'))?.focus(), {SOON_MS})"
)
FOCUS_LIST = rx.call_script(
    "setTimeout(() => { const list = document.querySelector('main > ol');"
    f"list?.scrollIntoView(); list?.focus({{preventScroll: true}}); }}, {SOON_MS})"
)
"""Another page of a list is read from its top."""
FOCUS_MISTAKE = rx.call_script(
    "setTimeout(() => document.querySelector('form [aria-invalid=true], form [role=alert]')"
    f"?.focus(), {SOON_MS})"
)


def form(
    view: rx.Var[FormView],
    mistake: rx.Var[Mistake],
    *,
    on_submit: Any,
    on_cancel: Any,
    on_kind: Any,
    on_delete: Any = None,
) -> rx.Component:
    """The form ``view`` with the buttons to send it and to leave it.

    That of a service also has the one to delete it; namespaces and hosts have theirs outside.
    """

    def draw(fields: rx.Var[tuple[FieldView, ...]], of: str | rx.Var[str] = "") -> rx.Component:
        """``of`` makes the fields of one kind others than those of another one."""
        return rx.foreach(
            fields, lambda each: field(each, mistake, on_kind, key=rx.Var.create(of) + each.name)
        )

    return rx.el.form(
        rx.el.h2(view.title, class_name="form-title"),
        rx.cond(
            (mistake.message != "") & (mistake.control == ""),
            rx.el.p(mistake.message, class_name="mistake", role="alert", tab_index=-1),
        ),
        rx.el.div(draw(view.fields), draw(view.config, view.kind), class_name="fields"),
        rx.cond(
            view.choices.length() > 0,
            rx.el.fieldset(
                rx.el.legend(view.choices_title),
                rx.el.div(draw(view.choices), class_name="fields ticks"),
                class_name="choices-of",
            ),
        ),
        rx.cond(
            view.options.length() > 0,
            _folded(view.options_title, draw(view.options, view.kind), mistake.in_options),
        ),
        rx.cond(
            view.more.length() > 0,
            _folded("Alerting and visibility", draw(view.more), mistake.in_more),
        ),
        rx.cond(
            view.access.length() > 0,
            _folded("SSH access", draw(view.access), mistake.in_access),
        ),
        rx.el.div(
            rx.el.button(view.submit, type="submit", class_name="button primary"),
            rx.el.button("Cancel", type="button", class_name="button", on_click=on_cancel),
            *([_delete(view, on_delete)] if on_delete is not None else []),
            class_name="form-actions",
        ),
        on_submit=on_submit,
        class_name="form",
        custom_attrs={"noValidate": True},
        key=view.serial.to(str),
    )


def _delete(view: rx.Var[FormView], on_delete: Any) -> rx.Component:
    return rx.cond(
        (view.thing == "service") & (view.id != 0),
        rx.el.button(
            "Delete service", type="button", class_name="button danger", on_click=on_delete
        ),
    )


def _folded(title: str | rx.Var[str], fields: rx.Component, is_open: rx.Var[bool]) -> rx.Component:
    return rx.el.details(
        rx.el.summary(title),
        rx.el.div(fields, class_name="fields"),
        class_name="more",
        open=is_open,
    )


def field(
    each: rx.Var[FieldView],
    mistake: rx.Var[Mistake],
    on_kind: Any,
    *,
    key: rx.Var[str],
) -> rx.Component:
    """One field with its label, its help, and what is wrong with it."""
    is_wrong = (mistake.message != "") & (mistake.control == each.name)
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
            rx.el.p(mistake.message, class_name="mistake", role="alert", id=_id(each, "mistake")),
        ),
        rx.cond(each.is_set & ~each.required, _remove(each)),
        class_name=rx.cond(each.wide, "field wide", "field"),
        key=key,
    )


def _id(each: rx.Var[FieldView], what: str) -> rx.Var[str]:
    return rx.Var.create(f"{what}-") + each.name


def _label(each: rx.Var[FieldView]) -> rx.Component:
    optional = rx.el.span(" optional", class_name="optional")
    return rx.el.span(each.label, rx.cond(each.required | (each.input == "select"), "", optional))


def _described(each: rx.Var[FieldView]) -> dict[str, Any]:
    return {"aria-describedby": _id(each, "help") + " " + _id(each, "mistake")}


def _control(each: rx.Var[FieldView], is_wrong: Any, on_kind: Any) -> rx.Component:
    shared = {
        "name": each.name,
        "id": _id(each, "control"),
        "custom_attrs": _described(each) | {"aria-invalid": is_wrong},
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
                **shared,
            ),
        ),
        ("password", rx.el.input(type="password", auto_complete="new-password", **typed)),
        ("number", rx.el.input(type="text", input_mode="numeric", **typed, **plain)),
        rx.el.input(type="text", **typed, **plain),
    )


def _checkbox(each: rx.Var[FieldView], is_wrong: Any) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=each.name,
            default_checked=each.checked,
            custom_attrs=_described(each) | {"aria-invalid": is_wrong},
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
