"""How many hosts are changed at once: the bar below the list."""

import reflex as rx

from pages.admin.hosts.bulk_state import ACTIONS
from pages.admin.hosts.state import HostsState
from webmon.queries.inventory.host_views import HostView


def select_button() -> rx.Component:
    """Begins to select; stands beside the filters."""
    return rx.cond(
        HostsState.can_edit,
        rx.el.button(
            rx.cond(HostsState.selecting, "Done", "Select"),
            type="button",
            class_name="button",
            on_click=HostsState.toggle_selecting,
            custom_attrs={"aria-pressed": HostsState.selecting},
        ),
    )


def tick(host: rx.Var[HostView]) -> rx.Component:
    """Selects a host."""
    return rx.cond(
        HostsState.selecting,
        rx.el.label(
            rx.el.input(
                type="checkbox",
                checked=HostsState.selected.contains(host.id),
                on_change=HostsState.select_host(host.id),
                aria_label=rx.Var.create("Select ") + host.name,
            ),
            class_name="select-host",
        ),
    )


def bulk_bar() -> rx.Component:
    """What is selected, what to do with it, and what that would change."""
    return rx.fragment(
        rx.cond(HostsState.selecting, _bar()),
        rx.cond(
            HostsState.undo_told != "",
            rx.el.p(
                HostsState.undo_told,
                " ",
                rx.el.button(
                    "Undo", type="button", class_name="button", on_click=HostsState.undo_bulk
                ),
                class_name="bulk undo",
                role="status",
            ),
        ),
    )


def _bar() -> rx.Component:
    count = rx.cond(HostsState.every, HostsState.summary.found, HostsState.selected.length())
    return rx.el.form(
        rx.el.p(
            rx.el.b(count, rx.cond(count == 1, " host selected. ", " hosts selected. ")),
            rx.el.button(
                "This page",
                type="button",
                class_name="button quiet",
                on_click=HostsState.select_page,
            ),
            rx.cond(
                HostsState.summary.pages > 1,
                rx.el.button(
                    "All ",
                    HostsState.summary.found,
                    " that match",
                    type="button",
                    class_name="button quiet",
                    on_click=HostsState.select_every,
                ),
            ),
            role="status",
        ),
        rx.el.div(
            rx.el.select(
                *(rx.el.option(text, value=what) for what, text in ACTIONS.items()),
                value=HostsState.bulk_what,
                on_change=HostsState.choose_action,
                class_name="control",
                aria_label="What to do",
            ),
            _value(),
            rx.el.button(
                "Preview",
                type="submit",
                class_name="button",
                disabled=~HostsState.every & (HostsState.selected.length() == 0),
            ),
            class_name="watch-line",
        ),
        rx.cond(
            HostsState.bulk_mistake != "",
            rx.el.p(HostsState.bulk_mistake, class_name="mistake", role="alert"),
        ),
        rx.cond(HostsState.previewed.length() > 0, _preview()),
        on_submit=HostsState.preview_bulk,
        class_name="bulk",
        custom_attrs={"noValidate": True},
    )


def _value() -> rx.Component:
    shared = {"name": "value", "class_name": "control", "aria_label": "To which value"}
    namespace = rx.el.select(
        rx.foreach(
            HostsState.namespaces,
            lambda each: rx.el.option(each.name, value=each.id.to_string()),
        ),
        **shared,
    )
    return rx.match(
        HostsState.bulk_what,
        ("pause", rx.fragment()),
        ("resume", rx.fragment()),
        ("delete", rx.fragment()),
        ("namespace", namespace),
        rx.el.input(
            type="text",
            auto_complete="off",
            placeholder=rx.match(
                HostsState.bulk_what,
                ("interval_seconds", "5m"),
                ("timeout_seconds", "10s"),
                ("retry_seconds", "10s"),
                ("failures_to_down", "2"),
                ("successes_to_up", "1"),
                "web",
            ),
            key=HostsState.bulk_what,
            **shared,
        ),
    )


def _preview() -> rx.Component:
    return rx.el.div(
        rx.el.ul(rx.foreach(HostsState.previewed, lambda line: rx.el.li(line))),
        rx.el.button(
            rx.cond(HostsState.bulk_what == "delete", "Delete", "Apply"),
            type="button",
            class_name=rx.cond(HostsState.bulk_what == "delete", "button danger", "button primary"),
            on_click=HostsState.apply_bulk,
        ),
        class_name="bulk-preview",
        role="status",
    )
