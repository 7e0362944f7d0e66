"""The incidents' page: what is down and what was, and who was told of it, or why not."""

import reflex as rx

from pages.admin.channels.delivery_list import delivery_list
from pages.admin.channels.sending import send_question
from pages.admin.downtimes.applying import planned_row
from pages.admin.incidents.state import ROOM, UPDATE_TEXT, IncidentsState
from webmon.models.history import MOST_CHARACTERS
from webmon.queries.notifications.incident_detail import UntoldView
from webmon.queries.notifications.incident_timeline import MomentView
from webmon.queries.notifications.incidents import EntryView, FilterView, IncidentView
from webmon.ui.display.moment import moment
from webmon.ui.display.status import icon
from webmon.ui.forms.drafts import draft_of
from webmon.ui.rooms.quieting_view import mute_form, muted
from webmon.ui.rooms.room_view import headline, once_loaded, pages, stays_current
from webmon.ui.shell.frame import frame

ROUTE = "/incidents"
TITLE = "Incidents – Beaconry"


def incidents() -> rx.Component:
    """The page."""
    view = IncidentsState.view
    return frame(
        stays_current(IncidentsState),
        headline(IncidentsState, view.headline, view.status),
        once_loaded(
            IncidentsState,
            _filters(),
            rx.el.ol(rx.foreach(view.groups, _entry), class_name="incidents", tab_index=-1),
        ),
        rx.cond(
            IncidentsState.loaded & (view.found == 0),
            rx.el.p(
                rx.cond(
                    IncidentsState.rest != "",
                    "No incident is like that.",
                    "No outages so far. When something goes down, this page shows since when and "
                    "why, and who was notified.",
                ),
                class_name="none",
            ),
        ),
        pages(IncidentsState, view.page, view.pages),
        send_question(IncidentsState),
        who=view.who,
        here="Incidents",
    )


def _filters() -> rx.Component:
    view, state = IncidentsState.view, IncidentsState
    return rx.el.nav(
        rx.el.span(
            _pick("All", ROOM, ~state.only_open),
            _pick("Open", f"{ROOM}?show=open", state.only_open),
            class_name="picks",
        ),
        rx.cond(
            view.namespaces.length() > 1,
            rx.el.span(rx.foreach(view.namespaces, _namespace), class_name="picks"),
        ),
        rx.cond(
            view.host != "",
            rx.el.span("Only ", rx.el.b(view.host), ". ", rx.el.a("Show all", href=ROOM)),
        ),
        class_name="filters incident-filters",
        aria_label="Filters",
    )


def _pick(text: str | rx.Var[str], href: str | rx.Var[str], chosen: rx.Var[bool]) -> rx.Component:
    current = {"aria-current": rx.cond(chosen, "true", "false")}
    return rx.el.a(text, href=href, custom_attrs=current)


def _namespace(each: rx.Var[FilterView]) -> rx.Component:
    only = rx.cond(IncidentsState.only_open, f"{ROOM}?show=open&", f"{ROOM}?")
    return _pick(each.text, only + rx.cond(each.chosen, "", "namespace=" + each.slug), each.chosen)


def _entry(each: rx.Var[EntryView]) -> rx.Component:
    """What failed together on one host: its parts, below a line of their own where there are
    several."""
    return rx.el.li(
        rx.cond(each.parts.length() > 1, _together(each)),
        rx.el.ol(rx.foreach(each.parts, lambda part: _incident(part, each)), class_name="parts"),
        class_name="channel",
        custom_attrs={"data-status": each.status},
        key=each.id.to(str),
    )


def _together(each: rx.Var[EntryView]) -> rx.Component:
    return rx.el.div(
        _status(each.status, each.word),
        rx.el.span(_host(each), class_name="incident-what"),
        rx.el.span(each.parts.length(), " services failed together", class_name="channel-facts"),
        _acknowledge(each),
        class_name="channel-row entry-row",
    )


def _status(
    status: rx.Var[str], word: rx.Var[str], lasted: rx.Var[str] | None = None
) -> rx.Component:
    return rx.el.span(
        rx.el.span(icon(status), word, class_name="status", custom_attrs={"data-status": status}),
        rx.el.span("for ", lasted, class_name="since") if lasted is not None else None,
        class_name="status-cell",
    )


def _host(each: rx.Var[EntryView]) -> rx.Component:
    """Leads to the incidents of that host alone."""
    return rx.fragment(
        rx.el.a(
            each.host,
            href=f"{ROOM}?host=" + each.host_id.to(str),
            dir="auto",
            class_name="name",
        ),
        rx.el.span(each.namespace, class_name="kind"),
    )


