"""What opens below the row of a service: its evidence, changes, and where its job reports."""

import reflex as rx

from pages.admin.hosts.service_statistics import statistics
from webmon.queries.inventory.evidence import BarView, FactView, PairView
from webmon.queries.inventory.host_views import ServiceView
from webmon.queries.inventory.services import ChangeView, PhaseView, ServiceDetail
from webmon.ui.addresses import service_address
from webmon.ui.copied import copied
from webmon.ui.moment import moment
from webmon.ui.status import icon


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


def evidence(detail: rx.Var[ServiceDetail]) -> rx.Component:
    """What the last check found: its steps, what can be full, and the rest in words."""
    return rx.fragment(
        rx.cond(detail.phases.length() > 0, _phases(detail)),
        rx.cond(
            detail.bars.length() > 0,
            rx.el.ul(rx.foreach(detail.bars, _bar), class_name="bars"),
        ),
        rx.cond(
            detail.facts.length() > 0,
            rx.el.dl(rx.foreach(detail.facts, _fact), class_name="evidence"),
        ),
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
            rx.cond(
                detail.total != "",
                rx.el.span("total ", rx.el.b(detail.total), class_name="phase"),
            ),
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


def _bar(bar: rx.Var[BarView]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.cond(bar.status != "", icon(bar.status)),
            bar.name,
            class_name="bar-name",
        ),
        rx.el.span(
            rx.el.span(style={"width": bar.percent.to(str) + "%"}),
            class_name="gauge",
            aria_hidden="true",
        ),
        rx.el.b(bar.used),
        rx.el.span(bar.note, class_name="bar-note"),
        custom_attrs={"data-status": bar.status},
        key=bar.name,
    )


def _fact(fact: rx.Var[FactView]) -> rx.Component:
    is_wide = fact.is_long | (fact.listed.length() > 0) | (fact.rows.length() > 0)
    return rx.el.div(
        rx.el.dt(fact.name),
        rx.el.dd(
            rx.cond(fact.at != "", moment(fact.at)),
            rx.cond(fact.is_long, rx.el.pre(fact.value, tab_index=0), fact.value),
            rx.cond(
                fact.listed.length() > 0,
                rx.el.ul(rx.foreach(fact.listed, lambda item: rx.el.li(item))),
            ),
            rx.cond(
                fact.rows.length() > 0,
                rx.el.table(rx.el.tbody(rx.foreach(fact.rows, _pair))),
            ),
        ),
        class_name=rx.cond(is_wide, "wide", ""),
    )


def _pair(pair: rx.Var[PairView]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(pair.name, scope="row"),
        rx.el.td(rx.cond(pair.at != "", moment(pair.at), pair.value)),
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
