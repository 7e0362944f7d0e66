"""One channel in the list: its row, and what opens below it."""

import reflex as rx

from pages.admin.channels.delivery_list import delivery_list
from pages.admin.channels.state import ChannelsState
from webmon.queries.notifications.channels import ChannelView
from webmon.queries.notifications.previews import PreviewView
from webmon.ui.display.moment import moment
from webmon.ui.display.status import icon
from webmon.ui.forms.form_view import form
from webmon.ui.rooms.history_view import history_part


def channel_row(channel: rx.Var[ChannelView]) -> rx.Component:
    """The row with its form, its test and its messages, as far as they are open."""
    is_edited = (ChannelsState.form.thing == "channel") & (ChannelsState.form.id == channel.id)
    is_open = ChannelsState.told.channel_id == channel.id
    return rx.el.li(
        rx.el.div(
            rx.el.span(
                rx.el.span(
                    icon(channel.status),
                    channel.word,
                    class_name="status",
                    custom_attrs={"data-status": channel.status},
                ),
                class_name="status-cell",
            ),
            _name(channel, is_open),
            _facts(channel),
            rx.cond(channel.can_send, _actions(channel)),
            rx.cond(channel.why != "", _why(channel)),
            class_name="channel-row",
        ),
        rx.cond(ChannelsState.test.channel_id == channel.id, _test()),
        rx.cond(is_edited, form(ChannelsState)),
        rx.cond(is_open, _detail(channel)),
        class_name="channel",
        custom_attrs={"data-status": channel.status, "data-channel": channel.name},
        key=channel.id.to(str),
    )


def _name(channel: rx.Var[ChannelView], is_open: rx.Var[bool]) -> rx.Component:
    return rx.el.button(
        rx.el.span(channel.name, class_name="name"),
        rx.el.span(
            channel.kind,
            " · ",
            rx.cond(channel.namespace != "", channel.namespace, "every namespace"),
            class_name="kind",
        ),
        type="button",
        class_name="open-detail",
        on_click=ChannelsState.toggle(channel.id),
        custom_attrs={"aria-expanded": is_open},
    )


def _facts(channel: rx.Var[ChannelView]) -> rx.Component:
    return rx.el.div(
        rx.el.span(channel.events),
        rx.cond(channel.reminder != "", rx.el.span("reminds ", channel.reminder)),
        rx.cond(
            channel.budget != "",
            rx.el.span(
                channel.budget,
                custom_attrs={"data-short": channel.is_budget_short},
                class_name="budget",
            ),
        ),
        rx.cond(channel.waiting > 0, rx.el.span(channel.waiting, " waiting")),
        class_name="channel-facts",
    )


def _actions(channel: rx.Var[ChannelView]) -> rx.Component:
    of_channel = rx.Var.create(" ") + channel.name
    return rx.el.span(
        rx.el.button(
            "Send a test",
            type="button",
            class_name="button small",
            on_click=ChannelsState.send_test(channel.id),
            aria_label=rx.Var.create("Send a test to") + of_channel,
        ),
        rx.cond(
            channel.can_edit,
            rx.el.button(
                "Edit",
                type="button",
                class_name="button small",
                on_click=ChannelsState.open_form("channel", channel.id),
                aria_label=rx.Var.create("Edit") + of_channel,
            ),
        ),
        class_name="actions",
    )


def _why(channel: rx.Var[ChannelView]) -> rx.Component:
    return rx.el.div(
        rx.el.p(
            rx.el.span(channel.why),
            rx.cond(
                channel.next_try_at != "",
                rx.el.span("next try ", moment(channel.next_try_at), class_name="next-try"),
            ),
        ),
        rx.cond(
            channel.can_edit & (channel.next_try_at != ""),
            rx.el.button(
                "Try now",
                type="button",
                class_name="button small",
                on_click=ChannelsState.try_again(channel.id),
                aria_label=rx.Var.create("Try ") + channel.name + " now",
            ),
        ),
        class_name="message",
    )


def _test() -> rx.Component:
    test = ChannelsState.test
    return rx.el.p(
        icon(test.status),
        test.text,
        class_name="test-result",
        role="status",
        custom_attrs={"data-status": test.status},
    )


def _detail(channel: rx.Var[ChannelView]) -> rx.Component:
    return rx.el.div(
        rx.el.h2("Messages"),
        rx.cond(
            ChannelsState.told.deliveries.length() > 0,
            delivery_list(
                ChannelsState.told.deliveries,
                on_send_again=ChannelsState.ask_send_again,
                names_channel=False,
            ),
            rx.el.p("Nothing yet. Send a test to see whether messages arrive.", class_name="help"),
        ),
        _pages(),
        rx.cond(ChannelsState.previews.length() > 0, _previews()),
        history_part(ChannelsState, "channel", channel.id),
        rx.cond(channel.can_edit & ~channel.built_in, _rare_actions(channel)),
        class_name="detail",
    )


def _pages() -> rx.Component:
    told = ChannelsState.told
    return rx.cond(
        told.has_more | (told.page > 1),
        rx.el.nav(
            rx.el.button(
                "Newer",
                type="button",
                class_name="button small",
                disabled=told.page <= 1,
                on_click=ChannelsState.turn_to(told.page - 1),
            ),
            rx.el.button(
                "Older",
                type="button",
                class_name="button small",
                disabled=~told.has_more,
                on_click=ChannelsState.turn_to(told.page + 1),
            ),
            class_name="actions",
            aria_label="Pages of messages",
        ),
    )


def _previews() -> rx.Component:
    return rx.el.details(
        rx.el.summary("Message previews"),
        rx.foreach(ChannelsState.previews, _preview),
        class_name="more",
    )


def _preview(each: rx.Var[PreviewView]) -> rx.Component:
    return rx.el.figure(
        rx.el.figcaption(
            rx.el.b(each.event),
            rx.cond(
                each.counted != "",
                rx.el.span(
                    each.counted,
                    " characters",
                    rx.cond(each.is_too_long, ": too long", ""),
                ),
            ),
        ),
        rx.el.pre(each.text, tab_index=0),
        class_name="preview",
        key=each.event,
    )


def _rare_actions(channel: rx.Var[ChannelView]) -> rx.Component:
    return rx.el.div(
        rx.el.button(
            rx.cond(channel.enabled, "Switch off", "Switch on"),
            type="button",
            class_name="button small",
            on_click=ChannelsState.switch(channel.id, ~channel.enabled),
        ),
        rx.el.button(
            "Duplicate",
            type="button",
            class_name="button small",
            on_click=ChannelsState.duplicate("channel", channel.id),
        ),
        rx.el.button(
            "Delete channel",
            type="button",
            class_name="button small danger",
            on_click=ChannelsState.ask_delete("channel", channel.id),
        ),
        class_name="rare",
    )
