"""How a host or a service is muted or paused on its page."""

from typing import Any

import reflex as rx

from webmon.domain.durations import in_words
from webmon.models.notifications import MOST_OF_A_REASON
from webmon.queries.notifications.incident_timeline import MuteView
from webmon.ui.display.moment import moment
from webmon.ui.display.panel import panel
from webmon.ui.rooms.quieting import LENGTHS


def quieting(state: Any, *more: rx.Component) -> rx.Component:
    """Mutes in effect, the form of a new one, and ``more``; nothing for who may change nothing."""
    view = state.view
    return rx.cond(
        view.can_edit,
        panel(
            "Quiet",
            rx.el.ul(
                rx.foreach(view.mutes, lambda each: muted(each, state.end_mute)), class_name="rows"
            ),
            _mute(state),
            *more,
        ),
    )


def muted(each: rx.Var[MuteView], on_end: Any) -> rx.Component:
    """A mute, why and until when, and the button that ends it."""
    return rx.el.li(
        rx.el.b(each.what, dir="auto"),
        " is ",
        each.why,
        rx.cond(
            each.until != "", rx.fragment(", until ", moment(each.until)), ", until it is well"
        ),
        ". ",
        rx.cond(
            each.can_end,
            rx.el.button(
                "End the mute", type="button", class_name="button", on_click=on_end(each.id)
            ),
        ),
        key=each.id.to(str),
    )


def length_options() -> list[rx.Component]:
    """For how long: the options of a select."""
    return [
        rx.el.option(in_words(each.total_seconds()), value=key) for key, each in LENGTHS.items()
    ]


def _mute(state: Any) -> rx.Component:
    return mute_form(
        state.quiet_mistake,
        rx.el.p("It is checked all the same; its bad news is not sent.", class_name="help"),
        length_label="Muted for how long",
        on_submit=state.mute,
        key="mute" + state.quiet_serial.to(str),
    )


def mute_form(
    mistake: rx.Var[str],
    *below: rx.Component,
    length_label: str,
    what: rx.Component | None = None,
    **props: Any,
) -> rx.Component:
    """Asks for the reason and the length of a mute, and by ``what`` for what is muted.

    ``mistake`` stands below the fields, then ``below``; ``props`` are those of the form.
    """
    is_wrong = mistake != ""
    return rx.el.form(
        rx.el.label("Mute, because", html_for="mute-reason", class_name="label"),
        rx.el.div(
            rx.el.input(
                type="text",
                name="reason",
                id="mute-reason",
                max_length=MOST_OF_A_REASON,
                auto_complete="off",
                class_name="control",
                custom_attrs={"aria-describedby": "mute-mistake", "aria-invalid": is_wrong},
            ),
            *([] if what is None else [what]),
            rx.el.select(
                *length_options(),
                rx.el.option("until it is well", value="well"),
                name="until",
                class_name="control",
                aria_label=length_label,
            ),
            rx.el.button("Mute", type="submit", class_name="button"),
            class_name="watch-line mute-line",
        ),
        rx.cond(is_wrong, rx.el.p(mistake, class_name="mistake", role="alert", id="mute-mistake")),
        *below,
        **props,
    )


def pausing(state: Any) -> rx.Component:
    """Pauses a service for a while, or resumes it."""
    view = state.view
    pause = rx.el.form(
        rx.el.label("Pause", html_for="pause-until", class_name="label"),
        rx.el.div(
            rx.el.select(
                rx.el.option("until it is resumed", value=""),
                *length_options(),
                id="pause-until",
                name="until",
                class_name="control",
            ),
            rx.el.button("Pause", type="submit", class_name="button"),
            class_name="watch-line mute-line",
        ),
        rx.el.p("Nothing is checked meanwhile, and an open incident ends.", class_name="help"),
        on_submit=state.pause,
    )
    resume = rx.el.p(
        "Paused",
        rx.cond(view.paused_until != "", rx.fragment(" until ", moment(view.paused_until))),
        ". ",
        rx.el.button("Resume", type="button", class_name="button", on_click=state.resume),
    )
    return rx.cond(view.paused, resume, pause)
