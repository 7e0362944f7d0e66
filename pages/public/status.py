"""The public status page: the answer first, then every host with its services.

The server writes the same elements into the HTML (`webmon/api/status_html.py`), so that they are
there before any script runs, or without one; a test compares the two.
"""

import reflex as rx
from reflex_components_core.react_router import ReactRouterLink

from webmon.queries.public.status_board import (
    BoardCountView,
    BoardFilterView,
    BoardHostView,
    BoardServiceView,
)
from webmon.ui.feed import BOARD, READY, UPDATED
from webmon.ui.native import NativeLink, RawHTML
from webmon.ui.status import icon, word
from webmon.ui.theme import page


def status() -> rx.Component:
    """The page at `/status/`."""
    return page(rx.cond(READY, _board(), RawHTML.create("", id="board", class_name="board")))


def _board() -> rx.Component:
    return rx.el.div(
        _answer(),
        rx.cond(BOARD.notice, rx.el.p(BOARD.notice, class_name="notice", role="alert")),
        rx.cond(BOARD.filters.length() > 0, _filters()),
        rx.cond(BOARD.hosts.length() > 0, _hosts(), rx.cond(BOARD.missing, None, _nothing())),
        id="board",
        class_name="board",
    )


def _answer() -> rx.Component:
    return rx.el.div(
        icon(BOARD.status),
        rx.el.div(rx.el.h1(BOARD.headline), role="status"),
        rx.el.ul(rx.foreach(BOARD.counts, _count), class_name="counts"),
        rx.el.p(UPDATED, class_name="updated"),
        class_name="answer",
    )


def _count(count: rx.Var[BoardCountView]) -> rx.Component:
    return rx.el.li(icon(count.status), rx.el.b(count.count), " ", word(count.status))


def _filters() -> rx.Component:
    return rx.el.nav(
        rx.foreach(BOARD.filters, _filter), class_name="filters", aria_label="Namespaces"
    )


def _filter(item: rx.Var[BoardFilterView]) -> rx.Component:
    return ReactRouterLink.create(
        icon(item.status),
        item.name,
        to=item.href,
        prevent_scroll_reset=True,
        custom_attrs={"aria-current": rx.cond(item.current, "page", "false")},
    )


def _hosts() -> rx.Component:
    return rx.el.ul(rx.foreach(BOARD.hosts, _host), class_name="hosts")


def _host(host: rx.Var[BoardHostView]) -> rx.Component:
    return rx.el.li(
        rx.el.details(
            rx.el.summary(
                icon(host.status),
                rx.el.span(
                    host.name,
                    rx.cond(host.group, rx.el.span(host.group, class_name="group")),
                    class_name="name",
                ),
                rx.el.span(word(host.status), class_name="word"),
            ),
            rx.el.ul(rx.foreach(host.services, _service), class_name="services"),
            open=host.open,
        ),
        key=host.key,
        class_name=rx.cond(host.open, "wide", "narrow"),
        custom_attrs={"data-status": host.status},
    )


def _service(service: rx.Var[BoardServiceView]) -> rx.Component:
    return rx.el.li(
        icon(service.status),
        rx.el.span(service.name, class_name="name"),
        rx.el.span(word(service.status), class_name="word"),
        key=service.name,
        custom_attrs={"data-status": service.status},
    )


def _nothing() -> rx.Component:
    return rx.el.p(
        "As soon as something is watched, it is shown here. ",
        NativeLink.create("Log in", href="/admin/"),
        " to watch a first site.",
        class_name="nothing",
    )
