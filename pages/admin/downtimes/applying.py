"""The planned downtime of a host, a service or an outage, on their own pages."""

from typing import Any

import reflex as rx

from pages.admin.downtimes.starting import AtOnceState
from webmon.queries.downtimes.room import TimeView
from webmon.ui.addresses import downtime_address
from webmon.ui.display.menu import action, menu_id
from webmon.ui.display.moment import span
from webmon.ui.display.panel import panel
from webmon.ui.shell.live import modal


def planned_panel(state: Any, kind: str) -> rx.Component:
    """What applies now and next, and two clicks that begin one; ``state`` derives from `Starting`.

    ``kind`` is ``host`` or ``service``.
    """
    view = state.view
    return panel(
        "Planned downtime",
        rx.cond(
            state.planned.length() > 0,
            rx.el.ul(rx.foreach(state.planned, planned_row), class_name="rows"),
            rx.el.p("None is planned.", class_name="quiet"),
        ),
        rx.cond(
            view.can_edit,
            rx.el.div(
                rx.el.button(
                    "Start planned downtime now, 30 minutes",
                    type="button",
                    class_name="button small",
                    on_click=state.ask_start_now,
                ),
                rx.el.a(
                    "Plan downtime",
                    href=rx.Var.create(f"/downtime/?plan={kind}-") + view.id.to_string(),
                    class_name="button small",
                ),
                class_name="actions",
            ),
        ),
        _question(state),
        href="/downtime/",
    )


def planning_items(kind: str, row_id: rx.Var[int], of: rx.Var[str]) -> rx.Component:
    """Two lines of the menu of a host or a service: begin downtime at once, or plan it."""
    now = "Planned downtime now, 30 minutes"
    return rx.fragment(
        action(
            now,
            AtOnceState.start(kind, row_id),
            menu_id(kind, row_id),
            label=rx.Var.create(f"{now}: ") + of,
        ),
        rx.el.a(
            "Plan downtime",
            href=rx.Var.create(f"/downtime/?plan={kind}-") + row_id.to_string(),
            class_name="menu-item",
        ),
    )


def planned_row(each: rx.Var[TimeView]) -> rx.Component:
    """One time of a downtime, with the way to it."""
    return rx.el.li(
        rx.el.a(each.title, href=downtime_address(each.id), dir="auto"),
        rx.el.span(
            each.word,
            " ",
            span(each.starts_at, each.ends_at),
            class_name="quiet",
        ),
        key=each.id.to(str),
    )


def _question(state: Any) -> rx.Component:
    return modal(
        rx.el.h2("Start planned downtime of ", state.view.name, " now?", id="start-question"),
        rx.el.p(
            "It lasts 30 minutes, and can be extended. X and Slack hear no alarms of it meanwhile; "
            "channels that want planned downtime are told that it has started."
        ),
        rx.el.div(
            rx.el.button(
                "Leave it",
                type="button",
                class_name="button",
                on_click=state.leave_start,
            ),
            rx.el.button(
                "Start now",
                type="button",
                class_name="button primary",
                on_click=state.start_now,
                auto_focus=True,
            ),
            class_name="form-actions",
        ),
        is_open=state.asks_start,
        on_cancel=state.leave_start,
        labelled_by="start-question",
    )
