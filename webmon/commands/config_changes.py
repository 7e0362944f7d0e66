"""What an object is like now, in the words of the file, and how the wanted one differs."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr

from webmon import crypto
from webmon.domain.durations import format_duration
from webmon.models import Host, Namespace, Service
from webmon.probes import PROBES
from webmon.probes.ssh_access import SshAccess

SECONDS = {"interval_seconds": "interval", "timeout_seconds": "timeout", "retry_seconds": "retry"}


def namespace_fields(row: Namespace) -> dict[str, Any]:
    """The namespace's fields as `NamespaceFields` names them."""
    return {"slug": row.slug, "name": row.name, "timezone": row.timezone}


def host_fields(row: Host) -> dict[str, Any]:
    """The host's fields as `HostFields` names them, secrets in the clear."""
    fields = row.model_dump(include={"name", "namespace_id", "address", "public"})
    return {**fields, "ssh": crypto.unseal(row.ssh)}


def service_fields(row: Service) -> dict[str, Any]:
    """The service's fields as `ServiceFields` names them, secrets in the clear."""
    fields = row.model_dump(exclude={"id", "host_id", "revision", "created_at"})
    fields["config"] = crypto.unseal(row.config)
    return fields


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields that differ, as ``interval 1m → 30s``; a secret's value is never shown."""
    secrets = SSH_SECRETS | {f"config.{name}" for name in _secret_names(after.get("kind"))}
    found = []
    for name, old, new in _differences(before, after):
        if name in secrets:
            found.append(f"{name} changed")
        else:
            found.append(f"{SECONDS.get(name, name)} {_shown(name, old)} → {_shown(name, new)}")
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
    return _secrets_in(PROBES[kind].config) if kind in PROBES else set()


def _secrets_in(model: type[BaseModel]) -> set[str]:
    fields = model.model_fields
    return {name for name, field in fields.items() if SecretStr.__name__ in str(field.annotation)}


SSH_SECRETS = {f"ssh.{name}" for name in _secrets_in(SshAccess)}


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "(default)"
    if name in SECONDS:
        return format_duration(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
