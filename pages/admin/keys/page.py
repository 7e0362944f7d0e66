"""The keys' page: what programs come in with, and when it was used last."""

import reflex as rx

from pages.admin.keys.state import LASTS, LIMITED, OVERLAPS, KeysState
from webmon.domain.accounts.api_keys import Scope
from webmon.queries.api_keys import Choice, KeyRow
from webmon.ui.display.moment import moment
from webmon.ui.rooms.room_view import add_button, headline, once_loaded, stays_current
from webmon.ui.shell.frame import frame
from webmon.ui.shell.live import modal
from webmon.ui.shell.shown_once import shown_once

ROUTE = "/keys"
TITLE = "API keys – Beaconry"

SCOPES = {Scope.READ: "Read: sees everything", Scope.WRITE: "Write: also changes things"}


def keys() -> rx.Component:
    """The page."""
    view = KeysState.view
    return frame(
        stays_current(KeysState),
        headline(
            KeysState,
            "API keys",
            None,
            rx.cond(view.may_manage, add_button("Make a key", KeysState.begin)),
        ),
        once_loaded(
            KeysState,
            rx.cond(
                view.may_manage,
                rx.el.p(
                    "Programs use the API with a key. A key can do no more than the person who "
                    "made it, and stops working when their account is deactivated or deleted. "
                    "Keys made on the command line belong to no account.",
                    class_name="lead",
                ),
                rx.el.p("Only admins of all namespaces manage keys.", class_name="none"),
            ),
            rx.cond(
                view.may_manage & (view.found.length() == 0),
                rx.el.p("There is no key yet. Begin with “Make a key” above.", class_name="none"),
            ),
            rx.el.ol(rx.foreach(view.found, _key), class_name="users keys", aria_label="API keys"),
        ),
        _new(),
        _question(),
        _made(),
        who=view.who,
        here="API keys",
    )


def _key(each: rx.Var[KeyRow]) -> rx.Component:
    used = rx.cond(each.used_at != "", rx.fragment("used ", moment(each.used_at)), "never used")
    ends = rx.cond(each.expires_at != "", rx.fragment(", until ", moment(each.expires_at)), "")
    by = rx.cond(each.owner != "", rx.el.span("of ", each.owner, class_name="user-email"))
    return rx.el.li(
        rx.el.div(
            rx.el.span(
                rx.el.b(each.name, dir="auto"),
                " ",
                rx.el.code(each.beginning, "…"),
                by,
                class_name="user-name",
            ),
            rx.el.span(each.scope, ", ", each.where),
            rx.el.span(rx.cond(each.state == "active", rx.fragment(used, ends), each.state)),
            rx.cond(
                each.state == "active",
                rx.el.span(
                    _button("Replace", "replace", each),
                    _button("Revoke", "revoke", each, " danger"),
                    class_name="actions",
                ),
            ),
            class_name="user-row",
            custom_attrs={"data-state": rx.cond(each.state == "active", "", "deactivated")},
        ),
        key=each.id.to(str),
    )


def _button(text: str, step: str, each: rx.Var[KeyRow], more: str = "") -> rx.Component:
    return rx.el.button(
        text,
        type="button",
        class_name=f"button small{more}",
        on_click=KeysState.ask_first(step, each.name),
        aria_label=rx.Var.create(f"{text}: ") + each.name,
    )


def _new() -> rx.Component:
    return modal(
        rx.el.h2("A new key", id="new-key"),
        rx.el.form(
            _label("Name", _input("key_name", placeholder="deploy", required=True)),
            _label("May do", _choice("scope", {each.value: text for each, text in SCOPES.items()})),
            _label("Holds for", _choice("lasts", LASTS)),
            rx.el.fieldset(
                rx.el.legend("Only in these namespaces (none ticked: in all)"),
                rx.foreach(KeysState.view.namespaces, _tick),
            ),
            _buttons("Make it", "primary"),
            on_submit=KeysState.make,
        ),
        is_open=KeysState.makes,
        on_cancel=KeysState.leave,
        labelled_by="new-key",
    )


def _tick(each: rx.Var[Choice]) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", name=rx.Var.create(LIMITED) + each.slug),
        rx.el.span(each.name),
        class_name="tick",
        key=each.slug,
    )


def _question() -> rx.Component:
    asked = KeysState.asked
    replaces = rx.fragment(
        rx.el.p("The new key may do the same, in the same namespaces."),
        _label("The old one still holds for", _choice("overlap", OVERLAPS)),
        _label("The new one holds for", _choice("lasts", LASTS)),
        _buttons("Replace it", "primary"),
    )
    revokes = rx.fragment(
        rx.el.p("Programs that use it are refused at once. This cannot be undone."),
        _buttons("Revoke it", "danger"),
    )
    return modal(
        rx.el.h2(
            rx.cond(asked.step == "revoke", "Revoke ", "Replace "), asked.name, "?", id="key-asked"
        ),
        rx.el.form(rx.cond(asked.step == "revoke", revokes, replaces), on_submit=KeysState.go_on),
        is_open=asked.step != "",
        on_cancel=KeysState.leave,
        labelled_by="key-asked",
    )


def _made() -> rx.Component:
    return shown_once(
        rx.el.h2("The key ", KeysState.key_name, id="key-made"),
        rx.el.p("It is shown only now. Give it to the program alone."),
        text=KeysState.key,
        element_id="api-key",
        label="The key",
        on_done=KeysState.leave,
        labelled_by="key-made",
    )


def _label(text: str, control: rx.Component) -> rx.Component:
    return rx.el.label(text, control, class_name="label")


def _input(name: str, **more: object) -> rx.Component:
    return rx.el.input(name=name, class_name="control", auto_complete="off", **more)


def _choice(name: str, options: dict[str, str]) -> rx.Component:
    return rx.el.select(
        *(rx.el.option(words, value=value) for value, words in options.items()),
        name=name,
        class_name="control",
    )


def _buttons(text: str, look: str) -> rx.Component:
    return rx.el.div(
        rx.el.button("Leave it", type="button", class_name="button", on_click=KeysState.leave),
        rx.el.button(text, type="submit", class_name=f"button {look}"),
        class_name="form-actions",
    )
