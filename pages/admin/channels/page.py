"""The channels' page: where is told, how that goes, and how to change it."""

import reflex as rx

from pages.admin.channels.channel_row import channel_row
from pages.admin.channels.sending import send_question
from pages.admin.channels.state import ChannelsState
from webmon.ui.forms.form_view import form
from webmon.ui.rooms.room_view import (
    add_button,
    confirmation,
    headline,
    no_worker,
    once_loaded,
    stays_current,
)
from webmon.ui.shell.frame import frame

ROUTE = "/channels"
TITLE = "Channels – Beaconry"


def channels() -> rx.Component:
    """The page."""
    opened = ChannelsState.form
    return frame(
        stays_current(ChannelsState),
        _headline(),
        rx.cond(
            ChannelsState.worker_silent & ChannelsState.loaded,
            no_worker("Nothing is being sent", and_so=" Messages stay queued until then."),
        ),
        rx.cond((opened.thing == "channel") & (opened.id == 0), form(ChannelsState)),
        once_loaded(
            ChannelsState,
            rx.el.ol(rx.foreach(ChannelsState.channels, channel_row), class_name="channels"),
        ),
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
        confirmation(ChannelsState),
        send_question(ChannelsState),
        who=ChannelsState.who,
        here="Channels",
    )


def _headline() -> rx.Component:
    add = add_button("Add channel", ChannelsState.open_new("channel", 0))
    return headline(
        ChannelsState,
        rx.cond(ChannelsState.loaded, ChannelsState.headline, "Channels"),
        ChannelsState.status,
        rx.cond(ChannelsState.can_add, add),
    )
