"""The room "Hosts": what is wrong, every host and service, and how to change them."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from pages.admin.hosts.adding import add_menu, adding
from pages.admin.hosts.bulk import select_button
from pages.admin.hosts.host_access import key_confirmation
from pages.admin.hosts.host_list import COLUMNS, host_list
from pages.admin.hosts.list_state import STATUSES
from pages.admin.hosts.state import HostsState
from webmon.probes import PROBES
from webmon.ui.display.moment import moment
from webmon.ui.forms.drafts import reopened
from webmon.ui.forms.form_view import form
from webmon.ui.rooms.room_view import confirmation, headline, no_worker, once_loaded, search_field
from webmon.ui.shell.frame import frame
from webmon.ui.shell.live import live

ROUTE = "/hosts"
TITLE = "Hosts – Beaconry"

HELD = rx.Var(
    "(document.querySelector('.hosts')?.matches(':hover, :focus-within') ?? false)", _var_type=bool
)
"""Whether pointer or focus is within the list, so that nothing may move."""

KINDS = {name: kind.title for name, kind in PROBES.items()}
SEVERAL = 5
"""So many namespaces stand beside each other; more are chosen from a list."""


def hosts() -> rx.Component:
    """The page."""
    return frame(
        live(on_tick=HostsState.tick(HELD).temporal, seen=HostsState.as_of),
        reopened(HostsState),
        _headline(),
        rx.cond(HostsState.summary.worker_silent & HostsState.loaded, _no_worker()),
        rx.cond((HostsState.summary.offline_since != "") & HostsState.loaded, _offline()),
        rx.cond(HostsState.loaded, adding()),
        rx.cond(HostsState.loaded & ~HostsState.summary.empty, _filters()),
        rx.cond(HostsState.form_apart, _apart()),
        rx.cond(
            HostsState.form_apart | ((HostsState.form.thing == "host") & (HostsState.form.id == 0)),
            form(HostsState),
        ),
        once_loaded(HostsState, host_list()),
        confirmation(HostsState),
        key_confirmation(),
        who=HostsState.who,
        here="Hosts",
    )


def _apart() -> rx.Component:
    return rx.el.p(
        "What you are editing is not in the list: somebody has deleted it, or the filters hide it.",
        class_name="notice",
        role="status",
    )


def _headline() -> rx.Component:
    summary = HostsState.summary
    return headline(
        HostsState,
        rx.cond(HostsState.loaded, summary.headline, "Hosts"),
        summary.status,
        rx.cond(HostsState.can_edit, rx.el.span(add_menu(), class_name="actions")),
    )


def _no_worker() -> rx.Component:
    since = HostsState.summary.silent_since
    return no_worker(
        "Nothing is being checked",
        rx.cond(
            since != "",
            rx.fragment(
                "no worker has reported since ",
                moment(since, seconds=False),
                ". The statuses are from then. Start one with ",
            ),
            "no worker has reported within 30 seconds. Start one with ",
        ),
    )


def _offline() -> rx.Component:
    return rx.el.p(
        rx.el.b(
            "The monitor itself has been offline since ",
            moment(HostsState.summary.offline_since, seconds=False),
            ": ",
        ),
        "none of its connectivity targets answers. The statuses are from then. Until one answers, "
        "results are stored as no data and nobody is notified.",
        class_name="notice",
        role="status",
    )


def _filters() -> rx.Component:
    return rx.el.div(
        search_field(
            "Find hosts and services",
            HostsState.search,
            HostsState.search_for.debounce(250),
            HostsState.search_serial,
            "Name or address",
        ),
        rx.cond(
            HostsState.namespaces.length() > SEVERAL,
            _select(
                "Namespace",
                HostsState.namespace,
                HostsState.choose_namespace,
                rx.foreach(
                    HostsState.namespaces, lambda each: rx.el.option(each.name, value=each.slug)
                ),
            ),
            rx.el.div(
                _choice("All", ""),
                rx.foreach(HostsState.namespaces, lambda each: _choice(each.name, each.slug)),
                class_name="choices",
                role="group",
                aria_label="Namespace",
            ),
        ),
        _select("Status", HostsState.status, HostsState.choose_status, *_options(STATUSES)),
        _select("Kind", HostsState.kind, HostsState.choose_service_kind, *_options(KINDS)),
        rx.cond(
            HostsState.tags.length() > 0,
            _select(
                "Tag",
                HostsState.tag,
                HostsState.choose_tag,
                rx.foreach(HostsState.tags, lambda each: rx.el.option(each, value=each)),
            ),
        ),
        _select(
            "Sort",
            HostsState.sort,
            HostsState.sort_by,
            *_options({each.value: text for text, each in COLUMNS if each}),
            every=False,
        ),
        select_button(),
        class_name="filters",
    )


def _options(names: Mapping[str, str]) -> list[rx.Component]:
    return [rx.el.option(name, value=value) for value, name in names.items()]


def _select(
    label: str, value: rx.Var[str], on_change: Any, *options: rx.Component, every: bool = True
) -> rx.Component:
    return rx.el.label(
        label,
        rx.el.select(
            *([rx.el.option("All", value="")] if every else []),
            *options,
            value=value,
            on_change=on_change,
            class_name="control",
        ),
        class_name=f"label choose-{label.lower()}",
    )


def _choice(name: str | rx.Var[str], slug: str | rx.Var[str]) -> rx.Component:
    return rx.el.button(
        name,
        type="button",
        class_name="choice",
        on_click=HostsState.choose_namespace(slug),
        custom_attrs={"aria-pressed": HostsState.namespace == slug},
        key=slug,
    )
