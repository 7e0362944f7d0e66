"""The list of hosts, each with its services."""

import reflex as rx

from pages.admin.hosts.host_access import host_access
from pages.admin.hosts.service_row import service_row
from pages.admin.hosts.state import HostsState
from webmon.queries.inventory.host_views import HostView
from webmon.ui.addresses import host_address
from webmon.ui.form_view import form
from webmon.ui.room_view import pages
from webmon.ui.status import icon


def host_list() -> rx.Component:
    """One page of hosts, and the way to the others."""
    summary = HostsState.summary
    return rx.fragment(
        rx.el.ol(rx.foreach(HostsState.hosts, _host), class_name="hosts", tab_index=-1),
        rx.cond(
            HostsState.loaded & (summary.found == 0) & ~summary.empty,
            rx.el.p("No host matches. Change the search, or show all.", class_name="none"),
        ),
        pages(HostsState, summary.page, summary.pages),
    )


def _host(host: rx.Var[HostView]) -> rx.Component:
    opened = HostsState.form
    is_edited = (opened.thing == "host") & (opened.id == host.id)
    gets_service = (opened.thing == "service") & (opened.id == 0) & (opened.parent == host.id)
    return rx.el.li(
        rx.el.div(
            rx.el.span(
                icon(host.status), class_name="status", custom_attrs={"data-status": host.status}
            ),
            rx.el.h2(
                host.name,
                rx.el.span(", ", host.word, class_name="visually-hidden"),
                class_name="host-name",
            ),
            rx.el.p(_about(host), class_name="about"),
            rx.cond(HostsState.can_edit | host.over_ssh, _actions(host)),
            class_name="host-head",
        ),
        rx.cond(HostsState.host.id == host.id, host_access()),
        rx.cond(is_edited, form(HostsState)),
        rx.el.ul(rx.foreach(host.services, service_row), class_name="services"),
        rx.cond(
            host.services.length() == 0,
            rx.el.p("Nothing is checked here yet: add a service.", class_name="none"),
        ),
        rx.cond(gets_service, form(HostsState)),
        class_name="host",
        custom_attrs={"data-status": host.status, "data-host": host.name},
        key=host.id.to(str),
    )


def _about(host: rx.Var[HostView]) -> rx.Component:
    return rx.fragment(
        rx.el.span(host.namespace),
        rx.cond(host.address != host.name, rx.el.span(host.address)),
        rx.cond(
            host.uptime != "",
            rx.el.span(host.uptime, " uptime this month", class_name="uptime"),
        ),
        rx.cond(~host.public, rx.el.span("not public", class_name="tag")),
        rx.el.a("History", href=host_address(host.id), aria_label="History of " + host.name),
    )


def _actions(host: rx.Var[HostView]) -> rx.Component:
    return rx.el.span(
        rx.cond(host.over_ssh, _access(host)),
        rx.cond(HostsState.can_edit, _changes(host)),
        class_name="actions",
    )


def _access(host: rx.Var[HostView]) -> rx.Component:
    return rx.el.button(
        "SSH",
        type="button",
        class_name="button small opens",
        on_click=HostsState.toggle_host(host.id),
        aria_label=rx.Var.create("SSH access of ") + host.name,
        custom_attrs={"aria-expanded": HostsState.host.id == host.id},
    )


def _changes(host: rx.Var[HostView]) -> rx.Component:
    of_host = rx.Var.create(" ") + host.name
    return rx.fragment(
        rx.el.button(
            "Add service",
            type="button",
            class_name="button small",
            on_click=HostsState.open_new("service", host.id),
            aria_label=rx.Var.create("Add service to") + of_host,
        ),
        rx.el.button(
            "Edit",
            type="button",
            class_name="button small",
            on_click=HostsState.open_form("host", host.id),
            aria_label=rx.Var.create("Edit") + of_host,
        ),
        rx.el.button(
            "Delete",
            type="button",
            class_name="button small danger",
            on_click=HostsState.ask_delete("host", host.id),
            aria_label=rx.Var.create("Delete") + of_host,
        ),
    )
