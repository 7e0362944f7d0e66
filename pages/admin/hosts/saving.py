"""From the form that is open to the command that does what it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pages.admin.hosts.forms import typed_into
from webmon.commands.inventory import hosts, namespaces, services
from webmon.errors import Invalid
from webmon.ui.form import FormView

CREATE: dict[str, Callable[..., Any]] = {
    "namespace": namespaces.create_namespace,
    "host": hosts.create_host,
    "service": services.create_service,
}
UPDATE: dict[str, Callable[..., Any]] = {
    "namespace": namespaces.update_namespace,
    "host": hosts.update_host,
    "service": services.update_service,
}
DELETE: dict[str, Callable[..., None]] = {
    "namespace": namespaces.delete_namespace,
    "host": hosts.delete_host,
    "service": services.delete_service,
}


@dataclass(frozen=True, slots=True)
class Saved:
    """What is said of a row after its transaction has ended."""

    id: int
    name: str
    has_ssh: bool
    """A host where somebody logs in."""


def saving(form: FormView, raw: Mapping[str, Any]) -> tuple[Callable[..., Any], list[Any]]:
    """What saves what the browser sent, and its arguments after the session; returns `Saved`.

    Raises:
        Invalid: the form is no longer open, or a length of time is not one.
    """
    if form.thing not in CREATE:
        raise Invalid("this form was closed in the meantime; open it again")
    fields = typed_into(form, raw)
    if not form.id:
        create = partial(_saved, CREATE[form.thing])
        return create, [form.parent, fields] if form.parent else [fields]
    command = UPDATE[form.thing]
    if form.thing == "service":
        command = partial(command, revision=form.revision)
    return partial(_saved, command), [form.id, fields]


def _saved(command: Callable[..., Any], session: Any, *arguments: Any, **context: Any) -> Saved:
    row = command(session, *arguments, **context)
    return Saved(row.id, row.name, getattr(row, "ssh", None) is not None)
