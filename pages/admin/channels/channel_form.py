"""The form of a channel: the settings of its kind, and what it is notified about."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from webmon.commands.notifications import channels
from webmon.commands.notifications.trials import try_channel
from webmon.commands.validation import KEEP
from webmon.config import settings
from webmon.domain.notifications.news import CHOOSABLE, DEFAULT_EVENTS, Event, Message, News
from webmon.errors import NotFound
from webmon.notifiers import NOTIFIERS
from webmon.queries.notifications.channels import ChannelForm
from webmon.ui.forms.field import FieldView, Option
from webmon.ui.forms.model_fields import config_fields, filled_and_empty, read_config
from webmon.ui.forms.typed_form import (
    FormView,
    Section,
    as_copy,
    choices,
    fill,
    known_kind,
    read_form,
    row_form,
)
from webmon.ui.rooms.rows import Row

DEFAULT_KIND = "slack"
TRY = "Send a test"
EVENTS = "events"
LABELS = {
    Event.DOWN: "Something is down",
    Event.UP: "It is back online",
    Event.REMINDER: "It is still down",
    Event.DEGRADED: "Something has difficulties",
    Event.DOWNTIME: "Planned downtime",
    Event.INCIDENT_UPDATE: "Updates about an incident",
    Event.ACKNOWLEDGED: "Somebody has acknowledged an incident",
}

KINDS = tuple(Option(name, kind.title) for name, kind in NOTIFIERS.items())
NAME = FieldView("name", "Name", required=True)
KIND = FieldView("kind", "Kind", "kind", options=KINDS, value=DEFAULT_KIND, required=True)
REMINDER = FieldView(
    "reminder_every_seconds",
    "Remind every",
    "duration",
    "While something stays down. Such as 30m, 4h or 1d.",
    "4h",
    required=True,
)

Namespaces = tuple[tuple[int, str], ...]


def new_channel(namespaces: Namespaces, *, for_all: bool) -> FormView:
    """An empty form; ``for_all``: the person may make one for every namespace."""
    basics = (KIND, NAME, _namespace(namespaces, for_all), REMINDER)
    sections = Section(basics), _events(DEFAULT_EVENTS)
    form = row_form("channel", sections, {}, tries=TRY)
    return with_kind(form, DEFAULT_KIND)


def edited_channel(stored: ChannelForm, namespaces: Namespaces, *, for_all: bool) -> FormView:
    """A form that starts from a stored channel.

    The administrators' own channel has neither name nor kind to choose.
    """
    values = {**stored.fields, "id": stored.id}
    basics = (KIND, NAME, _namespace(namespaces, for_all), REMINDER)
    sections = Section((REMINDER,) if stored.built_in else basics), _events(stored.fields[EVENTS])
    kind = "" if stored.built_in else stored.fields["kind"]
    tries = TRY if kind else ""
    form = fill(row_form("channel", sections, values, kind=kind, tries=tries), values)
    return _with_config(form, stored.config, stored.secrets) if kind in NOTIFIERS else form


def copied_channel(stored: ChannelForm, namespaces: Namespaces, *, for_all: bool) -> FormView:
    """A form for a copy of a stored channel.

    Raises:
        NotFound: it is the one of the administrators, of which there is one.
    """
    if stored.built_in:
        raise NotFound("the channel of the administrators cannot be duplicated")
    form = edited_channel(stored, namespaces, for_all=for_all)
    return as_copy(form, name=stored.fields["name"])


def with_kind(form: FormView, kind: Any) -> FormView:
    """The form with the config of another kind; what else was typed stays in the browser.

    Raises:
        Invalid: there is no such kind.
    """
    return _with_config(replace(form, kind=known_kind(kind, NOTIFIERS)), {}, frozenset())


def _with_config(form: FormView, config: Mapping[str, Any], secrets: frozenset[str]) -> FormView:
    kind = NOTIFIERS[form.kind]
    told, untold = filled_and_empty(
        tuple(_for_kind(each, form.kind) for each in config_fields(kind.config, config, secrets))
    )
    sends = kind.sends[:1].upper() + kind.sends[1:]
    basics = (
        replace(each, help=sends) if each.name == KIND.name else each
        for each in form.fields()
        if "." not in each.name
    )
    sections = (
        Section((*basics, *told)),
        *(each for each in form.sections if each.name == EVENTS),
        Section(untold, "More settings", folded=True),
    )
    return replace(form, sections=tuple(each for each in sections if each.fields))


def _for_kind(field: FieldView, kind: str) -> FieldView:
    if field.input != "text":
        return replace(field, of=kind)
    is_required = field.name in {f"config.{name}" for name in NOTIFIERS[kind].required}
    return replace(field, of=kind, required=field.required or is_required, wide=True)


def _namespace(namespaces: Namespaces, for_all: bool) -> FieldView:
    every = (Option("", "Every namespace"),) if for_all else ()
    options = every + tuple(Option(str(row_id), name) for row_id, name in namespaces)
    first = options[0].value if options else ""
    return FieldView("namespace_id", "Namespace", "select", options=options, value=first)


def _events(chosen: Iterable[str]) -> Section:
    options = [Option(event.value, LABELS[event]) for event in CHOOSABLE]
    return choices(EVENTS, "Notify about", options, chosen)


def _read(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    if not form.kind:
        return read_form(form, raw)
    config = read_config(NOTIFIERS[known_kind(form.kind, NOTIFIERS)].config, raw, KEEP)
    return read_form(form, raw) | {"kind": form.kind, "config": config}


def _public_text(form: FormView, raw: Mapping[str, Any], at: datetime) -> str:
    """The test that everybody could read; only settings that are no secrets can change it."""
    kind = NOTIFIERS.get(form.kind)
    if kind is None or not kind.is_public:
        return ""
    typed = read_config(kind.config, raw, None)
    url = f"{settings().public_url}/status/"
    message = Message("trial", (News(Event.TEST, at),), at, status_url=url)
    return kind.preview(kind.config.model_construct(**typed), message)


CHANNEL = Row(
    create=channels.create_channel,
    update=channels.update_channel,
    delete=channels.delete_channel,
    comes_back=True,
    read=_read,
    with_kind=with_kind,
    has_revision=True,
    trial=try_channel,
    public_text=_public_text,
)
