"""How a status looks: always a shape, a word and a colour."""

import reflex as rx

from webmon.queries.public.status_board import SHOWN_WORDS
from webmon.ui.display.native import RawHTML

SPRITE = """\
<svg width="0" height="0" aria-hidden="true" focusable="false" style="position:absolute">
<symbol id="status-up" viewBox="0 0 24 24"><circle cx="12" cy="12" r="11" fill="currentColor"/>\
<path class="cut" d="m7 12.5 3.5 3.5 6.5-7.5"/></symbol>
<symbol id="status-degraded" viewBox="0 0 24 24">\
<path d="M10.3 2.6a2 2 0 0 1 3.4 0l9.6 17a2 2 0 0 1-1.7 2.9H2.4a2 2 0 0 1-1.7-2.9z" \
fill="currentColor"/><path class="cut" d="M12 8.5v6M12 18.4v.1"/></symbol>
<symbol id="status-down" viewBox="0 0 24 24">\
<path d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z" fill="currentColor"/>\
<path class="cut" d="m8 8 8 8M16 8l-8 8"/></symbol>
<symbol id="status-unknown" viewBox="0 0 24 24"><circle cx="12" cy="12" r="9.5" fill="none" \
stroke="currentColor" stroke-width="2.5" stroke-dasharray="3.7 2.27"/></symbol>
<symbol id="status-paused" viewBox="0 0 24 24"><circle cx="12" cy="12" r="9.75" fill="none" \
stroke="currentColor" stroke-width="2.5"/><path d="M9.5 8v8M14.5 8v8" fill="none" \
stroke="currentColor" stroke-width="2.5" stroke-linecap="round"/></symbol>
<symbol id="status-planned" viewBox="0 0 24 24"><path fill="currentColor" d="M15.5 5.9a1 1 0 0 0 0 \
1.4l1.2 1.2a1 1 0 0 0 1.4 0l4-4a7 7 0 0 1-9.3 8.9l-7.3 7.4a2.9 2.9 0 0 1-4.1-4.1l7.4-7.3a7 7 0 0 \
1 8.9-9.3z"/></symbol>
</svg>"""


def sprite() -> rx.Component:
    """The drawings that `icon` refers to; once on each page."""
    return RawHTML.create(SPRITE)


def icon(status: str | rx.Var[str]) -> rx.Component:
    """The shape alone; the caller puts the word beside it."""
    return rx.el.svg(
        rx.el.svg.use(href="#status-" + rx.Var.create(status)),
        class_name="icon",
        aria_hidden="true",
        custom_attrs={"data-status": status},
    )


def word(status: str | rx.Var[str]) -> rx.Var[str]:
    """The word for people: “difficulties” for ``degraded``."""
    return rx.Var.create(SHOWN_WORDS)[status].to(str)


def badge(status: str | rx.Var[str], text: rx.Var[str] | None = None) -> rx.Component:
    """Shape, word and colour; ``text`` where the status has a more exact word than its own."""
    shown = word(status) if text is None else text
    return rx.el.span(
        icon(status), shown, class_name="status", custom_attrs={"data-status": status}
    )
