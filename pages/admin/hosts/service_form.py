"""The form of a service: the fields of its kind among those that every service has."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from webmon.commands.inventory import services
from webmon.commands.inventory.trials import try_service
from webmon.commands.validation import KEEP
from webmon.domain.durations import format_duration
from webmon.probes import PROBES
from webmon.queries.inventory.services import ServiceForm
from webmon.ui.forms.field import FieldView, Option
from webmon.ui.forms.form import FormView, Section, as_copy, fill, known_kind, read_form, row_form
from webmon.ui.forms.kind_fields import config_fields, filled_and_empty, read_config
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
OF_LOOKING = {"interval_seconds", "timeout_seconds", "failures_to_down", "retry_seconds"}
"""The fields that mean nothing where nobody looks, because a job reports in."""


def new_service(host_id: int, host: str, address: str = "") -> FormView:
    """A form for a new service of ``host``; what is known from its ``address`` is filled in."""
    title = f"New service on {host}"
    form = row_form("service", (), {}, parent=host_id, title=title, tries=TRY, about=address)
    return with_kind(form, DEFAULT_KIND)


def edited_service(stored: ServiceForm) -> FormView:
    """A form that starts from a stored service."""
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
    )
    kind = PROBES.get(stored.kind)
    config = config_fields(kind.config, stored.config, stored.secrets) if kind else ()
    return fill(_with_config(form, config), values)


def copied_service(stored: ServiceForm, address: str) -> FormView:
    """A form for a copy of a stored service, on the same host."""
    form = as_copy(edited_service(stored), name=stored.fields["name"])
    return replace(form, about=address)


def with_kind(form: FormView, kind: Any) -> FormView:
    """The form with the config of another kind; what else was typed stays in the browser.

    Raises:
        Invalid: there is no such kind.
    """
    name = known_kind(kind, PROBES)
    known = {} if form.id else {**PROBES[name].proposed, **_of_address(name, form.about)}
    return _with_config(replace(form, kind=name), config_fields(PROBES[name].config, known))


def _of_address(kind: str, address: str) -> dict[str, Any]:
    """What the host's address says about a new service of this kind."""
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
        Section(untold, REQUEST, folded=True),
        Section(fitting(MORE), ALERTING, folded=True),
    )
    return replace(form, sections=tuple(each for each in sections if each.fields))


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
    return read_form(form, raw) | {"kind": form.kind, "config": config}


SERVICE = Row(
    create=services.create_service,
    update=services.update_service,
    delete=services.delete_service,
    comes_back=True,
    read=_read,
    with_kind=with_kind,
    has_revision=True,
    trial=try_service,
)
