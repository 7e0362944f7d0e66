"""One service in the list: its row, and what opens below it."""

import reflex as rx

from pages.admin.hosts.host_access import accept_button
from pages.admin.hosts.service_detail import service_detail
from pages.admin.hosts.state import HostsState
from webmon.queries.inventory.host_views import ServiceView
from webmon.ui.form_view import form
from webmon.ui.moment import moment
from webmon.ui.status import badge


def service_row(service: rx.Var[ServiceView]) -> rx.Component:
    """The row of a service. Its name opens the evidence; its form takes the row's place below."""
    is_open = HostsState.detail.id == service.id
    is_edited = (HostsState.form.thing == "service") & (HostsState.form.id == service.id)
    return rx.el.li(
        rx.el.div(
            rx.el.span(
                badge(service.status, service.word),
                rx.cond(
                    service.status != "unknown",
                    rx.el.span("since ", moment(service.since, seconds=False), class_name="since"),
                ),
                class_name="status-cell",
            ),
            _name(service, is_open),
            _facts(service),
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
            rx.cond(HostsState.can_edit, _actions(service)),
            class_name="service-row",
        ),
        rx.cond(is_open, service_detail(HostsState.detail, service)),
        rx.cond(is_edited, form(HostsState)),
        class_name="service",
        custom_attrs={"data-status": service.status, "data-service": service.name},
        key=service.id.to(str),
    )


def _name(service: rx.Var[ServiceView], is_open: rx.Var[bool]) -> rx.Component:
    return rx.el.button(
        rx.el.span(service.name, class_name="name"),
        rx.el.span(service.kind, ", ", service.plan, class_name="kind"),
        type="button",
        class_name="open-detail",
        on_click=HostsState.toggle_detail(service.id),
        custom_attrs={"aria-expanded": is_open},
    )


def _facts(service: rx.Var[ServiceView]) -> rx.Component:
    checked = rx.el.span(
        rx.cond(
            service.checked_at != "",
            rx.fragment(
                rx.cond(service.receives, "last reported ", "checked "),
                moment(service.checked_at),
            ),
            rx.cond(service.receives | service.paused, "", "due now"),
        ),
    )
    return rx.el.span(
        rx.el.span(service.response, class_name="response"),
        rx.cond(service.asked, rx.el.span("checking …", class_name="asked"), checked),
        rx.cond(~service.public, rx.el.span("not public", class_name="tag")),
        class_name="facts",
    )


def _actions(service: rx.Var[ServiceView]) -> rx.Component:
    check = rx.el.button(
        "Check now",
        type="button",
        class_name="button small",
        disabled=service.asked,
        on_click=HostsState.check(service.id),
        aria_label=rx.Var.create("Check now: ") + service.name,
    )
    resume = rx.el.button(
        "Resume",
        type="button",
        class_name="button small",
        on_click=HostsState.resume(service.id),
        aria_label=rx.Var.create("Resume ") + service.name,
    )
    return rx.el.span(
        rx.cond(service.paused, resume, rx.cond(service.receives, rx.fragment(), check)),
        rx.el.button(
            "Edit",
            type="button",
            class_name="button small",
            on_click=HostsState.open_form("service", service.id),
            aria_label=rx.Var.create("Edit ") + service.name,
        ),
        class_name="actions",
    )
