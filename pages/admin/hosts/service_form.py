"""The form of a service: the fields of its kind among those that every service has."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pages.admin.hosts.host_form import SSH, access_fields, typed_access
from webmon.commands.inventory import services
from webmon.commands.inventory.logins import create_with_login, update_with_login
from webmon.commands.inventory.trials import try_service
from webmon.commands.validation import KEEP
from webmon.domain.durations import format_duration
from webmon.probes import PROBES
from webmon.probes.ssh_access import SshAccess
from webmon.queries.inventory.services import ServiceForm
from webmon.ui.forms.field import FieldView, Option
from webmon.ui.forms.model_fields import config_fields, filled_and_empty, read_config
from webmon.ui.forms.typed_form import (
    FormView,
    Section,
    as_copy,
    fill,
    known_kind,
    read_form,
    row_form,
)
from webmon.ui.rooms.rows import Row

DEFAULT_KIND = "http"
TRY = "Try"
REQUEST = "Request and expectations"
ALERTING = "Alerting and visibility"

KINDS = tuple(Option(name, kind.title) for name, kind in PROBES.items())
BASICS = (
    FieldView("kind", "Kind", "kind", options=KINDS, value=DEFAULT_KIND, required=True),
    FieldView("name", "Name", required=True),
    FieldView(
        "interval_seconds", "Check every", "duration", "Such as 30s, 5m or 1h.", required=True
    ),
    FieldView("timeout_seconds", "Timeout", "duration", "At most 2m.", "10s", required=True),
)
MORE = (
    FieldView(
        "failures_to_down",
        "Failures until down",
        "number",
        "In a row, before anyone is notified.",
        "2",
        required=True,
    ),
    FieldView(
        "retry_seconds",
        "Retry after",
        "duration",
        "After a failure, to confirm it.",
        "10s",
        required=True,
    ),
    FieldView("successes_to_up", "Successes until up", "number", value="1", required=True),
    FieldView(
        "failures_to_degraded", "Slow results before warning", "number", value="2", required=True
    ),
    FieldView(
        "degraded_above_ms",
        "Slow above",
        "duration",
        "Slower responses count as difficulties.",
        per_second=1000,
    ),
    FieldView("critical", "Critical: takes the host down", "checkbox"),
    FieldView("public", "Show it on the public page", "checkbox", checked=True),
    FieldView("paused", "Paused", "checkbox"),
)
LOGIN = "Stored with the host, for all its checks that log in. Nothing is installed there."
OF_LOOKING = {"interval_seconds", "timeout_seconds", "failures_to_down", "retry_seconds"}
"""The fields that mean nothing where nobody looks, because a job reports in."""


def new_service(host: Mapping[str, Any]) -> FormView:
    """A form for a new service of ``host``; what is known from its address is filled in."""
    form = row_form(
        "service",
        (),
        {},
        parent=host["id"],
        title=f"New service on {host['name']}",
        tries=TRY,
        **_about(host),
    )
    return with_kind(form, DEFAULT_KIND)


def _about(host: Mapping[str, Any]) -> dict[str, Any]:
    """What the form has to know of the host."""
    ssh = host["ssh"] or {}
    return {
        "about": host["address"],
        "has_login": bool(ssh),
        "ssh_port": str(ssh.get("port", "")),
    }


def edited_service(stored: ServiceForm, host: Mapping[str, Any]) -> FormView:
    """A form that starts from a stored service of ``host``."""
    values = {
        **stored.fields,
        "id": stored.id,
        "revision": stored.revision,
        "kind": stored.kind,
    }
    form = row_form(
        "service",
        (),
        values,
        parent=stored.host_id,
        kind=stored.kind,
        delete="Delete service",
        tries=TRY,
        **_about(host),
    )
    kind = PROBES.get(stored.kind)
    config = config_fields(kind.config, stored.config, stored.secrets) if kind else ()
    return fill(_with_config(form, config), values)


def copied_service(stored: ServiceForm, host: Mapping[str, Any]) -> FormView:
    """A form for a copy of a stored service, on the same ``host``."""
    return as_copy(edited_service(stored, host), name=stored.fields["name"])


def with_kind(form: FormView, kind: Any) -> FormView:
    """The form with the config of another kind; what else was typed stays in the browser.

    Raises:
        Invalid: there is no such kind.
    """
    name = known_kind(kind, PROBES)
    known = {} if form.id else {**PROBES[name].proposed, **_of_host(name, form)}
    return _with_config(replace(form, kind=name), config_fields(PROBES[name].config, known))


def _of_host(kind: str, form: FormView) -> dict[str, Any]:
    """What the host's address and SSH access say about a new service of this kind."""
    address = form.about
    if kind == "ssh" and form.ssh_port:
        return {"port": form.ssh_port}
    if not address:
        return {}
    is_name = any(letter.isalpha() for letter in address.rpartition(".")[2]) and ":" not in address
    if kind == "http":
        return {"url": f"https://{f'[{address}]' if ':' in address else address}/"}
    return {"name": address} if kind == "dns" and is_name else {}


