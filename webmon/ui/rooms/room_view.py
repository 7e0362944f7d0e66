"""What the pages of rooms have in common: the headline, the pages of a list, the question."""

from typing import Any

import reflex as rx

from webmon.ui.display.moment import moment
from webmon.ui.display.status import icon
from webmon.ui.forms.drafts import reopened
from webmon.ui.rooms.room import Editing
from webmon.ui.shell.live import live, modal
from webmon.ui.shell.tab_sign import tab_sign


def stays_current(state: Any) -> rx.Component:
    """Has the room look again every few seconds while it is in view, and open the form again
    that was open before a restart of the server."""
    current = live(on_tick=state.tick.temporal, seen=state.as_of)
    return rx.fragment(current, reopened(state)) if issubclass(state, Editing) else current


def headline(
    state: Any, text: Any, status: rx.Var[str] | None, *actions: rx.Component
) -> rx.Component:
    """The room in one line: its worst status, when that was so, and what can be added here.

    ``status`` is None in rooms that are about none.
    """
    shape = (
        [rx.el.span(icon(status), class_name="status", custom_attrs={"data-status": status})]
        if status is not None
        else []
    )
    return rx.el.div(
        tab_sign(status=state.worst),
        rx.el.h1(*shape, text),
        rx.cond(state.loaded, rx.el.span("as of ", moment(state.as_of), class_name="as-of")),
        *actions,
        class_name="headline",
    )


def once_loaded(state: Any, *content: rx.Component) -> rx.Component:
    """What the room shows; its outline as long as nothing is known, as on slow links."""
    return rx.cond(state.loaded, rx.fragment(*content), outline())


def outline() -> rx.Component:
    """Where the lines of a list will stand."""
    return rx.el.div(
        *(rx.el.div(class_name="skeleton") for _ in range(8)),
        class_name="outline",
        aria_hidden="true",
        key="outline",  # else what replaces it is taken for the same thing, which has moved
    )


def add_button(label: str, on_click: Any) -> rx.Component:
    """Opens the form of a new row; stands in the headline."""
    button = rx.el.button(label, type="button", class_name="button", on_click=on_click)
    return rx.el.span(button, class_name="actions")


def search_field(
    label: str, value: rx.Var[str], on_change: Any, key: rx.Var[int], placeholder: str = ""
) -> rx.Component:
    """Searches while somebody types; another ``key`` draws it again with ``value``."""
    more = {"placeholder": placeholder} if placeholder else {}
    return rx.el.label(
        label,
        rx.el.input(
            type="search",
            class_name="control",
            default_value=value,
            on_change=on_change,
            key=key.to(str),
            **more,
        ),
        class_name="label",
    )


def pages(state: Any, page: rx.Var[int], of: rx.Var[int]) -> rx.Component:
    """The way to the other pages of a list; nothing where there is only one."""
    return rx.cond(
        of > 1,
        rx.el.nav(
            _turn(state, "Previous", page - 1, page <= 1),
            rx.el.span("Page ", page, " of ", of),
            _turn(state, "Next", page + 1, page >= of),
            class_name="pages",
            aria_label="Pages of the list",
        ),
    )


def _turn(state: Any, text: str, page: rx.Var[int], is_over: rx.Var[bool]) -> rx.Component:
    return rx.el.button(
        text, type="button", class_name="button", disabled=is_over, on_click=state.turn_to(page)
    )


def no_worker(consequence: str, *since: rx.Component | str, and_so: str = "") -> rx.Component:
    """The notice that no worker runs, and how to start one."""
    return rx.el.p(
        rx.el.b(f"{consequence}: "),
        *(since or ("no worker has reported within 30 seconds. Start one with ",)),
        rx.el.code("webmon worker"),
        ", or both processes with ",
        rx.el.code("webmon up"),
        f".{and_so}",
        class_name="notice",
        role="status",
    )


def confirmation(state: Any) -> rx.Component:
    """The question before something is deleted, and then the way back; ``state`` derives from
    `room.Editing`."""
    return rx.fragment(_question(state), _way_back(state))


def _way_back(state: Any) -> rx.Component:
    """Undoes the last deletion; its style hides it when that is too late."""
    return rx.cond(
        state.gone.id != 0,
        rx.el.p(
            rx.el.span(state.gone.told, dir="auto"),
            rx.el.button("Undo", type="button", class_name="button", on_click=state.undo_delete),
            class_name="bulk undo for-now",
            role="status",
            key=state.gone.id.to(str),
        ),
    )


def _question(state: Any) -> rx.Component:
    return modal(
        rx.el.h2(state.doomed.question, id="question"),
        rx.el.p(
            rx.cond(
                state.doomed.thing == "user",
                "This cannot be undone.",
                "For 10 seconds this can be undone.",
            )
        ),
        rx.el.form(
            rx.cond(state.doomed.typed != "", _typed(state.doomed.typed)),
            rx.el.div(
                rx.el.button(
                    "Keep", type="button", class_name="button", on_click=state.keep, auto_focus=True
                ),
                rx.el.button("Delete", type="submit", class_name="button danger"),
                class_name="form-actions",
            ),
            on_submit=state.delete,
        ),
        is_open=state.doomed.thing != "",
        on_cancel=state.keep,
        labelled_by="question",
    )


def _typed(text: rx.Var[str]) -> rx.Component:
    """Asks for ``text``, letters, digits and hyphens; the browser sends nothing before."""
    return rx.el.label(
        rx.el.span("Type ", rx.el.code(text), " to delete it."),
        rx.el.input(
            name="typed",
            required=True,
            pattern=text,
            auto_complete="off",
            custom_attrs={"autoCapitalize": "none", "spellCheck": False},
        ),
        class_name="typed",
    )
