"""How the history of a thing looks: what was done to it, and the way back from each edit."""

from typing import Any

import reflex as rx

from webmon.queries.activity import EntryView
from webmon.ui.addresses import activity_address
from webmon.ui.display.activity import entries
from webmon.ui.display.panel import panel


def history_panel(state: Any) -> rx.Component:
    """The part "History" of a page, for who may see it. ``state`` derives from
    `webmon.ui.rooms.history.Remembering`."""
    return rx.cond(state.history.thing_id != 0, panel("History", history(state), wide=True))


def history_part(state: Any, thing: str, row_id: rx.Var[int]) -> rx.Component:
    """The same within what is open of a row."""
    is_there = (state.history.thing == thing) & (state.history.thing_id == row_id)
    return rx.cond(is_there, rx.fragment(rx.el.h3("History", class_name="history"), history(state)))


def history(state: Any) -> rx.Component:
    """The entries of the open thing, their pages, and the way to all of the activity."""
    view = state.history
    return rx.fragment(
        entries(view.found, lambda each: _put_back(state, each)),
        rx.el.div(
            rx.cond(view.before > 0, _turn("Latest", state, 0)),
            rx.cond(view.older > 0, _turn("Older", state, view.older)),
            rx.el.a("In the activity", href=activity_address(view.thing, view.thing_id)),
            class_name="history-ways",
        ),
    )


def _turn(text: str, state: Any, before: Any) -> rx.Component:
    return rx.el.button(
        text, type="button", class_name="button small", on_click=state.turn_history(before)
    )


def _put_back(state: Any, each: rx.Var[EntryView]) -> rx.Component:
    button = rx.el.button(
        "Put back",
        type="button",
        class_name="button small",
        on_click=state.put_back(each.id),
        aria_label=rx.Var.create("Put back what was changed by ") + each.actor,
        title="Gives back the values from before this edit",
    )
    return rx.cond(each.can_put_back, button)
