"""The forms for namespaces, hosts and services: what they show, and what was typed into them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from webmon.commands.inventory.services import KEEP
from webmon.domain.durations import format_duration, parse_duration
from webmon.errors import Invalid
from webmon.probes import PROBES
from webmon.probes.base import ProbeKind
from webmon.probes.ssh_access import SshAccess
from webmon.queries.inventory.host_views import NamespaceView
from webmon.queries.inventory.services import ServiceForm
from webmon.ui.config_form import (
    REMOVE,
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
TIMEOUT = FieldView("timeout_seconds", "Timeout", help="At most 2m.", value="10s", required=True)
MORE = (
    FieldView(
        "failures_to_down",
        "Failures until down",
        "number",
        "In a row, before anyone is notified.",
        value="2",
        required=True,
    ),
    FieldView(
        "retry_seconds",
        "Retry after",
        help="After a failure, to confirm it.",
        value="10s",
        required=True,
    ),
    FieldView("successes_to_up", "Successes until up", "number", value="1", required=True),
    FieldView(
        "failures_to_degraded", "Slow results before warning", "number", value="2", required=True
    ),
    FieldView("degraded_above_ms", "Slow above", help="Slower responses count as difficulties."),
    FieldView("critical", "Critical: takes the host down", "checkbox"),
    FieldView("public", "Show it on the public page", "checkbox", checked=True),
    FieldView("paused", "Paused", "checkbox"),
)
LENGTHS = {
    "interval_seconds": 1,
    "timeout_seconds": 1,
    "retry_seconds": 1,
    "degraded_above_ms": 1000,
    "reminder_every_seconds": 1,
}
"""The fields typed as durations, and how many of their own units make a second."""

OF_LOOKING = {"interval_seconds", "timeout_seconds", "failures_to_down", "retry_seconds"}
"""The fields that mean nothing where nobody looks, because a job reports in."""

SSH = "ssh."
ACCESS = ("user", "port", "private_key", "passphrase", "password")
REMOVE_ACCESS = FieldView(
    f"ssh{REMOVE}", "Remove the SSH access", "checkbox", "Checks no longer log in to the host."
)


def new_service(host_id: int, host: str, serial: int) -> FormView:
    """An empty form for a service of ``host``."""
    form = FormView(
        thing="service",
        parent=host_id,
        title=f"New service on {host}",
        submit="Add service",
        fields=(NAME, replace(KIND, value=DEFAULT_KIND)),
        serial=serial,
    )
    return with_kind(form, DEFAULT_KIND)


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
        fields=tuple(filled(field, stored.fields) for field in fields),
        more=tuple(filled(field, stored.fields) for field in MORE),
        serial=serial,
    )
    if kind is None:
        return form
    fields = config_fields(kind.config, stored.config, stored.secrets)
    return _with_config(_fitting(form, kind), fields)


def with_kind(form: FormView, kind: str) -> FormView:
    """The form with the config of another kind; what else was typed stays in the browser.

    Raises:
        Invalid: there is no such kind.
    """
    if not isinstance(kind, str) or kind not in PROBES:
        raise Invalid("choose one of the kinds", "kind")
    fitting = _fitting(replace(form, kind=kind), PROBES[kind])
    return _with_config(fitting, config_fields(PROBES[kind].config, {}))


def _fitting(form: FormView, kind: ProbeKind) -> FormView:
    """The form with those fields that mean something for the kind, filled in where they were."""
    interval = replace(INTERVAL, value=format_duration(kind.interval_seconds))
    present = {each.name: each for each in (*form.fields, *form.more)}

    def fitting(fields: Iterable[FieldView]) -> tuple[FieldView, ...]:
        return tuple(
            present.get(each.name, each)
            for each in fields
            if not (kind.receives and each.name in OF_LOOKING)
        )

    return replace(form, fields=fitting((NAME, KIND, interval, TIMEOUT)), more=fitting(MORE))


def _with_config(form: FormView, fields: tuple[FieldView, ...]) -> FormView:
    told, untold = told_and_untold(fields)
    return replace(form, config=told, options=untold)


def host_form(
    namespaces: tuple[NamespaceView, ...],
    stored: Mapping[str, Any],
    serial: int,
    *,
    namespace_id: int | None = None,
) -> FormView:
    """A form for a host; ``stored`` is empty for a new one, which begins in ``namespace_id``."""
    options = tuple(Option(str(each.id), each.name) for each in namespaces)
    fields = (
        NAME,
        FieldView(
            "address", "Address", help="Host name or IP address.", placeholder="data.example.org"
        ),
        FieldView("namespace_id", "Namespace", "select", options=options, required=True),
        FieldView("public", "Show it on the public page", "checkbox", checked=True),
    )
    first = namespaces[0].id if namespaces else 0
    values = dict(stored) or {"namespace_id": namespace_id or first}
    return FormView(
        thing="host",
        id=stored.get("id", 0),
        title=f"Edit {stored['name']}" if stored else "New host",
        submit="Save" if stored else "Add host",
        fields=tuple(filled(field, values) for field in fields),
        access=_access(stored),
        serial=serial,
    )


def _access(stored: Mapping[str, Any]) -> tuple[FieldView, ...]:
    """Who logs in at the host; nothing needs to be said where nobody does."""
    ssh, secrets = stored.get("ssh") or {}, stored.get("ssh_secrets", frozenset())
    fields = config_fields(SshAccess, ssh, secrets, prefix=SSH)
    by_name = {field.name: field if ssh else replace(field, required=False) for field in fields}
    ordered = tuple(by_name[SSH + name] for name in ACCESS)
    return (*ordered, REMOVE_ACCESS) if ssh else ordered


def namespace_form(stored: Mapping[str, Any], serial: int) -> FormView:
    """A form for a namespace; ``stored`` is empty for a new one."""
    fields = (
        replace(NAME, placeholder="IATI"),
        FieldView(
            "slug",
            "Short name",
            help="Used in URLs: lowercase letters, digits, hyphens.",
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
        fields=tuple(filled(field, stored) for field in fields),
        serial=serial,
    )


def typed_into(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the command takes, from what the browser sent for ``form``.

    Raises:
        Invalid: a length of time is not one.
    """
    fields = {field.name: typed(field, raw) for field in (*form.fields, *form.more)}
    fields = {name: value for name, value in fields.items() if value != ""}
    if form.thing == "service":
        fields["kind"] = form.kind
        fields["config"] = read_config(PROBES[form.kind].config, raw, KEEP)
    if form.thing == "host":
        fields["ssh"] = _typed_access(form, raw)
    return fields


def _typed_access(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """The SSH access that was typed; None for none."""
    if is_ticked(raw, REMOVE_ACCESS.name):
        return None
    ssh = read_config(SshAccess, raw, KEEP, prefix=SSH)
    is_told = any(value is not KEEP for value in ssh.values())
    return ssh if is_told or REMOVE_ACCESS in form.access else None


def filled(field: FieldView, values: Mapping[str, Any]) -> FieldView:
    """The field with what ``values`` says of it, as people type it."""
    value = values.get(field.name)
    if value is None:
        return field
    if field.input == "checkbox":
        return replace(field, checked=bool(value))
    if field.name in LENGTHS:
        return replace(field, value=format_duration(value / LENGTHS[field.name]))
    return replace(field, value=str(value))


def typed(field: FieldView, raw: Mapping[str, Any]) -> Any:
    """What the browser sent for the field, as the commands take it; empty for nothing.

    Raises:
        Invalid: a length of time is not one.
    """
    if field.input == "checkbox":
        return is_ticked(raw, field.name)
    text = raw.get(field.name)
    text = text.strip() if isinstance(text, str) else ""
    if field.required and field.name in raw and not text:
        raise Invalid("is required", field.name)
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
