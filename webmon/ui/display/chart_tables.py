"""The numbers of a chart, for those who read them instead: a table, and a file."""

from typing import Any, TypedDict

import reflex as rx

from webmon.ui.display.native import NativeLink
from webmon.ui.display.series import Series


class Row(TypedDict):
    """One point in words: its time, and what each line shows then."""

    at: str
    values: list[str]


def as_table(heads: list[rx.Component], rows: rx.Var[list[Row]], of: str = "") -> rx.Component:
    """A folded table; ``heads`` name the lines, ``of`` the chart where a page has several."""
    return rx.el.details(
        rx.el.summary(
            "Show as a table",
            rx.el.span(f": {of}", class_name="visually-hidden") if of else None,
        ),
        rx.el.div(
            rx.el.table(
                rx.el.thead(rx.el.tr(rx.el.th("Time", scope="col"), *heads)),
                rx.el.tbody(rx.foreach(rows, _row)),
            ),
            class_name="table-room",
            tab_index=0,
            role="region",
            aria_label=f"Table: {of}" if of else "Table",
        ),
    )


def _row(each: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.th(each["at"], scope="row"), rx.foreach(each["values"], lambda text: rx.el.td(text))
    )


def download(series: Series) -> rx.Component:
    """All of the numbers as a file."""
    return NativeLink.create("Download as CSV", href=series.address + "&format=csv")
