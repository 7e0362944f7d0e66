"""The page of one host: its services, how it was, and what its machine says about itself."""

import reflex as rx

from pages.admin.downtimes.applying import planned_panel
from pages.admin.host.state import HostPageState
from webmon.queries.inventory.host_page import HostIncidentView, HostServiceView
from webmon.ui.addresses import host_address, incident_address, service_address
from webmon.ui.display.charts import metrics_charts
from webmon.ui.display.moment import moment
from webmon.ui.display.panel import panel, side_by_side
from webmon.ui.display.status import icon
from webmon.ui.rooms.history_view import history_panel
from webmon.ui.rooms.quieting_view import quieting
from webmon.ui.rooms.record import (
    day_bar,
    incidents_panel,
    months,
    range_choice,
    record_page,
    windows,
)

ROUTE = "/host"
TITLE = "Host – Beaconry"


def host() -> rx.Component:
    """The page."""
    return record_page(HostPageState, "host", lead=_now(), panels=_panels())


def _now() -> rx.Component:
    view = HostPageState.view
    return rx.el.p(
        view.address,
        " in ",
        view.namespace,
        ". ",
        rx.el.b(view.word.to(str).capitalize()),
        "; ",
        view.rule,
        ".",
        rx.cond(~view.public, " Not on the public page.", ""),
        class_name="lead",
    )


def _panels() -> rx.Component:
    view = HostPageState.view
    return rx.el.div(
        panel(
            "Services",
            rx.cond(
                view.services.length() > 0,
                rx.el.ul(rx.foreach(view.services, _service), class_name="rows"),
                rx.el.p(
                    "Nothing is checked here yet. ",
                    rx.el.a("Add a service", href="/hosts/"),
                    class_name="quiet",
                ),
            ),
            wide=True,
        ),
        panel("Last 90 days", day_bar(HostPageState, view.record), windows(view.record), wide=True),
        rx.cond(
            view.has_metrics,
            panel(
                "Machine",
                range_choice(HostPageState, host_address(view.id)),
                metrics_charts(view.id, HostPageState.chosen_range),
                wide=True,
            ),
        ),
        side_by_side(
            [panel("Months", months(view.record)), planned_panel(HostPageState, "host")],
            [incidents_panel(view.incidents, _incident), quieting(HostPageState)],
        ),
        history_panel(HostPageState),
        class_name="panels",
    )


def _service(each: rx.Var[HostServiceView]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            icon(each.status),
            each.word,
            class_name="status",
            custom_attrs={"data-status": each.status},
        ),
        rx.el.a(each.name, href=service_address(each.id), dir="auto"),
        rx.cond(each.critical, rx.el.span("critical", class_name="note")),
        rx.el.span("since ", moment(each.since), class_name="note"),
        rx.el.span(
            rx.cond(each.p95 != "", rx.fragment("95 % within ", each.p95)), class_name="value"
        ),
        rx.cond(each.message != "", rx.el.span(each.message, class_name="message")),
        key=each.id.to(str),
    )


def _incident(each: rx.Var[HostIncidentView]) -> rx.Component:
    return rx.el.li(
        rx.el.a(each.service, href=incident_address(each.id), dir="auto"),
        rx.el.span(moment(each.began_at), ", ", each.lasted, class_name="quiet"),
        key=each.id.to(str),
    )
