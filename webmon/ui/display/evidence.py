"""What a look has found, drawn: its steps, what can be full, and the rest in words."""

from typing import Any

import reflex as rx

from webmon.queries.inventory.evidence import BarView, FactView, PairView
from webmon.queries.inventory.services import PhaseView
from webmon.ui.display.moment import moment
from webmon.ui.display.status import icon


def evidence(found: Any) -> rx.Component:
    """What the last check found: its steps, what can be full, and the rest in words."""
    return rx.fragment(
        rx.cond(found.phases.length() > 0, _phases(found)),
        rx.cond(
            found.bars.length() > 0,
            rx.el.ul(rx.foreach(found.bars, _bar), class_name="bars"),
        ),
        rx.cond(
            found.facts.length() > 0,
            rx.el.dl(rx.foreach(found.facts, _fact), class_name="evidence"),
        ),
    )


def _phases(found: Any) -> rx.Component:
    return rx.el.figure(
        rx.el.div(
            rx.foreach(
                found.phases,
                lambda phase: rx.el.span(
                    style={"flexGrow": phase.share}, custom_attrs={"data-phase": phase.name}
                ),
            ),
            class_name="phase-bar",
            aria_hidden="true",
        ),
        rx.el.figcaption(
            rx.foreach(found.phases, _phase),
            rx.cond(
                found.total != "",
                rx.el.span("total ", rx.el.b(found.total), class_name="phase"),
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
