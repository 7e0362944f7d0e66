"""Messages to channels: what became of each, why, and when it is tried next."""

from typing import Any

import reflex as rx

from webmon.queries.notifications.deliveries import DeliveryView
from webmon.ui.display.moment import moment
from webmon.ui.display.status import icon


def delivery_list(
    deliveries: rx.Var[tuple[DeliveryView, ...]], *, on_send_again: Any, names_channel: bool
) -> rx.Component:
    """One message a row; ``names_channel`` where they are of several channels."""
    return rx.el.ol(
        rx.foreach(
            deliveries, lambda each: _delivery(each, on_send_again, names_channel=names_channel)
        ),
        class_name="deliveries",
    )


def _delivery(
    each: rx.Var[DeliveryView], on_send_again: Any, *, names_channel: bool
) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            icon(each.status),
            each.word,
            class_name="status",
            custom_attrs={"data-status": each.status},
        ),
        moment(each.at),
        rx.el.span(
            rx.el.b(each.channel, ": ") if names_channel else "",
            each.event,
            rx.cond(each.about != "", rx.el.span(" – ", each.about), ""),
            class_name="what",
        ),
        rx.cond(each.can_send_again, _send_again(each, on_send_again)),
        rx.el.p(
            rx.cond(each.why != "", rx.el.span(each.why)),
            rx.cond(each.attempts > 1, rx.el.span("tried ", each.attempts, " times")),
            rx.cond(each.next_try_at != "", rx.el.span("next try ", moment(each.next_try_at))),
            class_name="why",
        ),
        key=each.id.to(str),
    )


def _send_again(each: rx.Var[DeliveryView], on_send_again: Any) -> rx.Component:
    return rx.el.button(
        "Send again",
        type="button",
        class_name="button small",
        on_click=on_send_again(each.id),
        aria_label=rx.Var.create("Send again: ") + each.event + " – " + each.about,
    )
