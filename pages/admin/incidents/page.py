"""The incidents' page: what is down and what was, and who was told of it, or why not."""

import reflex as rx

from pages.admin.channels.delivery_list import delivery_list
from pages.admin.incidents.state import UPDATE_TEXT, IncidentsState
from webmon.models.history import MOST_CHARACTERS
from webmon.queries.notifications.incidents import IncidentView, UntoldView, UpdateView
from webmon.ui.frame import frame
from webmon.ui.moment import moment
from webmon.ui.room_view import headline, pages, stays_current
from webmon.ui.status import icon

ROUTE = "/incidents"
TITLE = "Incidents – Beaconry"


def incidents() -> rx.Component:
    """The page."""
    view = IncidentsState.view
    return frame(
        stays_current(IncidentsState),
        headline(IncidentsState, view.headline, view.status),
        rx.el.ol(rx.foreach(view.incidents, _incident), class_name="incidents", tab_index=-1),
        rx.cond(
            IncidentsState.loaded & (view.found == 0),
            rx.el.p(
                "No outages so far. When something goes down, this page shows since when and why, "
                "and who was notified.",
                class_name="none",
            ),
        ),
        pages(IncidentsState, view.page, view.pages),
        who=view.who,
        here="Incidents",
    )


def _incident(each: rx.Var[IncidentView]) -> rx.Component:
    is_open = IncidentsState.detail.id == each.id
    status = rx.cond(each.is_open, "down", "up")
    return rx.el.li(
        rx.el.div(
            rx.el.span(
                rx.el.span(
                    icon(status),
                    rx.cond(each.is_open, "down", "over"),
                    class_name="status",
                    custom_attrs={"data-status": status},
                ),
                rx.el.span("for ", each.lasted, class_name="since"),
                class_name="status-cell",
            ),
            rx.el.button(
                rx.el.span(each.host, " / ", each.service, class_name="name"),
                rx.el.span(each.namespace, class_name="kind"),
                type="button",
                class_name="open-detail",
                on_click=IncidentsState.toggle(each.id),
                custom_attrs={"aria-expanded": is_open},
            ),
            rx.el.div(
                rx.el.span(
                    moment(each.began_at),
                    rx.cond(each.ended_at != "", rx.el.span(" – ", moment(each.ended_at))),
                ),
                rx.el.span(each.told),
                class_name="channel-facts",
            ),
            rx.cond(
                each.acknowledged_by != "",
                rx.el.p(
                    "Acknowledged by ",
                    each.acknowledged_by,
                    " ",
                    moment(each.acknowledged_at),
                    class_name="message",
                ),
            ),
            rx.cond(
                each.can_acknowledge,
                rx.el.button(
                    "Acknowledge",
                    type="button",
                    class_name="button",
                    on_click=IncidentsState.acknowledge(each.id),
                ),
            ),
            rx.cond(each.cause != "", rx.el.p(each.cause, class_name="message")),
            class_name="channel-row",
        ),
        rx.cond(is_open, _detail()),
        class_name="channel",
        custom_attrs={"data-status": status, "data-incident": each.host + " / " + each.service},
        key=each.id.to(str),
    )


def _detail() -> rx.Component:
    detail = IncidentsState.detail
    return rx.el.div(
        rx.cond(
            (detail.updates.length() > 0) | detail.can_write,
            rx.fragment(
                rx.el.h2("Updates"),
                rx.el.ol(rx.foreach(detail.updates, _update), class_name="updates"),
            ),
        ),
        rx.cond(detail.can_write, _write_update()),
        rx.el.h2("Notified"),
        rx.cond(
            detail.deliveries.length() > 0,
            delivery_list(
                detail.deliveries, on_send_again=IncidentsState.send_again, names_channel=True
            ),
            rx.el.p("Nobody.", class_name="help"),
        ),
        rx.cond(
            detail.untold.length() > 0,
            rx.fragment(
                rx.el.h2("Not notified, and why"),
                rx.el.ul(rx.foreach(detail.untold, _untold), class_name="untold"),
            ),
        ),
        class_name="detail",
    )


def _update(each: rx.Var[UpdateView]) -> rx.Component:
    return rx.el.li(
        moment(each.at),
        rx.el.span(each.text, class_name="what"),
        rx.el.span(each.author, class_name="author"),
        key=each.id.to(str),
    )


def _write_update() -> rx.Component:
    is_wrong = IncidentsState.mistake != ""
    described = {"aria-describedby": "update-help update-mistake", "aria-invalid": is_wrong}
    return rx.el.form(
        rx.el.label("Post an update", html_for=UPDATE_TEXT, class_name="label"),
        rx.el.div(
            rx.el.input(
                type="text",
                name="text",
                id=UPDATE_TEXT,
                max_length=MOST_CHARACTERS,
                auto_complete="off",
                class_name="control",
                custom_attrs=described,
            ),
            rx.el.button("Publish", type="submit", class_name="button"),
            class_name="watch-line",
        ),
        rx.el.p(
            f"At most {MOST_CHARACTERS} characters. Channels that receive incident updates get it "
            "word for word; posts on X are public.",
            class_name="help",
            id="update-help",
        ),
        rx.cond(
            is_wrong,
            rx.el.p(
                IncidentsState.mistake, class_name="mistake", role="alert", id="update-mistake"
            ),
        ),
        on_submit=IncidentsState.write_update,
        class_name="write-update",
        key=IncidentsState.serial.to(str),
    )


def _untold(each: rx.Var[UntoldView]) -> rx.Component:
    return rx.el.li(rx.el.b(each.channel), ": ", each.why, key=each.channel)