def _with_config(form: FormView, config: tuple[FieldView, ...]) -> FormView:
    """The form with the fields that mean something for its kind, filled in as they were."""
    kind = PROBES.get(form.kind)
    present = {each.name: each for each in form.fields()}
    receives = kind is not None and kind.receives

    def fitting(fields: tuple[FieldView, ...]) -> tuple[FieldView, ...]:
        wanted = [each for each in fields if not (receives and each.name in OF_LOOKING)]
        return tuple(_of_kind(present.get(each.name, each), form) for each in wanted)

    told, untold = filled_and_empty(tuple(replace(each, of=form.kind) for each in config))
    sections = (
        Section((*fitting(BASICS), *told)),
        _login(form),
        Section(untold, REQUEST, folded=True),
        Section(fitting(MORE), ALERTING, folded=True),
    )
    return replace(form, sections=tuple(each for each in sections if each.fields))


def _login(form: FormView) -> Section:
    """Asks for the SSH access of the host where a kind logs in and nobody can; else no fields."""
    kind = PROBES.get(form.kind)
    if kind is None or form.has_login or not kind.over_ssh:
        return Section()
    logs_in = kind.config.model_construct().needs_login
    fields = [replace(each, label=f"SSH {each.label.lower()}") for each in access_fields({})]
    # One that is stored may stay without: it has no data then.
    fields[0] = replace(fields[0], help=LOGIN, required=logs_in and not form.id)
    return Section(tuple(fields), "SSH access of the host", folded=not logs_in)


def _of_kind(field: FieldView, form: FormView) -> FieldView:
    """The field with what its kind says: what it is for, and how often a new one is checked."""
    kind = PROBES.get(form.kind)
    if kind is not None and field.name == "kind":
        return replace(field, help=f"Up: {kind.up_means.replace('`', '')}.")
    if kind is not None and field.name == "interval_seconds" and not form.id:
        return replace(field, value=format_duration(kind.interval_seconds), of=form.kind)
    return field


def _read(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    config = read_config(PROBES[known_kind(form.kind, PROBES)].config, raw, KEEP)
    fields = read_form(form, raw) | {"kind": form.kind, "config": config}
    user = next((each for each in form.fields() if each.name == f"{SSH}user"), None)
    if user is None:
        return fields
    if user.required:
        return fields | {"ssh": {"user": ""} | read_config(SshAccess, raw, KEEP, prefix=SSH)}
    return fields | {"ssh": typed_access(form, raw)}


SERVICE = Row(
    create=create_with_login,
    update=update_with_login,
    delete=services.delete_service,
    comes_back=True,
    read=_read,
    with_kind=with_kind,
    has_revision=True,
    trial=try_service,
)
