"""How a service was: its last 90 days as a bar, and figures below it."""

import reflex as rx

from webmon.queries.history.records import DayRecord
from webmon.queries.history.statistics import FigureView, StatisticsView


def statistics(shown: rx.Var[StatisticsView]) -> rx.Component:
    """The part of a service's detail that looks back."""
    return rx.fragment(
        rx.el.h3("Uptime"),
        rx.el.figure(
            rx.el.div(
                rx.foreach(shown.days, _day),
                role="img",
                aria_label=shown.summary,
                class_name="day-bar",
            ),
            rx.el.figcaption(
                rx.el.span("90 days ago"),
                rx.cond(shown.uptime, rx.el.b(shown.uptime)),
                rx.el.span("today"),
            ),
            class_name="days",
        ),
        _figures(shown.uptimes),
        rx.cond(
            shown.responses.length() > 0,
            rx.fragment(rx.el.h3("Response time"), _figures(shown.responses)),
        ),
        rx.el.h3("Outages in ", shown.month),
        _figures(shown.outages),
    )


def _day(day: rx.Var[DayRecord]) -> rx.Component:
    return rx.el.span(title=day.title, custom_attrs={"data-status": day.status})


def _figures(figures: rx.Var[tuple[FigureView, ...]]) -> rx.Component:
    return rx.el.dl(
        rx.foreach(
            figures, lambda figure: rx.el.div(rx.el.dt(figure.name), rx.el.dd(figure.value))
        ),
        class_name="figures",
    )
