"""The page of planned downtime: what goes on, what is next, what is over, and the editor."""

import reflex as rx

from pages.admin.downtimes.editor import editor
from pages.admin.downtimes.state import EXTENSIONS, DowntimesState
from webmon.queries.downtimes.room import AnswerView, DidView, TimeView
from webmon.ui.display.moment import moment, span
from webmon.ui.rooms.history_view import history_part
from webmon.ui.rooms.room_view import add_button, headline, once_loaded, stays_current
from webmon.ui.shell.frame import frame
from webmon.ui.shell.live import modal

ROUTE = "/downtime"
TITLE = "Planned downtime – Beaconry"


def downtimes() -> rx.Component:
    """The page."""
    view, opened = DowntimesState.view, DowntimesState.form
    nothing = (view.now.length() == 0) & (view.next.length() == 0) & (view.past.length() == 0)
    return frame(
        stays_current(DowntimesState),
        headline(
            DowntimesState,
            "Planned downtime",
            None,
            rx.cond(
                view.can_edit, add_button("Plan downtime", DowntimesState.open_new("downtime", 0))
            ),
        ),
        rx.cond((opened.thing == "downtime") & (opened.id == 0), editor()),
        once_loaded(DowntimesState, rx.cond(nothing, _empty())),
        _part("Opened", "", DowntimesState.opened, DowntimesState.opened.length() > 0),
        _part("Now", "Nothing is in planned downtime.", view.now, ~nothing),
        _part("Next", "Nothing is planned.", view.next, ~nothing, view.more_next),
        _part("Past", "", view.past, view.past.length() > 0, view.more_past),
        _question(),
        who=view.who,
        here="Planned downtime",
    )


def _empty() -> rx.Component:
    return rx.el.p(
        "Nothing is planned. Say once when something will be down: it is announced, X and Slack "
        "stay quiet meanwhile, and its time is left out of uptime. ",
        rx.cond(DowntimesState.view.can_edit, "Begin with “Plan downtime” above.", ""),
        class_name="none",
    )


def _part(
    title: str,
    none: str,
    times: rx.Var[list[TimeView]],
    is_shown: rx.Var,
    has_more: rx.Var | bool = False,
) -> rx.Component:
    return rx.cond(
        DowntimesState.loaded & is_shown,
        rx.el.section(
            rx.el.h2(title),
            rx.cond(
                times.length() > 0,
                rx.el.ol(rx.foreach(times, _time), class_name="downtimes"),
                rx.el.p(none, class_name="none"),
            ),
            rx.cond(has_more, _more(title)),
            class_name="downtime-part",
        ),
    )


def _more(title: str) -> rx.Component:
    return rx.el.button(
        "Show more",
        type="button",
        class_name="button show-more",
        on_click=DowntimesState.show_more(title.lower()),
        aria_label=f"Show more: {title}",
    )


def _time(each: rx.Var[TimeView]) -> rx.Component:
    is_open, form = DowntimesState.detail.time.id == each.id, DowntimesState.form
    of_all = (form.thing == "downtime") & (form.id == each.downtime_id)
    of_time = ((form.thing == "time") | (form.thing == "following")) & (form.id == each.id)
    is_the_one = (each.repeats == "") | (each.state == "scheduled")
    return rx.el.li(
        rx.el.div(
            rx.el.span(each.word, class_name="downtime-state"),
            rx.el.button(
                each.title,
                type="button",
                dir="auto",
                class_name="downtime-title",
                on_click=DowntimesState.open_time(each.id),
                custom_attrs={"aria-expanded": is_open},
            ),
            rx.el.span(
                span(each.starts_at, each.ends_at),
                rx.cond(each.away != "", _away(each)),
                class_name="downtime-when",
            ),
            rx.el.span(
                each.scope,
                rx.cond(each.repeats != "", rx.fragment(" · ", each.repeats)),
                rx.cond(each.moved, " · changed", ""),
                class_name="downtime-facts",
                dir="auto",
            ),
            rx.cond(each.can_edit, _actions(each)),
            class_name="downtime-row",
        ),
        rx.cond(is_open, _detail()),
        rx.cond((of_all & is_the_one) | of_time, editor()),
        custom_attrs={"data-state": each.state, "data-downtime": each.title},
        key=each.id.to(str),
    )


def _away(each: rx.Var[TimeView]) -> rx.Component:
    ends = rx.fragment(" · ", each.away, " left")
    return rx.el.span(rx.cond(each.state == "started", ends, rx.fragment(" · in ", each.away)))


