"""One service in the list: its line, and what opens below it."""

import reflex as rx

from pages.admin.downtimes.applying import planning_items
from pages.admin.hosts.host_access import accept_button
from pages.admin.hosts.service_detail import service_detail
from pages.admin.hosts.state import HostsState
from webmon.queries.inventory.host_views import ServiceView
from webmon.ui.addresses import service_address
from webmon.ui.display.check_bar import check_bar
from webmon.ui.display.menu import action, menu, menu_id
from webmon.ui.display.moment import ago, moment
from webmon.ui.display.status import icon
from webmon.ui.forms.form_view import form


def service_row(service: rx.Var[ServiceView]) -> rx.Component:
    """The line of a service. Its name opens the evidence; its form stands below."""
    is_open = HostsState.detail.id == service.id
    is_edited = (HostsState.form.thing == "service") & (HostsState.form.id == service.id)
    return rx.el.li(
        _line(service, is_open),
        rx.cond(
            service.message != "",
            rx.el.div(
                rx.el.p(service.message),
                rx.cond(
                    HostsState.is_admin & (service.changed_port != 0),
                    accept_button(service.host_id, service.changed_port),
                ),
                class_name="message",
            ),
        ),
        rx.cond(is_open, service_detail(HostsState.detail, service)),
        rx.cond(is_edited, form(HostsState)),
        class_name="service",
        custom_attrs={"data-status": service.status, "data-service": service.name},
        key=service.id.to(str),
    )


def _line(service: rx.Var[ServiceView], is_open: rx.Var[bool]) -> rx.Component:
    return rx.el.div(
        rx.el.span(
            icon(service.status),
            rx.el.span(service.word, class_name="word", title=service.word),
            class_name="status",
            custom_attrs={"data-status": service.status},
        ),
        rx.el.button(
            rx.el.span(service.name, class_name="name", dir="auto"),
            rx.el.span(service.kind, ", ", service.plan, class_name="kind"),
            rx.cond(~service.public, rx.el.span("not public", class_name="tag")),
            rx.cond(
                service.paused_until != "",
                rx.el.span("until ", moment(service.paused_until, seconds=False), class_name="tag"),
            ),
            type="button",
            class_name="open-detail",
            on_click=HostsState.toggle_detail(service.id),
            custom_attrs={"aria-expanded": is_open},
        ),
        rx.cond(
            service.checks != "",
            check_bar(service.checks, service.checks_told),
            rx.el.span(class_name="check-bar"),
        ),
        rx.el.span(service.response, class_name="figure response", title="Last response"),
        rx.el.span(service.uptime, class_name="figure uptime", title="Uptime this month"),
        rx.el.span(class_name="figure certificate"),
        _when(service),
        _menu(service),
        class_name="line service-line",
    )


def _when(service: rx.Var[ServiceView]) -> rx.Component:
    """When it was looked at, or when its job reported."""
    return rx.cond(
        service.asked,
        rx.el.span("checking …", class_name="figure when asked"),
        rx.el.span(
            rx.cond(
                service.checked_at != "",
                ago(service.checked_at, HostsState.as_of),
                rx.cond(service.receives | service.paused, "", "due now"),
            ),
            class_name="figure when",
            title=rx.cond(service.receives, "Last reported", "Last checked"),
        ),
    )


def _menu(service: rx.Var[ServiceView]) -> rx.Component:
    inside = menu_id("service", service.id)
    check = action(
        "Check now",
        HostsState.check(service.id),
        inside,
        label=rx.Var.create("Check now: ") + service.name,
        disabled=service.asked,
    )
    resume = action(
        "Resume",
        HostsState.resume(service.id),
        inside,
        label=rx.Var.create("Resume ") + service.name,
    )
    pause = [
        action(text, HostsState.pause(service.id, hours), inside, label=told + service.name)
        for text, hours, told in (
            ("Pause", 0, rx.Var.create("Pause ")),
            ("Pause for 1 hour", 1, rx.Var.create("Pause for 1 hour: ")),
            ("Pause for 1 day", 24, rx.Var.create("Pause for 1 day: ")),
        )
    ]
    changes = rx.fragment(
        rx.cond(service.paused, resume, rx.cond(service.receives, rx.fragment(), check)),
        action(
            "Edit",
            HostsState.open_form("service", service.id),
            inside,
            label=rx.Var.create("Edit ") + service.name,
        ),
        action(
            "Duplicate",
            HostsState.duplicate("service", service.id),
            inside,
            label=rx.Var.create("Duplicate ") + service.name,
        ),
        rx.cond(service.paused, rx.fragment(), rx.fragment(*pause)),
        planning_items("service", service.id, service.name),
        action(
            "Delete",
            HostsState.ask_delete("service", service.id),
            inside,
            label=rx.Var.create("Delete ") + service.name,
            class_name="danger",
        ),
    )
    return menu(
        service.name,
        "service",
        service.id,
        rx.el.a("Charts and results", href=service_address(service.id), class_name="menu-item"),
        rx.cond(HostsState.can_edit, changes),
    )
