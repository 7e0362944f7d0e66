"""How something is added on the page of hosts: the menu, and what is asked first."""

from typing import Any

import reflex as rx

from pages.admin.hosts.adding_state import SERVICE, SITE
from pages.admin.hosts.state import HostsState
from webmon.ui.display.menu import action, menu, menu_id
from webmon.ui.forms.drafts import draft_of

NONE = rx.Var.create(0)


def add_menu() -> rx.Component:
    """The button "Add", and what can be added."""
    inside = menu_id("add", NONE)
    has_hosts = ~HostsState.summary.empty
    return menu(
        "",
        "add",
        NONE,
        action("A site, by its URL", HostsState.add(SITE), inside),
        action("A host", HostsState.open_new("host", 0), inside, label="Add host"),
        rx.cond(has_hosts, action("A service of a host", HostsState.add(SERVICE), inside)),
        rx.el.a("From another monitor", href="/import/", class_name="menu-item"),
        opener="Add",
    )


def adding() -> rx.Component:
    """What is asked before there is a form. Where nothing is watched, a URL is asked for."""
    return rx.cond(
        HostsState.can_edit,
        rx.cond(
            (HostsState.adding == SITE) | HostsState.summary.empty,
            _site(),
            rx.cond(HostsState.adding == SERVICE, _service()),
        ),
    )


def _site() -> rx.Component:
    wrong = HostsState.watch_mistake != ""
    is_first = HostsState.summary.empty
    return rx.el.form(
        rx.el.label(
            rx.cond(is_first, "Watch a site now", "Watch a site"),
            html_for="watch-url",
            class_name="adding-title",
        ),
        rx.el.div(
            rx.el.input(
                type="text",
                input_mode="url",
                id="watch-url",
                name="url",
                placeholder="www.example.org",
                auto_complete="off",
                spell_check=False,
                class_name="control",
                custom_attrs={"aria-invalid": wrong, "aria-describedby": "watch-help"},
                key=HostsState.watch_serial.to(str),
            ),
            rx.el.button("Watch", type="submit", class_name="button primary"),
            rx.cond(~is_first, _cancel()),
            class_name="watch-line",
        ),
        rx.cond(wrong, rx.el.p(HostsState.watch_mistake, class_name="mistake", role="alert")),
        rx.el.div(
            rx.cond(HostsState.namespaces.length() > 1, _namespace()),
            rx.el.label(
                rx.el.input(type="checkbox", name="public", default_checked=True),
                rx.el.span("Show it on the public page"),
                class_name="label tick",
            ),
            rx.el.input(type="hidden", name="public_asked", value="1"),
            class_name="watch-more",
        ),
        rx.el.p(
            rx.cond(
                is_first,
                "Enter a URL; the checks are set up for you. You can change all of it later.",
                "Enter a URL; the checks are set up for you.",
            ),
            class_name="help",
            id="watch-help",
        ),
        on_submit=HostsState.watch,
        class_name=rx.cond(is_first, "adding first", "adding"),
        custom_attrs=draft_of("watch"),
    )


def _namespace() -> rx.Component:
    chosen = rx.foreach(
        HostsState.namespaces,
        lambda each: rx.el.option(
            each.name, value=each.id.to_string(), selected=each.slug == HostsState.namespace
        ),
    )
    return rx.el.label(
        "Namespace",
        rx.el.select(chosen, name="namespace_id", class_name="control"),
        class_name="label",
    )


def _service() -> rx.Component:
    return rx.el.form(
        rx.el.label("Add a service to", html_for="service-host", class_name="adding-title"),
        rx.el.div(
            rx.el.select(
                rx.foreach(
                    HostsState.host_names,
                    lambda each: rx.el.option(each.name, value=each.id.to_string()),
                ),
                id="service-host",
                name="host",
                class_name="control",
            ),
            rx.el.button("Continue", type="submit", class_name="button primary"),
            _cancel(),
            class_name="watch-line",
        ),
        on_submit=HostsState.choose_host,
        class_name="adding",
    )


def _cancel() -> Any:
    return rx.el.button(
        "Cancel", type="button", class_name="button", on_click=HostsState.close_adding
    )
