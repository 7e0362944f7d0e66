"""The form of a host, with its SSH access."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from webmon.commands.inventory import hosts
from webmon.commands.inventory.copying import copy_host
from webmon.commands.validation import KEEP
from webmon.probes.ssh_access import SshAccess
from webmon.queries.inventory.form_values import CopiedService
from webmon.queries.inventory.host_views import NamespaceView
from webmon.ui.forms.field import REMOVE, FieldView, Option, is_ticked
from webmon.ui.forms.model_fields import config_fields, read_config
from webmon.ui.forms.typed_form import FormView, Section, as_copy, choices, read_form, row_form
from webmon.ui.rooms.rows import Row

SSH = "ssh."
SERVICES = "services"
ACCESS = ("user", "port", "private_key", "passphrase", "password")
REMOVE_ACCESS = FieldView(
    f"ssh{REMOVE}", "Remove the SSH access", "checkbox", "Checks no longer log in to the host."
)


def host_form(
    namespaces: Sequence[NamespaceView],
    stored: Mapping[str, Any],
    *,
    namespace_id: int | None = None,
) -> FormView:
    """A form for a host; ``stored`` is empty for a new one, which begins in ``namespace_id``."""
    first = namespaces[0].id if namespaces else ""
    chosen = stored.get("namespace_id") or namespace_id or first
    options = tuple(Option(str(each.id), each.name) for each in namespaces)
    fields = (
        FieldView("name", "Name", required=True),
        FieldView(
            "address", "Address", help="Host name or IP address.", placeholder="data.example.org"
        ),
        FieldView(
            "namespace_id", "Namespace", "select", value=str(chosen), options=options, required=True
        ),
        FieldView("tags", "Tags", help="Words to find it by, with commas between."),
        FieldView("public", "Show it on the public page", "checkbox", checked=True),
    )
    access = Section(access_fields(stored), "SSH access", folded=True)
    return row_form("host", (Section(fields), access), stored)


def copied_host(
    namespaces: Sequence[NamespaceView],
    stored: Mapping[str, Any],
    services: Sequence[CopiedService],
) -> FormView:
    """A form for a copy of a stored host, with those of its services that have no secrets."""
    form = as_copy(host_form(namespaces, stored), name=stored["name"])
    free = [each for each in services if not each.has_secrets]
    left_out = ", ".join(each.name for each in services if each.has_secrets)
    told = [form.note, f"Not copied, because they hold secrets: {left_out}." if left_out else ""]
    ids = [str(each.id) for each in free]
    options = [Option(key, each.name) for key, each in zip(ids, free, strict=True)]
    chosen = (choices(SERVICES, "Copy its services", options, ids),) if free else ()
    basics, *more = form.sections
    note = " ".join(each for each in told if each)
    return replace(form, note=note, sections=(basics, *chosen, *more))


def access_fields(stored: Mapping[str, Any]) -> tuple[FieldView, ...]:
    """Who logs in to the host. Nothing is required where nobody does."""
    ssh, secrets = stored.get("ssh") or {}, stored.get("ssh_secrets", frozenset())
    fields = config_fields(SshAccess, ssh, secrets, prefix=SSH)
    by_name = {field.name: field if ssh else replace(field, required=False) for field in fields}
    ordered = tuple(by_name[SSH + name] for name in ACCESS)
    return (*ordered, REMOVE_ACCESS) if ssh else ordered


def _read(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    return read_form(form, raw) | {"ssh": typed_access(form, raw)}


def typed_access(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """The SSH access that was typed; None for none."""
    if is_ticked(raw, REMOVE_ACCESS.name):
        return None
    ssh = read_config(SshAccess, raw, KEEP, prefix=SSH)
    is_told = any(value is not KEEP for value in ssh.values())
    return ssh if is_told or REMOVE_ACCESS in form.fields() else None


HOST = Row(
    create=hosts.create_host,
    copy=copy_host,
    update=hosts.update_host,
    delete=hosts.delete_host,
    comes_back=True,
    read=_read,
    has_revision=True,
)
