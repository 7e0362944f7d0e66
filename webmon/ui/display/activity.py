"""How what somebody did looks: a line, and what it changed."""

from collections.abc import Callable

import reflex as rx

from webmon.queries.activity import ChangeView, EntryView
from webmon.ui.display.moment import moment

Action = Callable[[rx.Var[EntryView]], rx.Component]


def entries(found: rx.Var[tuple[EntryView, ...]], action: Action | None = None) -> rx.Component:
    """The entries below each other, with what can be done about each."""
    return rx.el.ol(
        rx.foreach(found, lambda each: _entry(each, action)), class_name="activity", tab_index=-1
    )


def _entry(each: rx.Var[EntryView], action: Action | None) -> rx.Component:
    return rx.el.li(
        rx.el.span(moment(each.at), class_name="activity-at"),
        rx.el.div(
            rx.el.p(
                rx.el.b(each.actor, dir="auto"),
                " ",
                each.verb,
                " ",
                rx.cond((each.thing == "user") & (each.name == each.actor), "", _thing(each)),
                rx.el.span(" · ", each.came_from, class_name="quiet"),
            ),
            rx.cond(
                each.changes.length() > 0,
                rx.el.details(
                    rx.el.summary(
                        each.changes.length(),
                        rx.cond(each.changes.length() == 1, " field", " fields"),
                    ),
                    rx.el.dl(rx.foreach(each.changes, _change), class_name="activity-changes"),
                    class_name="more",
                ),
            ),
            action(each) if action else None,
        ),
        key=each.id.to(str),
        custom_attrs={"data-thing": each.thing, "data-way": each.way},
    )


def _thing(each: rx.Var[EntryView]) -> rx.Component:
    return rx.fragment("the ", each.thing, " ", rx.el.span(each.name, dir="auto"))


def _change(each: rx.Var[ChangeView]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(each.field),
        rx.el.dd(rx.el.del_(each.before), " → ", rx.el.ins(each.after), dir="auto"),
        key=each.field,
    )
