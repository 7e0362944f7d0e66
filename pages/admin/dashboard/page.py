"""The dashboard: the first line says what is wrong; every number links to the list behind it."""

import reflex as rx

from pages.admin.dashboard.machines import certificates, disks, machines
from pages.admin.dashboard.state import DAYS, DashboardState
from pages.admin.downtimes.applying import planned_row
from webmon.queries.dashboard.figures import SlowView
from webmon.queries.dashboard.monitor import FailingChannelView
from webmon.queries.dashboard.present import RecentIncidentView, WrongView
from webmon.ui.addresses import incident_address, service_address
from webmon.ui.display.moment import moment
from webmon.ui.display.panel import number, panel
from webmon.ui.display.status import icon
from webmon.ui.shell.frame import frame
from webmon.ui.shell.live import live
from webmon.ui.shell.tab_sign import tab_sign

ROUTE = "/"
TITLE = "Dashboard – Beaconry"
RANGE_WORDS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "12m": "12 months"}


def dashboard() -> rx.Component:
    """The page."""
    view = DashboardState.view
    return frame(
        live(on_tick=DashboardState.tick.temporal, seen=DashboardState.as_of),
        _headline(),
        rx.cond(DashboardState.loaded, rx.fragment(_filters(), _rooms()), _waiting()),
        who=view.who,
        here="Dashboard",
    )


def _headline() -> rx.Component:
    present = DashboardState.view.present
    return rx.el.div(
        tab_sign(status=DashboardState.worst),
        rx.el.h1(
            rx.el.span(
                icon(present.status),
                class_name="status",
                custom_attrs={"data-status": present.status},
            ),
            rx.cond(DashboardState.loaded, present.headline, "Dashboard"),
        ),
        rx.cond(
            DashboardState.loaded,
            rx.el.span(
                rx.cond(
                    present.since != "",
                    rx.fragment("since ", moment(present.since), ", as of "),
                    "as of ",
                ),
                moment(DashboardState.as_of),
                class_name="as-of",
            ),
        ),
        class_name="headline",
    )


def _waiting() -> rx.Component:
    """The outline of what is coming, for slow links."""
    return rx.el.div(
        *(rx.el.div(class_name="panel skeleton") for _ in range(6)),
        class_name="panels",
        aria_hidden="true",
        key="waiting",  # else what replaces it is taken for the same thing, which has moved
    )


def _filters() -> rx.Component:
    view = DashboardState.view
    return rx.el.div(
        rx.cond(
            view.namespaces.length() > 1,
            rx.el.nav(
                _choice("All", "", view.namespace == "", is_namespace=True),
                rx.foreach(
                    view.namespaces,
                    lambda each: _choice(
                        each[1], each[0], view.namespace == each[0], is_namespace=True
                    ),
                ),
                class_name="picks",
                aria_label="Namespace",
            ),
        ),
        rx.el.nav(
            *(
                _choice(RANGE_WORDS[each], each, DashboardState.chosen_range == each)
                for each in DAYS
            ),
            class_name="picks",
            aria_label="Time",
        ),
        class_name="dashboard-filters",
    )


def _choice(
    text: str | rx.Var[str],
    value: str | rx.Var[str],
    is_chosen: rx.Var[bool],
    *,
    is_namespace: bool = False,
) -> rx.Component:
    namespace = value if is_namespace else DashboardState.view.namespace
    days = DashboardState.chosen_range if is_namespace else value
    address = rx.Var.create("/?namespace=") + namespace + "&range=" + days
    return rx.el.a(
        text, href=address, custom_attrs={"aria-current": rx.cond(is_chosen, "true", "false")}
    )


def _rooms() -> rx.Component:
    return rx.el.div(
        _wrong(),
        _numbers(),
        _incidents(),
        disks(),
        machines(),
        certificates(),
        _planned(),
        _slowest(),
        _monitor(),
        class_name="panels",
    )


def _wrong() -> rx.Component:
    present = DashboardState.view.present
    return rx.cond(
        present.wrong_count > 0,
        panel(
            "Needs attention",
            rx.el.ul(rx.foreach(present.wrong, _wrong_row), class_name="rows"),
            rx.cond(
                present.wrong_count > present.wrong.length(),
                rx.el.a("All ", present.wrong_count, " of them", href="/hosts/?status=wrong"),
            ),
            wide=True,
        ),
    )


