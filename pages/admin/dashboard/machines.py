"""Panels on machines and certificates."""

import reflex as rx

from pages.admin.dashboard.state import DashboardState
from webmon.queries.dashboard.machines import CertificateView, GaugeView, MachineView
from webmon.ui.addresses import host_address, service_address
from webmon.ui.display.panel import panel


def disks() -> rx.Component:
    """The fullest disks, drawn."""
    found = DashboardState.view.machines.disks
    return rx.cond(
        found.length() > 0,
        panel("Fullest disks", rx.el.ul(rx.foreach(found, _gauge), class_name="rows gauges")),
    )


def _gauge(each: rx.Var[GaugeView]) -> rx.Component:
    tone = rx.cond(each.percent >= 95, "down", rx.cond(each.percent >= 80, "degraded", "up"))
    return rx.el.li(
        rx.el.a(each.name, href=host_address(each.host_id), dir="auto"),
        rx.el.span(each.text, class_name="value"),
        rx.el.span(
            rx.el.span(
                style={"width": each.percent.to(str) + "%"}, custom_attrs={"data-status": tone}
            ),
            class_name="fill",
            aria_hidden="true",
        ),
    )


def machines() -> rx.Component:
    """Load, memory, and for how long machines have been up."""
    found = DashboardState.view.machines.machines
    return rx.cond(
        found.length() > 0,
        panel(
            "Machines",
            rx.el.div(
                rx.el.table(
                    rx.el.thead(
                        rx.el.tr(
                            *(
                                rx.el.th(text, scope="col")
                                for text in ("Host", "Load", "Memory", "Up for")
                            )
                        )
                    ),
                    rx.el.tbody(rx.foreach(found, _machine)),
                ),
                class_name="table-room",
                tab_index=0,
                role="region",
                aria_label="Machines",
            ),
        ),
    )


def _machine(each: rx.Var[MachineView]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            rx.el.a(each.name, href=host_address(each.host_id), dir="auto"),
            scope="row",
        ),
        rx.el.td(each.load),
        rx.el.td(each.memory),
        rx.el.td(each.up_for, rx.cond(each.rebooted, rx.el.b("restarted", class_name="note"))),
    )


def certificates() -> rx.Component:
    """Those that expire first."""
    found = DashboardState.view.machines.certificates
    return rx.cond(
        found.length() > 0,
        panel(
            "Certificates",
            rx.el.ul(rx.foreach(found, _certificate), class_name="rows"),
            href="/hosts/?sort=certificate",
        ),
    )


def _certificate(each: rx.Var[CertificateView]) -> rx.Component:
    return rx.el.li(
        rx.el.a(each.name, href=service_address(each.service_id), dir="auto"),
        rx.el.span(
            rx.cond(
                each.days < 0,
                "expired",
                rx.fragment(each.days, rx.cond(each.days == 1, " day", " days")),
            ),
            class_name="value",
            custom_attrs={"data-status": rx.cond(each.days < 14, "degraded", "")},
        ),
        key=each.service_id.to(str),
    )
