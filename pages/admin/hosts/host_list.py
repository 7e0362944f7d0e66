"""The list of hosts: one line each, which opens to its services."""

import reflex as rx

from pages.admin.downtimes.applying import planning_items
from pages.admin.hosts.bulk import bulk_bar, tick
from pages.admin.hosts.host_access import host_access
from pages.admin.hosts.service_row import service_row
from pages.admin.hosts.state import HostsState
from webmon.queries.inventory.host_choice import Sort
from webmon.queries.inventory.host_views import HostView
from webmon.ui.addresses import host_address
from webmon.ui.display.menu import action, menu, menu_id
from webmon.ui.display.moment import ago
from webmon.ui.display.status import icon
from webmon.ui.forms.form_view import form
from webmon.ui.rooms.room_view import pages

COLUMNS = (
    ("Status", Sort.STATUS),
    ("Name", Sort.NAME),
    ("", None),
    ("Response", Sort.RESPONSE),
    ("Uptime", Sort.UPTIME),
    ("Certificate", Sort.CERTIFICATE),
    ("Changed", Sort.CHANGE),
)


def host_list() -> rx.Component:
    """One page of hosts, and the way to the others."""
    summary = HostsState.summary
    return rx.fragment(
        rx.cond(summary.found > 0, _heads()),
        rx.el.ol(rx.foreach(HostsState.hosts, _host), class_name="hosts", tab_index=-1),
        rx.cond(
            HostsState.loaded & (summary.found == 0) & ~summary.empty,
            rx.el.p(
                "No host matches. ",
                rx.el.button(
                    "Show all",
                    type="button",
                    class_name="button quiet",
                    on_click=HostsState.show_all,
                ),
                class_name="none",
            ),
        ),
        _place(),
        pages(HostsState, summary.page, summary.pages),
        bulk_bar(),
    )


def _heads() -> rx.Component:
    """What the columns are; each puts the list in its order."""
    return rx.el.div(
        *(
            rx.el.span()
            if sort is None
            else rx.el.button(
                text,
                type="button",
                class_name="list-sort",
                on_click=HostsState.sort_by(sort.value),
                aria_label=f"Sort by {text.lower()}",
                custom_attrs={"aria-pressed": HostsState.sort == sort.value},
            )
            for text, sort in COLUMNS
        ),
        class_name="line list-heads",
        role="group",
        aria_label="Order",
    )


def _place() -> rx.Component:
    """Which part of the list this is; and that its order is no longer that of now."""
    summary = HostsState.summary
    return rx.el.p(
        rx.cond(
            summary.pages > 1,
            rx.el.span(summary.first, "–", summary.last, " of ", summary.found),
        ),
        rx.cond(
            summary.moves > 0,
            rx.el.button(
                summary.moves,
                rx.cond(summary.moves == 1, " change · reorder", " changes · reorder"),
                type="button",
                class_name="button small reorder",
                on_click=HostsState.reorder,
            ),
        ),
        class_name="list-place",
        role="status",
    )


def _host(host: rx.Var[HostView]) -> rx.Component:
    opened = HostsState.form
    is_edited = (opened.thing == "host") & (opened.id == host.id)
    gets_service = (opened.thing == "service") & (opened.id == 0) & (opened.parent == host.id)
    return rx.el.li(
        _line(host),
        rx.cond(HostsState.host.id == host.id, host_access()),
        rx.cond(is_edited, form(HostsState)),
        rx.cond(
            host.is_open,
            rx.fragment(
                rx.el.ul(rx.foreach(host.services, service_row), class_name="services"),
                rx.cond(
                    host.services.length() == 0,
                    rx.el.p("Nothing is checked here yet: add a service.", class_name="none"),
                ),
            ),
        ),
        rx.cond(gets_service, form(HostsState)),
        class_name="host",
        custom_attrs={"data-status": host.status, "data-host": host.name},
        key=host.id.to(str),
    )


def _line(host: rx.Var[HostView]) -> rx.Component:
    return rx.el.div(
        rx.el.span(
            tick(host),
            icon(host.status),
            rx.el.span(host.count, class_name="count"),
            class_name="status",
            custom_attrs={"data-status": host.status},
        ),
        rx.el.h2(
            rx.el.button(
                rx.el.span(host.name, dir="auto"),
                rx.el.span(", ", host.word, class_name="visually-hidden"),
                type="button",
                class_name="fold",
                on_click=HostsState.toggle_services(host.id),
                custom_attrs={"aria-expanded": host.is_open},
            ),
            class_name="host-name",
        ),
        rx.el.span(
            rx.cond(
                (HostsState.namespaces.length() > 1) & (HostsState.namespace == ""),
                rx.el.span(host.namespace, dir="auto"),
            ),
            rx.cond(host.address != host.name, rx.el.span(host.address)),
            rx.cond(~host.public, rx.el.span("not public", class_name="tag")),
            rx.foreach(host.tags, lambda tag: rx.el.span(tag, class_name="tag", dir="auto")),
            class_name="about",
        ),
        rx.el.span(host.response, class_name="figure response", title="95 % in 24 hours"),
        rx.el.span(host.uptime, class_name="figure uptime", title="Uptime this month"),
        rx.el.span(host.certificate, class_name="figure certificate"),
        rx.el.span(ago(host.since, HostsState.as_of), class_name="figure when"),
        _menu(host),
        class_name="line host-line",
    )


def _menu(host: rx.Var[HostView]) -> rx.Component:
    of_host = rx.Var.create(" ") + host.name
    inside = menu_id("host", host.id)
    return menu(
        host.name,
        "host",
        host.id,
        rx.el.a("History and settings", href=host_address(host.id), class_name="menu-item"),
        rx.cond(
            host.over_ssh,
            action(
                "SSH access",
                HostsState.toggle_host(host.id),
                inside,
                label=rx.Var.create("SSH access of") + of_host,
            ),
        ),
        rx.cond(
            HostsState.can_edit,
            rx.fragment(
                action(
                    "Add service",
                    HostsState.open_new("service", host.id),
                    inside,
                    label=rx.Var.create("Add service to") + of_host,
                ),
                action(
                    "Edit",
                    HostsState.open_form("host", host.id),
                    inside,
                    label=rx.Var.create("Edit") + of_host,
                ),
                action(
                    "Duplicate",
                    HostsState.duplicate("host", host.id),
                    inside,
                    label=rx.Var.create("Duplicate") + of_host,
                ),
                planning_items("host", host.id, host.name),
                action(
                    "Delete",
                    HostsState.ask_delete("host", host.id),
                    inside,
                    label=rx.Var.create("Delete") + of_host,
                    class_name="danger",
                ),
            ),
        ),
    )
