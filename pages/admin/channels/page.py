"""The channels' page: where is told, how that goes, and how to change it."""

import reflex as rx

from pages.admin.channels.channel_row import channel_row, open_form
from pages.admin.channels.state import ChannelsState
from webmon.ui.frame import frame
from webmon.ui.live import live, modal
from webmon.ui.moment import moment
from webmon.ui.status import icon

ROUTE = "/channels"
TITLE = "Channels – Beaconry"


def channels() -> rx.Component:
    """The page."""
    form = ChannelsState.form
    return frame(
        live(on_tick=ChannelsState.tick.temporal, seen=ChannelsState.as_of),
        _headline(),
        rx.cond(ChannelsState.worker_silent & ChannelsState.loaded, _no_worker()),
        rx.cond((form.thing == "channel") & (form.id == 0), open_form()),
        rx.el.ol(rx.foreach(ChannelsState.channels, channel_row), class_name="channels"),
        rx.cond(
            ChannelsState.loaded & (ChannelsState.channels.length() <= 1),
            rx.el.p(
                "Only the administrators are notified. ",
                rx.cond(
                    ChannelsState.can_add,
                    "Add a channel to notify others: by e-mail, X, Slack and more.",
                    "An admin can add channels: e-mail, X, Slack and others.",
                ),
                class_name="none",
            ),
        ),
        _confirmation(),
        who=ChannelsState.who,
        here="Channels",
    )


def _headline() -> rx.Component:
    return rx.el.div(
        rx.el.h1(
            rx.el.span(
                icon(ChannelsState.status),
                class_name="status",
                custom_attrs={"data-status": ChannelsState.status},
            ),
            rx.cond(ChannelsState.loaded, ChannelsState.headline, "Channels"),
        ),
        rx.cond(
            ChannelsState.loaded,
            rx.el.span("as of ", moment(ChannelsState.as_of), class_name="as-of"),
        ),
        rx.cond(
            ChannelsState.can_add,
            rx.el.span(
                rx.el.button(
                    "Add channel",
                    type="button",
                    class_name="button",
                    on_click=ChannelsState.open_channel(0),
                ),
                class_name="actions",
            ),
        ),
        class_name="headline",
    )


def _no_worker() -> rx.Component:
    return rx.el.p(
        rx.el.b("Nothing is being sent: "),
        "no worker has reported within 30 seconds. Start one with ",
        rx.el.code("webmon worker"),
        ", or both processes with ",
        rx.el.code("webmon up"),
        ". Messages stay queued until then.",
        class_name="notice",
        role="status",
    )


def _confirmation() -> rx.Component:
    return modal(
        rx.el.h2(ChannelsState.doomed.question, id="question"),
        rx.el.p("This cannot be undone."),
        rx.el.div(
            rx.el.button(
                "Keep",
                type="button",
                class_name="button",
                on_click=ChannelsState.keep,
                auto_focus=True,
            ),
            rx.el.button(
                "Delete", type="button", class_name="button danger", on_click=ChannelsState.delete
            ),
            class_name="form-actions",
        ),
        is_open=ChannelsState.doomed.thing != "",
        on_cancel=ChannelsState.keep,
        labelled_by="question",
    )
