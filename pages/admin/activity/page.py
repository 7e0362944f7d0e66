"""The activity's page: who did what, when, through what and from where."""

import reflex as rx

from pages.admin.activity.state import ActivityState
from webmon.origin import Way
from webmon.queries.activity import THINGS, WAYS
from webmon.ui.display.activity import entries
from webmon.ui.display.native import NativeLink
from webmon.ui.rooms.room_view import headline, once_loaded, search_field, stays_current
from webmon.ui.shell.frame import frame

ROUTE = "/activity"
TITLE = "Activity – Beaconry"


def activity() -> rx.Component:
    """The page."""
    view = ActivityState.view
    return frame(
        stays_current(ActivityState),
        headline(ActivityState, "Activity", None, rx.cond(view.may_see, _export())),
        rx.cond(
            ActivityState.loaded & ~view.may_see,
            rx.el.p("Editors and admins see what was done.", class_name="none"),
        ),
        once_loaded(
            ActivityState,
            rx.cond(view.may_see, _filters()),
            rx.cond(view.may_see & (ActivityState.thing_id > 0), _only_one()),
            entries(view.found),
        ),
        rx.cond(
            view.may_see & (view.found.length() == 0),
            rx.el.p("Nothing like that was done.", class_name="none"),
        ),
        _pages(),
        who=view.who,
        here="Activity",
    )


def _export() -> rx.Component:
    link = NativeLink.create("Export", href="/admin/api/activity.jsonl", class_name="button")
    return rx.el.span(link, class_name="actions")


def _filters() -> rx.Component:
    ways = {way.value: WAYS[way] for way in Way}
    return rx.el.div(
        _search("Who", "actor", ActivityState.actor),
        _search("What", "text", ActivityState.text),
        _choice("Thing", "thing", ActivityState.thing, {each: each for each in THINGS}),
        _choice("How", "way", ActivityState.way, ways),
        class_name="filters",
    )


def _only_one() -> rx.Component:
    """Says that it is about one thing alone, and leads to all."""
    thing = ActivityState.thing
    return rx.el.p(
        "Only what was done to one ",
        thing,
        ". ",
        rx.el.button(
            "Show everything of this kind",
            type="button",
            class_name="button small",
            on_click=ActivityState.look_for("thing", thing),
        ),
        class_name="quiet",
    )


def _search(label: str, what: str, value: rx.Var[str]) -> rx.Component:
    return search_field(
        label,
        value,
        lambda text: ActivityState.look_for(what, text).debounce(250),
        ActivityState.filter_serial,
    )


def _choice(label: str, what: str, value: rx.Var[str], options: dict[str, str]) -> rx.Component:
    return rx.el.label(
        label,
        rx.el.select(
            rx.el.option("any", value=""),
            *(rx.el.option(words, value=each) for each, words in options.items()),
            value=value,
            class_name="control",
            on_change=lambda chosen: ActivityState.look_for(what, chosen),
        ),
        class_name="label",
    )


def _pages() -> rx.Component:
    view, before = ActivityState.view, ActivityState.before
    return rx.cond(
        (before > 0) | (view.older > 0),
        rx.el.nav(
            _turn("Newest", 0, before == 0),
            _turn("Older", view.older, view.older == 0),
            class_name="pages",
            aria_label="Pages of the list",
        ),
    )


def _turn(text: str, before: object, is_over: rx.Var[bool]) -> rx.Component:
    return rx.el.button(
        text,
        type="button",
        class_name="button",
        disabled=is_over,
        on_click=ActivityState.turn_to(before),
    )
