"""How something was: 90 days as a bar that is read day by day, windows and months."""

from typing import Any

import reflex as rx

from webmon.domain.checks.status import Status
from webmon.domain.history.chart_ranges import Range
from webmon.queries.history.records import DayRecord, MonthRecord, Record, WindowRecord
from webmon.ui.addresses import form_address
from webmon.ui.display.panel import panel
from webmon.ui.rooms.room_view import headline, outline, stays_current
from webmon.ui.shell.frame import frame

RANGE_WORDS = {
    Range.DAY: "24 hours",
    Range.WEEK: "7 days",
    Range.MONTH: "30 days",
    Range.YEAR: "1 year",
}

ASKED_FOR = rx.Var(
    "Number(new URLSearchParams(globalThis.location?.search).get('id'))", _var_type=int
)
"""The id in the address: until its answer is there, the tab still knows what it showed before."""


def day_bar(state: Any, record: rx.Var[Record]) -> rx.Component:
    """The last 90 days: one tab stop, arrow keys, Home and End choose a day.

    A slider lies over the bar: the browser gives it keys, touch and its place in the tab order.
    """
    chosen = record.days[state.chosen_day]
    return rx.el.div(
        rx.el.div(
            rx.el.div(rx.foreach(record.days, _day), class_name="day-bar", aria_hidden="true"),
            rx.el.input(
                type="range",
                min=0,
                max=89,
                default_value=state.chosen_day,
                on_change=state.choose_day,
                class_name="day-slider",
                aria_label="Day",
                custom_attrs={"aria-valuetext": chosen.title, "data-chosen": state.chosen_day},
            ),
            class_name="day-room",
        ),
        rx.el.div(
            rx.el.span("90 days ago"),
            rx.el.span("today"),
            class_name="day-ends",
            aria_hidden="true",
        ),
        rx.el.p(
            rx.el.b(chosen.title),
            rx.cond(chosen.uptime != "not observed", rx.fragment(", ", chosen.uptime, " uptime")),
            rx.cond(chosen.planned != "", rx.fragment(", ", chosen.planned, " planned downtime")),
            rx.cond(chosen.no_data != "", rx.fragment(", ", chosen.no_data, " without data")),
            class_name="day-told",
            role="status",
        ),
        class_name="days-90",
        custom_attrs={"data-summary": record.summary},
    )


def _day(day: rx.Var[DayRecord]) -> rx.Component:
    return rx.el.span(title=day.title, custom_attrs={"data-status": day.status})


def windows(record: rx.Var[Record]) -> rx.Component:
    """The uptime of 24 hours, 7 and 30 days, and of this month."""
    return rx.el.dl(rx.foreach(record.windows, _window), class_name="figures")


def _window(each: rx.Var[WindowRecord]) -> rx.Component:
    return rx.el.div(rx.el.dt(each.name), rx.el.dd(each.uptime))


def months(record: rx.Var[Record]) -> rx.Component:
    """Uptime, outages and minutes by calendar month."""
    columns = ("Month", "Uptime", "Outages", "Down", "Longest")
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*(rx.el.th(text, scope="col") for text in columns))),
            rx.el.tbody(rx.foreach(record.months, _month)),
        ),
        class_name="table-room",
        tab_index=0,  # scrolled by the keyboard where it is wider than the window
        role="region",
        aria_label="Months",
    )


def _month(each: rx.Var[MonthRecord]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(each.name, scope="row"),
        rx.el.td(each.uptime),
        rx.el.td(each.outages),
        rx.el.td(each.down),
        rx.el.td(each.longest),
        key=each.name,
    )


def range_choice(state: Any, address: rx.Var[str]) -> rx.Component:
    """Links to the ranges of the charts; ``address`` is the page's own."""
    return rx.el.nav(
        *(
            rx.el.a(
                words,
                href=address + f"&range={each.value}",
                custom_attrs={
                    "aria-current": rx.cond(state.chosen_range == each.value, "true", "false")
                },
            )
            for each, words in RANGE_WORDS.items()
        ),
        class_name="picks",
        aria_label="Time",
    )


def record_page(
    state: Any, what: str, *path: rx.Component, lead: rx.Component, panels: rx.Component
) -> rx.Component:
    """The page of one thing; ``path`` leads to what it belongs to, below the hosts."""
    view = state.view
    is_here = state.loaded & (view.id == ASKED_FOR)
    return frame(
        stays_current(state),
        rx.cond(
            state.gone,
            gone(what),
            rx.fragment(
                rx.el.nav(
                    rx.el.a("Hosts", href="/hosts/"),
                    *(rx.cond(is_here, each) for each in path),
                    class_name="path",
                    aria_label="Where this is",
                ),
                headline(
                    state,
                    rx.cond(is_here, rx.el.span(view.name, dir="auto"), what.capitalize()),
                    rx.cond(is_here, view.status, Status.UNKNOWN.value),
                    rx.cond(is_here & view.can_edit, _changes(what, view.id)),
                ),
                rx.cond(is_here, rx.fragment(lead, panels), outline()),
            ),
        ),
        who=view.who,
        here="Hosts",
    )


def _changes(what: str, row_id: rx.Var[int]) -> rx.Component:
    """The ways to the forms that change the thing, or make another one like it."""
    return rx.el.span(
        rx.el.a("Edit", href=form_address("edit", what, row_id), class_name="button"),
        rx.el.a("Duplicate", href=form_address("duplicate", what, row_id), class_name="button"),
        class_name="actions",
    )


def incidents_panel(incidents: rx.Var[Any], row: Any) -> rx.Component:
    """The last outages, each drawn by ``row``."""
    return panel(
        "Incidents",
        rx.cond(
            incidents.length() > 0,
            rx.el.ul(rx.foreach(incidents, row), class_name="rows"),
            rx.el.p("No outages so far.", class_name="quiet"),
        ),
    )


def gone(what: str) -> rx.Component:
    """The page of something that does not exist, or is not for this person to see."""
    return rx.el.div(
        rx.el.h1(f"There is no such {what}"),
        rx.el.p(
            "It was deleted, or it is not in one of your namespaces. ",
            rx.el.a("See all hosts", href="/hosts/"),
        ),
        class_name="headline gone",
    )
