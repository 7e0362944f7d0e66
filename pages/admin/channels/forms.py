"""The form for channels: what it shows, and what was typed into it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pages.admin.hosts.forms import NAME, filled, typed
from webmon.commands.validation import KEEP
from webmon.domain.news import CHOOSABLE, DEFAULT_EVENTS, Event
from webmon.errors import Invalid
from webmon.notifiers import NOTIFIERS
from webmon.queries.notifications.channels import ChannelForm
from webmon.ui.config_form import (
    FieldView,
    Option,
    config_fields,
    is_ticked,
    read_config,
    told_and_untold,
)
from webmon.ui.form import FormView

DEFAULT_KIND = "slack"

KINDS = tuple(Option(name, kind.title) for name, kind in NOTIFIERS.items())
KIND = FieldView("kind", "Kind", "kind", options=KINDS, required=True)
REMINDER = FieldView(
    "reminder_every_seconds",
    "Remind every",
    help="While something stays down. Such as 30m, 4h or 1d.",
    value="4h",
    required=True,
)

EVENTS = "events"
LABELS = {
    Event.DOWN: "Something is down",
    Event.UP: "It is back online",
    Event.REMINDER: "It is still down",
    Event.DEGRADED: "Something has difficulties",
    Event.DOWNTIME: "Planned downtime",
    Event.INCIDENT_UPDATE: "Updates about an incident",
}

Namespaces = tuple[tuple[int, str], ...]


def new_channel(namespaces: Namespaces, *, for_all: bool, serial: int) -> FormView:
    """An empty form; ``for_all``: the person may make one for every namespace."""
    form = FormView(
        thing="channel",
        title="New channel",
        submit="Add channel",
        fields=(NAME, replace(KIND, value=DEFAULT_KIND), _namespace(namespaces, for_all), REMINDER),
        choices=_events([*DEFAULT_EVENTS]),
        choices_title="Notify about",
        options_title="More settings",
        serial=serial,
    )
    return with_kind(form, DEFAULT_KIND)


def edited_channel(
    stored: ChannelForm, namespaces: Namespaces, *, for_all: bool, serial: int
) -> FormView:
    """A form that starts from a stored channel. Of the administrators' own, what there is to
    choose."""
    fields = (NAME, KIND, _namespace(namespaces, for_all), REMINDER)
    form = FormView(
        thing="channel",
        id=stored.id,
        title=f"Edit {stored.fields['name']}",
        kind="" if stored.built_in else stored.fields["kind"],
        fields=tuple(
            filled(field, stored.fields) for field in ((REMINDER,) if stored.built_in else fields)
        ),
        choices=_events(stored.fields[EVENTS]),
        choices_title="Notify about",
        options_title="More settings",
        serial=serial,
    )
    return _with_config(form, stored.config, stored.secrets) if form.kind in NOTIFIERS else form


def with_kind(form: FormView, kind: str) -> FormView:
    """The form with the config of another kind; what else was typed stays in the browser.

    Raises:
        Invalid: there is no such kind.
    """
    if not isinstance(kind, str) or kind not in NOTIFIERS:
        raise Invalid("choose one of the kinds", "kind")
    return _with_config(replace(form, kind=kind), {}, frozenset())


def typed_into(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the command takes, from what the browser sent for ``form``.

    Raises:
        Invalid: a length of time is not one.
    """
    fields = {field.name: typed(field, raw) for field in form.fields}
    fields = {name: value for name, value in fields.items() if value != ""}
    fields[EVENTS] = [event.value for event in CHOOSABLE if is_ticked(raw, f"{EVENTS}.{event}")]
    if form.kind:
        fields["kind"] = form.kind
        fields["config"] = read_config(NOTIFIERS[form.kind].config, raw, KEEP)
    return fields


def _with_config(form: FormView, config: Mapping[str, Any], secrets: frozenset[str]) -> FormView:
    kind = NOTIFIERS[form.kind]
    told, untold = told_and_untold(
        tuple(
            replace(each, required=each.required or each.name in _required(form.kind), wide=True)
            if each.input == "text"
            else each
            for each in config_fields(kind.config, config, secrets)
        )
    )
    fields = tuple(
        replace(each, help=kind.sends[:1].upper() + kind.sends[1:])
        if each.name == KIND.name
        else each
        for each in form.fields
    )
    return replace(form, fields=fields, config=told, options=untold)


def _required(kind: str) -> set[str]:
    return {f"config.{name}" for name in NOTIFIERS[kind].required}


def _namespace(namespaces: Namespaces, for_all: bool) -> FieldView:
    every = (Option("", "Every namespace"),) if for_all else ()
    options = tuple(Option(str(row_id), name) for row_id, name in namespaces)
    first = (every + options)[0].value if every + options else ""
    return FieldView("namespace_id", "Namespace", "select", options=every + options, value=first)


def _events(chosen: list[str]) -> tuple[FieldView, ...]:
    return tuple(
        FieldView(f"{EVENTS}.{event}", LABELS[event], "checkbox", checked=event in chosen)
        for event in CHOOSABLE
    )


def control_of(field: str) -> str:
    """The control that shows what is wrong with ``field``: events are several."""
    return f"{EVENTS}.{CHOOSABLE[0]}" if field == EVENTS else field
