"""The forms for namespaces, hosts and services: what they show, and what was typed into them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from webmon.commands.services import KEEP
from webmon.domain.durations import format_duration, parse_duration
from webmon.errors import Invalid
from webmon.probes import PROBES
from webmon.queries.host_views import NamespaceView
from webmon.queries.services import ServiceForm
from webmon.ui.config_form import (
    FieldView,
    Option,
    config_fields,
    is_ticked,
    read_config,
    told_and_untold,
)
from webmon.ui.form import FormView

DEFAULT_KIND = "http"

NAME = FieldView("name", "Name", required=True)
KINDS = tuple(Option(name, kind.title) for name, kind in PROBES.items())
KIND = FieldView("kind", "Kind", "kind", options=KINDS, required=True)
INTERVAL = FieldView(
    "interval_seconds", "Check every", help="Such as 30s, 5m or 1h.", required=True
)
TIMEOUT = FieldView(
    "timeout_seconds", "Wait for an answer", help="At most 2m.", value="10s", required=True
)
MORE = (
    FieldView(
        "failures_to_down",
        "Failures until down",
        "number",
        "So many in a row, before anybody is told.",
        value="2",
        required=True,
    ),
    FieldView(
        "retry_seconds",
        "Look again after",
        help="After a failure, to confirm it.",
        value="10s",
        required=True,
    ),
    FieldView("successes_to_up", "Successes until up", "number", value="1", required=True),
    FieldView(
        "failures_to_degraded", "Difficulties until shown", "number", value="2", required=True
    ),
    FieldView(
        "degraded_above_ms", "Slow above", help="An answer that takes longer means difficulties."
    ),
    FieldView("critical", "If it is down, its host is down", "checkbox"),
    FieldView("public", "Show it on the public page", "checkbox", checked=True),
    FieldView("paused", "Paused", "checkbox"),
)
LENGTHS = {
    "interval_seconds": 1,
    "timeout_seconds": 1,
    "retry_seconds": 1,
    "degraded_above_ms": 1000,
}
"""The fields typed as durations, and how many of their own units make a second."""


def new_service(host_id: int, host: str, serial: int) -> FormView:
    """An empty form for a service of ``host``."""
    kind = PROBES[DEFAULT_KIND]
    interval = replace(INTERVAL, value=format_duration(kind.interval_seconds))
    form = FormView(
        thing="service",
        parent=host_id,
        title=f"New service of {host}",
        submit="Add service",
        kind=DEFAULT_KIND,
        fields=(NAME, replace(KIND, value=DEFAULT_KIND), interval, TIMEOUT),
        more=MORE,
        serial=serial,
    )
    return _with_config(form, config_fields(kind.config, {}))


def edited_service(stored: ServiceForm, serial: int) -> FormView:
    """A form that starts from a stored service."""
    kind = PROBES.get(stored.kind)
    fields = (NAME, replace(KIND, value=stored.kind), INTERVAL, TIMEOUT)
    form = FormView(
        thing="service",
        id=stored.id,
        parent=stored.host_id,
        revision=stored.revision,
        title=f"Edit {stored.fields['name']}",
        kind=stored.kind,
        fields=tuple(_filled(field, stored.fields) for field in fields),
        more=tuple(_filled(field, stored.fields) for field in MORE),
        serial=serial,
    )
    if kind is None:
        return form
    return _with_config(form, config_fields(kind.config, stored.config, stored.secrets))


def with_kind(form: FormView, kind: str) -> FormView:
    """The form with the config of another kind; what else was typed stays in the browser.

    Raises:
        Invalid: there is no such kind.
    """
    if not isinstance(kind, str) or kind not in PROBES:
        raise Invalid("choose one of the kinds", "kind")
    return _with_config(replace(form, kind=kind), config_fields(PROBES[kind].config, {}))


def _with_config(form: FormView, fields: tuple[FieldView, ...]) -> FormView:
    told, untold = told_and_untold(fields)
    return replace(form, config=told, options=untold)


def host_form(
    namespaces: tuple[NamespaceView, ...], stored: Mapping[str, Any], serial: int
) -> FormView:
    """A form for a host; ``stored`` is empty for a new one."""
    options = tuple(Option(str(each.id), each.name) for each in namespaces)
    fields = (
        NAME,
        FieldView(
            "address", "Address", help="Host name or IP address.", placeholder="data.example.org"
        ),
        FieldView("namespace_id", "Namespace", "select", options=options, required=True),
        FieldView("public", "Show it on the public page", "checkbox", checked=True),
    )
    values = dict(stored) or {"namespace_id": namespaces[0].id if namespaces else 0}
    return FormView(
        thing="host",
        id=stored.get("id", 0),
        title=f"Edit {stored['name']}" if stored else "New host",
        submit="Save" if stored else "Add host",
        fields=tuple(_filled(field, values) for field in fields),
        serial=serial,
    )


def namespace_form(stored: Mapping[str, Any], serial: int) -> FormView:
    """A form for a namespace; ``stored`` is empty for a new one."""
    fields = (
        replace(NAME, placeholder="IATI"),
        FieldView(
            "slug",
            "Short name",
            help="For addresses: small letters, digits, hyphens.",
            placeholder="iati",
            required=True,
        ),
        FieldView("timezone", "Timezone", value="UTC", placeholder="Europe/London", required=True),
    )
    return FormView(
        thing="namespace",
        id=stored.get("id", 0),
        title=f"Edit {stored['name']}" if stored else "New namespace",
        submit="Save" if stored else "Add namespace",
        fields=tuple(_filled(field, stored) for field in fields),
        serial=serial,
    )


def typed_into(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the command takes, from what the browser sent for ``form``.

    Raises:
        Invalid: a length of time is not one.
    """
    fields = {field.name: _typed(field, raw) for field in (*form.fields, *form.more)}
    fields = {name: value for name, value in fields.items() if value != ""}
    if form.thing == "service":
        fields["kind"] = form.kind
        fields["config"] = read_config(PROBES[form.kind].config, raw, KEEP)
    return fields


def _filled(field: FieldView, values: Mapping[str, Any]) -> FieldView:
    value = values.get(field.name)
    if value is None:
        return field
    if field.input == "checkbox":
        return replace(field, checked=bool(value))
    if field.name in LENGTHS:
        return replace(field, value=format_duration(value / LENGTHS[field.name]))
    return replace(field, value=str(value))


def _typed(field: FieldView, raw: Mapping[str, Any]) -> Any:
    if field.input == "checkbox":
        return is_ticked(raw, field.name)
    text = raw.get(field.name)
    text = text.strip() if isinstance(text, str) else ""
    if text and field.name in LENGTHS:
        return _length(field.name, text)
    return text


def _length(name: str, text: str) -> float:
    """``text`` in the field's own unit; a number alone means seconds."""
    try:
        seconds = float(text) if text.replace(".", "", 1).isdigit() else parse_duration(text)
    except ValueError:
        raise Invalid("write a number and ms, s, m, h or d, such as 90s", name) from None
    length = seconds * LENGTHS[name]
    return round(length, 3) if name == "timeout_seconds" else _whole(length)


def _whole(length: float) -> float:
    return int(length) if length == int(length) else length
