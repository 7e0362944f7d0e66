"""The editor of a downtime: its form, the search for what is affected, and the next times."""

import reflex as rx

from pages.admin.downtimes.downtime_form import SCOPE
from pages.admin.downtimes.state import TYPED, DowntimesState, NextView
from webmon.queries.downtimes.choosing import ChoiceView
from webmon.ui.forms.form_view import form


def editor() -> rx.Component:
    """The form that is open, wherever it stands."""
    return form(
        DowntimesState,
        beside={SCOPE: _search()},
        last=_next_times(),
        on_blur=rx.call_script(TYPED, callback=DowntimesState.preview),
    )


def _search() -> rx.Component:
    """It belongs to no form, so that Enter saves nothing."""
    mistake = DowntimesState.mistake
    is_wrong = (mistake.message != "") & (mistake.control == SCOPE)
    return rx.el.div(
        rx.el.label("Search", html_for="scope-search", class_name="label"),
        rx.el.input(
            type="search",
            id="scope-search",
            name="scope-search",
            class_name="control",
            placeholder="Namespace, host or service",
            on_change=DowntimesState.search_scope.debounce(250),
            auto_complete="off",
            custom_attrs={"form": "none", "aria-invalid": is_wrong},
        ),
        rx.cond(is_wrong, rx.el.p(mistake.message, class_name="mistake", role="alert")),
        rx.el.ul(rx.foreach(DowntimesState.found, _found), class_name="found", aria_label="Found"),
        class_name="scope-search",
    )


def _found(each: rx.Var[ChoiceView]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.el.span("+", aria_hidden="true"),
            rx.el.span(each.label, dir="auto"),
            rx.cond(each.where != "", rx.el.span(each.where, class_name="quiet")),
            type="button",
            class_name="button small",
            on_click=DowntimesState.add_to_scope(each.value),
        ),
        key=each.value,
    )


def _next_times() -> rx.Component:
    times, problem = DowntimesState.next_times, DowntimesState.next_problem
    return rx.cond(
        (times.length() > 0) | (problem != ""),
        rx.el.section(
            rx.el.h3("The next ten times"),
            rx.cond(problem != "", rx.el.p(problem, class_name="help", role="status")),
            rx.cond(
                times.length() > 0,
                rx.el.div(
                    rx.el.table(
                        rx.el.thead(
                            rx.el.tr(
                                rx.el.th("There", scope="col"),
                                rx.el.th("For you", scope="col"),
                                rx.el.th("Note", scope="col"),
                            )
                        ),
                        rx.el.tbody(rx.foreach(times, _next)),
                    ),
                    class_name="table-room",
                    tab_index=0,
                    role="region",
                    aria_label="Next times",
                ),
            ),
            class_name="next-times",
        ),
    )


def _next(each: rx.Var[NextView]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(each.there),
        rx.el.td(each.here),
        rx.el.td(each.warning),
        custom_attrs={"data-odd": rx.cond(each.warning != "", "true", "false")},
        key=each.there,
    )