def _wrong_row(each: rx.Var[WrongView]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            icon(each.status),
            each.word,
            class_name="status",
            custom_attrs={"data-status": each.status},
        ),
        rx.el.a(
            each.name,
            href=service_address(each.service_id),
            dir="auto",
        ),
        rx.el.span("since ", moment(each.since), class_name="quiet"),
        rx.el.span(each.message, class_name="message"),
        key=each.service_id.to(str),
    )


def _numbers() -> rx.Component:
    view = DashboardState.view
    present, figures = view.present, view.figures
    return rx.el.dl(
        number("Hosts up", present.hosts_up, " / ", present.hosts, href="/hosts/"),
        number("Services up", present.services_up, " / ", present.services, href="/hosts/"),
        number(
            "Average response",
            rx.cond(figures.response != "", figures.response, "–"),
            note=_trend(),
            href="/hosts/?sort=response",
        ),
        number(
            "Uptime this month",
            rx.cond(figures.uptime_month != "", figures.uptime_month, "–"),
            note=rx.cond(
                figures.uptime_last_month != "",
                rx.fragment("last month ", figures.uptime_last_month),
            ),
            href="/hosts/?sort=uptime",
        ),
        number("Open incidents", present.open_incidents, href="/incidents/"),
        class_name="numbers",
    )


def _trend() -> rx.Component:
    trend = DashboardState.view.figures.trend_percent
    return rx.cond(
        trend,
        rx.cond(
            trend.to(int) > 0,
            rx.fragment(trend.to(int), " % slower than before"),
            rx.fragment(0 - trend.to(int), " % quicker than before"),
        ),
    )


def _incidents() -> rx.Component:
    present = DashboardState.view.present
    return panel(
        "Incidents",
        rx.cond(
            present.incidents.length() > 0,
            rx.el.ul(rx.foreach(present.incidents, _incident_row), class_name="rows"),
            rx.el.p("Nothing has been down so far.", class_name="quiet"),
        ),
        href="/incidents/",
    )


def _incident_row(each: rx.Var[RecentIncidentView]) -> rx.Component:
    status = rx.cond(each.ended_at == "", "down", "up")
    return rx.el.li(
        rx.el.span(
            icon(status),
            rx.cond(each.ended_at == "", "down", "over"),
            class_name="status",
            custom_attrs={"data-status": status},
        ),
        rx.el.a(each.name, href=incident_address(each.id), dir="auto"),
        rx.el.span(moment(each.began_at), ", ", each.lasted, class_name="quiet"),
        key=each.id.to(str),
    )


def _planned() -> rx.Component:
    return panel(
        "Planned downtime",
        rx.cond(
            DashboardState.planned.length() > 0,
            rx.el.ul(rx.foreach(DashboardState.planned, planned_row), class_name="rows"),
            rx.el.p("None is planned.", class_name="quiet"),
        ),
        href="/downtime/",
    )


def _slowest() -> rx.Component:
    figures = DashboardState.view.figures
    return panel(
        "Slowest services",
        rx.cond(
            figures.slowest.length() > 0,
            rx.el.ul(rx.foreach(figures.slowest, _slow_row), class_name="rows"),
            rx.el.p("Known after the first hour of checks.", class_name="quiet"),
        ),
        rx.el.p("95 % of the answers in 24 hours took at most this long.", class_name="help"),
        href="/hosts/?sort=response",
    )


def _slow_row(each: rx.Var[SlowView]) -> rx.Component:
    return rx.el.li(
        rx.el.a(
            each.name,
            href=service_address(each.service_id),
            dir="auto",
        ),
        rx.el.span(each.p95, class_name="value"),
        key=each.service_id.to(str),
    )


def _monitor() -> rx.Component:
    monitor = DashboardState.view.monitor
    return panel(
        "The monitor itself",
        rx.el.p(
            rx.el.span(
                icon(monitor.status),
                class_name="status",
                custom_attrs={"data-status": monitor.status},
            ),
            monitor.headline,
            class_name="with-icon",
        ),
        rx.el.ul(rx.foreach(monitor.failing, _failing_row), class_name="rows"),
        rx.el.p(
            monitor.workers,
            rx.cond(monitor.workers == 1, " worker, ", " workers, "),
            monitor.queued,
            rx.cond(monitor.queued == 1, " message waiting", " messages waiting"),
            rx.cond(monitor.lag != "", rx.fragment(", latest check ", monitor.lag, " late")),
            class_name="quiet",
        ),
        href="/channels/",
    )


def _failing_row(each: rx.Var[FailingChannelView]) -> rx.Component:
    return rx.el.li(
        rx.el.a(each.name, href="/channels/", dir="auto"),
        rx.el.span(each.why, class_name="message"),
        key=each.id.to(str),
    )
