"""Panels and figures: a heading with what stands below it, a number with its name."""

from typing import Any

import reflex as rx


def panel(title: str, *content: rx.Component, href: str = "", wide: bool = False) -> rx.Component:
    """A titled part of a page; the title links to the list behind it."""
    return rx.el.section(
        rx.el.h2(rx.el.a(title, href=href) if href else title),
        *content,
        class_name="panel wide" if wide else "panel",
    )


def side_by_side(left: list[rx.Component], right: list[rx.Component]) -> rx.Component:
    """Two columns of panels, each as tall as its own; one below the other on phones."""
    return rx.el.div(rx.el.div(*left), rx.el.div(*right), class_name="side-by-side")


def number(name: str, *value: Any, href: str, note: rx.Component | None = None) -> rx.Component:
    """A number with its name, to be put into a ``dl``; it links to the list behind it."""
    return rx.el.div(
        rx.el.dt(name),
        rx.el.dd(
            rx.el.a(*value, href=href),
            rx.el.span(note, class_name="note") if note is not None else None,
        ),
        class_name="number",
    )
