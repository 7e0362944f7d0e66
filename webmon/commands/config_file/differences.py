"""What an object is like now, in the words of the file, and how the wanted one differs."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlmodel import Session

from webmon import crypto
from webmon.commands.config_file.model import FILE_NAMES
from webmon.commands.inventory.hosts import HostFields
from webmon.commands.inventory.namespaces import NamespaceFields
from webmon.commands.inventory.services import ServiceFields
from webmon.domain.durations import format_duration
from webmon.models import Channel, Namespace
from webmon.notifiers import NOTIFIERS
from webmon.probes import PROBES
from webmon.probes.ssh_access import SshAccess


def namespace_fields(row: Namespace) -> dict[str, Any]:
    """The namespace's fields as `NamespaceFields` names them."""
    return {name: getattr(row, name) for name in NamespaceFields.model_fields}


def host_fields(row: Any) -> dict[str, Any]:
    """The host's fields as `HostFields` names them, secrets in the clear."""
    fields = {name: getattr(row, name) for name in HostFields.model_fields}
    return {**fields, "ssh": crypto.unseal(row.ssh)}


def service_fields(row: Any) -> dict[str, Any]:
    """The service's fields as `ServiceFields` names them, secrets in the clear."""
    fields = {name: getattr(row, name) for name in ServiceFields.model_fields}
    return {**fields, "config": crypto.unseal(row.config)}


NAMESPACE = "namespace_id"
"""Stands in a channel's fields for its namespace, and holds what people call it: the slug."""


def channel_fields(session: Session, row: Channel) -> dict[str, Any]:
    """The channel's fields as `ChannelFields` names them, secrets in the clear."""
    fields = row.model_dump(exclude={"id", "built_in", "revision", "limited", "created_at"})
    namespace = session.get(Namespace, row.namespace_id) if row.namespace_id else None
    return {
        **fields,
        "config": crypto.unseal(row.config),
        NAMESPACE: namespace.slug if namespace else None,
    }


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields that differ, as ``interval 1m → 30s``; a secret's value is never shown."""
    secrets = SSH_SECRETS | {f"config.{name}" for name in _secret_names(after.get("kind"))}
    found = []
    for name, old, new in _differences(before, after):
        if name in secrets:
            found.append(f"{name} changed")
        else:
            shown = FILE_NAMES.get(name, name)
            found.append(f"{shown} {_shown(name, old)} → {_shown(name, new)}")
    return found


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for name, new in after.items():
        old = before.get(name)
        if name in ("config", "ssh"):
            inner_old, inner_new = old or {}, new or {}
            for key in {**inner_old, **inner_new}:
                if inner_old.get(key) != inner_new.get(key):
                    yield f"{name}.{key}", inner_old.get(key), inner_new.get(key)
        elif old != new:
            yield name, old, new


def _secret_names(kind: str | None) -> set[str]:
    if kind in PROBES:
        return _secrets_in(PROBES[kind].config)
    return _secrets_in(NOTIFIERS[kind].config) if kind in NOTIFIERS else set()


def _secrets_in(model: type[BaseModel]) -> set[str]:
    fields = model.model_fields
    return {name for name, field in fields.items() if SecretStr.__name__ in str(field.annotation)}


SSH_SECRETS = {f"ssh.{name}" for name in _secrets_in(SshAccess)}


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "(every)" if name == NAMESPACE else "(default)"
    if name.endswith("_seconds"):
        return format_duration(value)
    if name == "degraded_above_ms":
        return format_duration(value / 1000)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return f"[{', '.join(str(each) for each in value)}]"
    return str(value)
