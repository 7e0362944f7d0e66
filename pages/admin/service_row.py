"""One service in the list: its row, and what opens below it."""

import reflex as rx

from pages.admin.hosts_state import HostsState
from webmon.queries.host_views import ServiceView
from webmon.queries.services import ChangeView, FactView, PhaseView, ServiceDetail
from webmon.ui.form import form
from webmon.ui.moment import moment
from webmon.ui.status import badge, icon


def open_form() -> rx.Component:
    """The form that is open, wherever in the list it belongs."""
    return form(
        HostsState.form,
        HostsState.mistake,
        on_submit=HostsState.save,
        on_cancel=HostsState.close_form,
        on_kind=HostsState.choose_kind,
    )


def service_row(service: rx.Var[ServiceView]) -> rx.Component:
    """The row of a service. Its name opens the evidence; its form takes the row's place below."""
    is_open = HostsState.detail.id == service.id
    is_edited = (HostsState.form.thing == "service") & (HostsState.form.id == service.id)
    return rx.el.li(
        rx.el.div(
            rx.el.span(
                badge(service.status),
                rx.cond(
                    service.status != "unknown",
                    rx.el.span("since ", moment(service.since, seconds=False), class_name="since"),
                ),
                class_name="status-cell",
            ),
            _name(service, is_open),
            _facts(service),
            rx.cond(service.message != "", rx.el.p(service.message, class_name="message")),
            rx.cond(HostsState.can_edit, _actions(service)),
            class_name="service-row",
        ),
        rx.cond(is_open, _detail(HostsState.detail, service)),
        rx.cond(is_edited, open_form()),
        class_name="service",
        custom_attrs={"data-status": service.status, "data-service": service.name},
        key=service.id.to(str),
    )


def _name(service: rx.Var[ServiceView], is_open: rx.Var[bool]) -> rx.Component:
    return rx.el.button(
        rx.el.span(service.name, class_name="name"),
        rx.el.span(service.kind, ", every ", service.every, class_name="kind"),
        type="button",
        class_name="open-detail",
        on_click=HostsState.toggle_detail(service.id),
        custom_attrs={"aria-expanded": is_open},
    )


def _facts(service: rx.Var[ServiceView]) -> rx.Component:
    checked = rx.el.span(
        rx.cond(
            service.checked_at != "",
            rx.fragment("checked ", moment(service.checked_at)),
            rx.cond(service.paused, "", "due now"),
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
        aria_label=rx.Var.create("Check ") + service.name + " now",
    )
    resume = rx.el.button(
        "Resume",
        type="button",
        class_name="button small",
        on_click=HostsState.resume(service.id),
        aria_label=rx.Var.create("Resume ") + service.name,
    )
    return rx.el.span(
        rx.cond(service.paused, resume, check),
        rx.el.button(
            "Edit",
            type="button",
            class_name="button small",
            on_click=HostsState.open_service(service.id),
            aria_label=rx.Var.create("Edit ") + service.name,
        ),
        class_name="actions",
    )


def _detail(detail: rx.Var[ServiceDetail], service: rx.Var[ServiceView]) -> rx.Component:
    """The evidence of the last check, the last changes, and what is rarely needed."""
    return rx.el.div(
        rx.cond(
            service.message == "",
            rx.el.p(rx.cond(detail.message != "", detail.message, "Nothing has been seen yet.")),
        ),
        rx.cond(detail.phases.length() > 0, _phases(detail)),
        rx.cond(
            detail.facts.length() > 0,
            rx.el.dl(rx.foreach(detail.facts, _fact), class_name="evidence"),
        ),
        rx.cond(
            detail.changes.length() > 0,
            rx.fragment(
                rx.el.h4("Last changes"),
                rx.el.ol(rx.foreach(detail.changes, _change), class_name="changes"),
            ),
        ),
        rx.cond(HostsState.can_edit, _rare_actions(service)),
        class_name="detail",
    )


def _phases(detail: rx.Var[ServiceDetail]) -> rx.Component:
    return rx.el.figure(
        rx.el.div(
            rx.foreach(
                detail.phases,
                lambda phase: rx.el.span(
                    style={"flexGrow": phase.share}, custom_attrs={"data-phase": phase.name}
                ),
            ),
            class_name="phase-bar",
            aria_hidden="true",
        ),
        rx.el.figcaption(
            rx.foreach(detail.phases, _phase),
            rx.el.span("in all ", rx.el.b(detail.total), class_name="phase"),
        ),
        class_name="phases",
    )


def _phase(phase: rx.Var[PhaseView]) -> rx.Component:
    return rx.el.span(
        phase.name,
        " ",
        rx.el.b(phase.taken),
        class_name="phase",
        custom_attrs={"data-phase": phase.name},
    )


def _fact(fact: rx.Var[FactView]) -> rx.Component:
    return rx.el.div(rx.el.dt(fact.name), rx.el.dd(fact.value))


def _change(change: rx.Var[ChangeView]) -> rx.Component:
    return rx.el.li(
        moment(change.at),
        rx.el.span(
            icon(change.status),
            change.word,
            class_name="status",
            custom_attrs={"data-status": change.status},
        ),
        rx.el.span(change.message, class_name="why"),
    )


def _rare_actions(service: rx.Var[ServiceView]) -> rx.Component:
    return rx.el.div(
        rx.cond(
            ~service.paused,
            rx.el.button(
                "Pause",
                type="button",
                class_name="button small",
                on_click=HostsState.pause(service.id),
            ),
        ),
        rx.el.button(
            "Delete service",
            type="button",
            class_name="button small danger",
            on_click=HostsState.ask_delete("service", service.id),
        ),
        class_name="rare",
    )
