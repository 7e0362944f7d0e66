"""The page of one service: how it is, how it was, its last results and incidents."""

import reflex as rx

from pages.admin.downtimes.applying import planned_panel
from pages.admin.service.state import ServicePageState
from webmon.queries.inventory.service_page import PastIncidentView, ResultView
from webmon.ui.addresses import host_address, incident_address, service_address
from webmon.ui.display.charts import response_chart
from webmon.ui.display.evidence import evidence
from webmon.ui.display.moment import moment
from webmon.ui.display.panel import panel, side_by_side
from webmon.ui.display.status import icon
from webmon.ui.rooms.history_view import history_panel
from webmon.ui.rooms.quieting_view import pausing, quieting
from webmon.ui.rooms.record import (
    day_bar,
    incidents_panel,
    months,
    range_choice,
    record_page,
    windows,
)

ROUTE = "/service"
TITLE = "Service – Beaconry"


def service() -> rx.Component:
    """The page."""
    view = ServicePageState.view
    return record_page(
        ServicePageState,
        "service",
        rx.el.span(" / "),
        rx.el.a(view.host, href=host_address(view.host_id), dir="auto"),
        lead=_now(),
        panels=_panels(),
    )


def _now() -> rx.Component:
    view = ServicePageState.view
    return rx.el.p(
        view.kind,
        " in ",
        view.namespace,
        ". ",
        rx.el.b(view.word.to(str).capitalize()),
        " since ",
        moment(view.since),
        ". ",
        rx.cond(view.detail.message != "", view.detail.message + ".", "No results yet."),
        rx.cond(view.critical, " Critical: takes the host down.", ""),
        rx.cond(~view.public, " Not on the public page.", ""),
        class_name="lead",
    )


def _panels() -> rx.Component:
    view = ServicePageState.view
    return rx.el.div(
        panel(
            "Last 90 days", day_bar(ServicePageState, view.record), windows(view.record), wide=True
        ),
        panel(
            "Response time",
            range_choice(ServicePageState, service_address(view.id)),
            rx.cond(
                view.p95 != "",
                rx.el.p(
                    "In 24 hours ",
                    rx.el.b(view.average),
                    " on average, 95 % within ",
                    rx.el.b(view.p95),
                    ".",
                ),
            ),
            response_chart(view.id, ServicePageState.chosen_range),
            wide=True,
        ),
        side_by_side(
            [
                panel("Last check", evidence(view.detail)),
                planned_panel(ServicePageState, "service"),
                panel("Months", months(view.record)),
            ],
            [
                incidents_panel(view.incidents, _incident),
                quieting(ServicePageState, pausing(ServicePageState)),
                panel(
                    "Last results",
                    rx.el.ul(rx.foreach(view.results, _result), class_name="rows"),
                ),
            ],
        ),
        history_panel(ServicePageState),
        class_name="panels",
    )


def _incident(each: rx.Var[PastIncidentView]) -> rx.Component:
    return rx.el.li(
        rx.el.a(moment(each.began_at), href=incident_address(each.id)),
        rx.el.span(rx.cond(each.ended_at == "", "for ", ""), each.lasted, class_name="value"),
        rx.el.span(each.cause, class_name="message"),
        key=each.id.to(str),
    )


def _result(each: rx.Var[ResultView]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            icon(each.status),
            each.word,
            class_name="status",
            custom_attrs={"data-status": each.status},
        ),
        moment(each.at),
        rx.el.span(each.response, class_name="value"),
        rx.cond(each.message != "", rx.el.span(each.message, class_name="message")),
        key=each.at,
    )
