"""The room "Hosts": what is wrong, every host and service, and how to change them."""

import reflex as rx

from pages.admin.hosts.host_access import key_confirmation
from pages.admin.hosts.host_list import host_list
from pages.admin.hosts.state import HostsState
from webmon.ui.form_view import form
from webmon.ui.frame import frame
from webmon.ui.moment import moment
from webmon.ui.room_view import add_button, confirmation, headline, no_worker, stays_current

ROUTE = "/hosts"
TITLE = "Hosts – Beaconry"


def hosts() -> rx.Component:
    """The page."""
    return frame(
        stays_current(HostsState),
        _headline(),
        rx.cond(HostsState.summary.worker_silent & HostsState.loaded, _no_worker()),
        rx.cond((HostsState.summary.offline_since != "") & HostsState.loaded, _offline()),
        rx.el.div(
            rx.cond(HostsState.can_edit, _watch()),
            rx.cond(HostsState.loaded & ~HostsState.summary.empty, _filters()),
            class_name="tools",
        ),
        rx.cond((HostsState.form.thing == "host") & (HostsState.form.id == 0), form(HostsState)),
        host_list(),
        confirmation(HostsState),
        key_confirmation(),
        who=HostsState.who,
        here="Hosts",
    )


def _headline() -> rx.Component:
    summary = HostsState.summary
    add = add_button("Add host", HostsState.open_new("host", 0))
    return headline(
        HostsState,
        rx.cond(HostsState.loaded, summary.headline, "Hosts"),
        summary.status,
        rx.cond(HostsState.can_edit, add),
    )


def _no_worker() -> rx.Component:
    since = HostsState.summary.silent_since
    return no_worker(
        "Nothing is being checked",
        rx.cond(
            since != "",
            rx.fragment(
                "no worker has reported since ",
                moment(since, seconds=False),
                ". The statuses are from then. Start one with ",
            ),
            "no worker has reported within 30 seconds. Start one with ",
        ),
    )


def _offline() -> rx.Component:
    return rx.el.p(
        rx.el.b(
            "The monitor itself has been offline since ",
            moment(HostsState.summary.offline_since, seconds=False),
            ": ",
        ),
        "none of its connectivity targets answers. The statuses are from then. Until one answers, "
        "results are stored as no data and nobody is notified.",
        class_name="notice",
        role="status",
    )


def _watch() -> rx.Component:
    wrong = HostsState.watch_mistake != ""
    return rx.el.form(
        rx.el.label(
            rx.cond(HostsState.summary.empty, "Watch a site now", "Watch a site"),
            html_for="watch-url",
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
            class_name="watch-line",
        ),
        rx.cond(
            wrong,
            rx.el.p(HostsState.watch_mistake, class_name="mistake", role="alert"),
        ),
        rx.el.p(
            rx.cond(
                HostsState.summary.empty,
                "Enter a URL; the checks are set up for you. You can change all of it later.",
                "Enter a URL; the checks are set up for you.",
            ),
            class_name="help",
            id="watch-help",
        ),
        on_submit=HostsState.watch,
        class_name=rx.cond(HostsState.summary.empty, "watch first", "watch"),
        custom_attrs={"noValidate": True},
    )


def _filters() -> rx.Component:
    return rx.el.div(
        rx.el.label(
            "Find hosts and services",
            rx.el.input(
                type="search",
                placeholder="Name or address",
                default_value=HostsState.search,
                class_name="control",
                on_change=HostsState.search_for.debounce(250),
                key=HostsState.search_serial.to(str),
            ),
            class_name="label",
        ),
        rx.el.div(
            _choice("All", ""),
            rx.foreach(HostsState.namespaces, lambda each: _choice(each.name, each.slug)),
            class_name="choices",
            role="group",
            aria_label="Namespace",
        ),
        class_name="filters",
    )


def _choice(name: str | rx.Var[str], slug: str | rx.Var[str]) -> rx.Component:
    return rx.el.button(
        name,
        type="button",
        class_name="choice",
        on_click=HostsState.choose_namespace(slug),
        custom_attrs={"aria-pressed": HostsState.namespace == slug},
        key=slug,
    )