def _actions(each: rx.Var[TimeView]) -> rx.Component:
    is_series = each.repeats != ""
    coming = rx.fragment(
        rx.cond(
            is_series,
            rx.fragment(
                _edit("Edit this time", "time", each.id, each),
                _edit("Edit this and following", "following", each.id, each),
                _edit("Edit all", "downtime", each.downtime_id, each),
                _ask("Skip", "skip", each),
                _ask("Cancel all", "cancel_all", each, " danger"),
            ),
            rx.fragment(
                _edit("Edit", "downtime", each.downtime_id, each),
                _ask("Cancel", "cancel", each, " danger"),
            ),
        ),
        _ask("Start now", "start", each),
    )
    going_on = rx.fragment(
        *(_extend(length, minutes, each) for length, minutes in EXTENSIONS.items()),
        _ask("Finish now", "finish", each),
        rx.cond(
            is_series,
            _edit("Edit this time", "time", each.id, each),
            _edit("Edit", "downtime", each.downtime_id, each),
        ),
        _ask("Cancel", "cancel", each, " danger"),
    )
    over = rx.fragment(
        rx.cond(each.repeats == "", _edit("Edit", "downtime", each.downtime_id, each)),
        _ask("Cancel afterwards", "cancel", each),
    )
    return rx.el.span(
        rx.match(
            each.state,
            ("scheduled", coming),
            ("started", going_on),
            ("finished", over),
            rx.fragment(),
        ),
        class_name="actions",
    )


def _edit(text: str, thing: str, row_id: rx.Var[int], each: rx.Var[TimeView]) -> rx.Component:
    return _button(text, DowntimesState.open_form(thing, row_id), each)


def _ask(text: str, step: str, each: rx.Var[TimeView], more: str = "") -> rx.Component:
    return _button(text, DowntimesState.ask_first(step, each.id), each, more)


def _extend(length: str, minutes: int, each: rx.Var[TimeView]) -> rx.Component:
    text = f"+{minutes} min" if minutes < 60 else f"+{minutes // 60} h"
    return _button(text, DowntimesState.extend(each.id, length), each)


def _button(text: str, on_click: object, each: rx.Var[TimeView], more: str = "") -> rx.Component:
    said = text.replace("+", "Extend by ")
    return rx.el.button(
        text,
        type="button",
        class_name=f"button small{more}",
        on_click=on_click,
        aria_label=rx.Var.create(f"{said}: ") + each.title,
    )


def _detail() -> rx.Component:
    detail = DowntimesState.detail
    return rx.el.div(
        rx.cond(detail.time.message != "", rx.el.p(detail.time.message, dir="auto")),
        rx.el.p(detail.time.there, ", for ", detail.time.lasts, class_name="help"),
        rx.el.h3("What happened, and who was told"),
        rx.cond(
            detail.steps.length() > 0,
            rx.el.ol(rx.foreach(detail.steps, _did), class_name="updates"),
            rx.el.p("Nothing yet. It is on the public page from now on.", class_name="help"),
        ),
        rx.cond(
            detail.further.length() > 0,
            rx.fragment(
                rx.el.h3("Further times"),
                rx.el.ol(rx.foreach(detail.further, _further), class_name="further"),
            ),
        ),
        history_part(DowntimesState, "downtime", detail.time.downtime_id),
        class_name="detail",
    )


def _did(each: rx.Var[DidView]) -> rx.Component:
    return rx.el.li(
        moment(each.at),
        rx.el.span(
            each.what,
            rx.cond(each.by != "", rx.fragment(" by ", each.by)),
            rx.el.ul(rx.foreach(each.told, _told)),
            class_name="what",
        ),
        key=each.at + each.what,
    )


def _told(each: rx.Var[AnswerView]) -> rx.Component:
    return rx.el.li(
        each.what, rx.cond(each.at != "", rx.fragment(", ", moment(each.at))), key=each.what
    )


def _further(each: rx.Var[TimeView]) -> rx.Component:
    form = DowntimesState.form
    return rx.el.li(
        rx.el.div(
            rx.el.span(each.there),
            rx.cond(
                each.can_edit & (each.state == "scheduled"),
                rx.el.span(
                    _edit("Edit this time", "time", each.id, each),
                    _edit("Edit this and following", "following", each.id, each),
                    _ask("Skip", "skip", each),
                    class_name="actions",
                ),
                rx.el.span(each.word, class_name="quiet"),
            ),
            class_name="further-row",
        ),
        rx.cond(
            ((form.thing == "time") | (form.thing == "following")) & (form.id == each.id), editor()
        ),
        key=each.id.to(str),
    )


def _question() -> rx.Component:
    asked = DowntimesState.asked
    return modal(
        rx.el.h2(asked.question, id="downtime-question"),
        rx.el.p(asked.explained),
        rx.el.div(
            rx.el.button(
                "Leave it",
                type="button",
                class_name="button",
                on_click=DowntimesState.leave_it,
                auto_focus=True,
            ),
            rx.el.button(
                asked.button,
                type="button",
                class_name="button primary",
                on_click=DowntimesState.take_step,
            ),
            class_name="form-actions",
        ),
        is_open=asked.step != "",
        on_cancel=DowntimesState.leave_it,
        labelled_by="downtime-question",
    )