def _acknowledge(each: rx.Var[EntryView]) -> rx.Component:
    return rx.cond(
        each.takes.length() > 0,
        rx.el.button(
            "Acknowledge",
            type="button",
            class_name="button small",
            on_click=IncidentsState.acknowledge(each.takes),
            custom_attrs={"aria-label": "Acknowledge " + each.host},
        ),
    )


def _incident(each: rx.Var[IncidentView], entry: rx.Var[EntryView]) -> rx.Component:
    is_open, is_alone = IncidentsState.detail.id == each.id, entry.parts.length() == 1
    status = rx.cond(is_alone, entry.status, rx.cond(each.is_open, "down", "up"))
    word = rx.cond(is_alone, entry.word, rx.cond(each.is_open, "down", "over"))
    base = f"{ROOM}?" + IncidentsState.rest
    return rx.el.li(
        rx.el.div(
            _status(status, word, each.lasted),
            rx.el.span(
                rx.cond(is_alone, _host(entry)),
                rx.el.a(
                    rx.el.span(each.service, class_name="name", dir="auto"),
                    href=rx.cond(is_open, base, base + "incident=" + each.id.to(str)),
                    class_name="open-detail",
                    custom_attrs={"aria-expanded": is_open},
                ),
                class_name="incident-what",
            ),
            rx.el.div(
                rx.el.span(
                    moment(each.began_at),
                    rx.cond(each.ended_at != "", rx.el.span(" – ", moment(each.ended_at))),
                ),
                rx.el.span(each.told),
                class_name="channel-facts",
            ),
            rx.cond(is_alone, _acknowledge(entry)),
            rx.cond(
                each.acknowledged_by != "",
                rx.el.p(
                    rx.el.span("Acknowledged by ", each.acknowledged_by),
                    moment(each.acknowledged_at),
                    class_name="message",
                ),
            ),
            rx.cond(each.muted != "", rx.el.p("Now ", each.muted, class_name="message")),
            rx.cond(each.cause != "", rx.el.p(each.cause, class_name="message")),
            class_name="channel-row",
        ),
        rx.cond(is_open, _detail()),
        custom_attrs={"data-incident": each.host + " / " + each.service},
        key=each.id.to(str),
    )


def _detail() -> rx.Component:
    detail = IncidentsState.detail
    return rx.el.div(
        rx.el.h2("What happened"),
        rx.el.ol(rx.foreach(detail.timeline, _moment), class_name="updates"),
        rx.cond(
            IncidentsState.planned.length() > 0,
            rx.fragment(
                rx.el.h2("Planned downtime"),
                rx.el.ul(rx.foreach(IncidentsState.planned, planned_row), class_name="rows"),
            ),
        ),
        rx.cond(detail.can_write, rx.fragment(_write_update(), _mute())),
        rx.el.ul(
            rx.foreach(detail.mutes, lambda each: muted(each, IncidentsState.end_mute)),
            class_name="untold",
        ),
        rx.el.h2("Notified"),
        rx.cond(
            detail.deliveries.length() > 0,
            delivery_list(
                detail.deliveries, on_send_again=IncidentsState.ask_send_again, names_channel=True
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


def _moment(each: rx.Var[MomentView]) -> rx.Component:
    return rx.el.li(
        moment(each.at),
        rx.el.span(each.what, class_name="what", dir="auto"),
        rx.el.span(each.who, class_name="author"),
        key=each.at + each.what,
    )


def _mute() -> rx.Component:
    what = rx.el.select(
        rx.el.option("this service", value="service"),
        rx.el.option("the whole host", value="host"),
        name="what",
        class_name="control",
        aria_label="What to mute",
    )
    return mute_form(
        IncidentsState.mute_mistake,
        length_label="For how long",
        what=what,
        on_submit=IncidentsState.mute,
        custom_attrs=draft_of("mute:" + IncidentsState.detail.id.to_string()),
        class_name="write-update",
        key="mute" + IncidentsState.serial.to(str),
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
            IncidentsState.detail.reach,
            f" Word for word; at most {MOST_CHARACTERS} characters.",
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
        custom_attrs=draft_of("update:" + IncidentsState.detail.id.to_string()),
        class_name="write-update",
        key=IncidentsState.serial.to(str),
    )


def _untold(each: rx.Var[UntoldView]) -> rx.Component:
    return rx.el.li(rx.el.b(each.channel), ": ", each.why, key=each.channel)
