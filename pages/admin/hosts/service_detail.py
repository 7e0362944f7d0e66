"""What opens below the row of a service: its evidence, changes, and where its job reports."""

import reflex as rx

from pages.admin.hosts.service_statistics import statistics
from webmon.queries.inventory.host_views import ServiceView
from webmon.queries.inventory.services import ChangeView, ServiceDetail
from webmon.ui.addresses import service_address
from webmon.ui.display.copied import copied
from webmon.ui.display.evidence import evidence
from webmon.ui.display.moment import moment
from webmon.ui.display.status import icon


def service_detail(detail: rx.Var[ServiceDetail], service: rx.Var[ServiceView]) -> rx.Component:
    """The evidence of the last check, the last changes, and what is rarely needed."""
    return rx.el.div(
        rx.cond(
            service.message == "",
            rx.el.p(rx.cond(detail.message != "", detail.message, "No results yet.")),
        ),
        rx.cond(
            (service.status == "up") | (service.status == "down") | (service.status == "degraded"),
            rx.el.p(service.word, " since ", moment(service.since), class_name="since"),
        ),
        rx.el.p(
            rx.el.a("Charts, months and last results", href=service_address(service.id)),
            class_name="page-link",
        ),
        rx.cond(detail.report_url != "", _report(detail.report_url)),
        evidence(detail),
        rx.cond(detail.statistics.days.length() > 0, statistics(detail.statistics)),
        rx.cond(
            detail.changes.length() > 0,
            rx.fragment(
                rx.el.h3("Last changes"),
                rx.el.ol(rx.foreach(detail.changes, _change), class_name="changes"),
            ),
        ),
        class_name="detail",
    )


def _report(url: rx.Var[str]) -> rx.Component:
    return rx.fragment(
        rx.el.h3("Heartbeat URL"),
        copied(url, element_id="report-url", label="Heartbeat URL"),
        rx.el.h3("In a crontab or script, after the job"),
        copied(
            rx.Var.create("curl -fsS -m 10 --retry 5 --retry-connrefused ") + url,
            element_id="report-line",
            label="Command that reports",
        ),
        rx.el.p(
            "With ",
            rx.el.code("/start"),
            " at the end when a run begins, its time is measured; ",
            rx.el.code("/fail"),
            " or an exit status such as ",
            rx.el.code("/$?"),
            " reports a failure. Anyone who knows the URL can report.",
            class_name="help",
        ),
    )


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
