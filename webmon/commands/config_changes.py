"""What an object is like now, in the words of the file, and how the wanted one differs."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from webmon import crypto
from webmon.domain.durations import format_duration
from webmon.models import Host, Namespace, Service
from webmon.probes import PROBES

SECONDS = {"interval_seconds": "interval", "timeout_seconds": "timeout", "retry_seconds": "retry"}


def namespace_fields(row: Namespace) -> dict[str, Any]:
    """The namespace's fields as `NamespaceFields` names them."""
    return {"slug": row.slug, "name": row.name, "timezone": row.timezone}


def host_fields(row: Host) -> dict[str, Any]:
    """The host's fields as `HostFields` names them."""
    return row.model_dump(include={"name", "namespace_id", "address", "public"})


def service_fields(row: Service) -> dict[str, Any]:
    """The service's fields as `ServiceFields` names them, secrets in the clear."""
    fields = row.model_dump(exclude={"id", "host_id", "revision", "created_at"})
    fields["config"] = crypto.unseal(row.config)
    return fields


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields that differ, as ``interval 1m → 30s``; a secret's value is never shown."""
    secrets = _secret_names(after.get("kind"))
    found = []
    for name, old, new in _differences(before, after):
        if name.removeprefix("config.") in secrets and name.startswith("config."):
            found.append(f"{name} changed")
        else:
            found.append(f"{SECONDS.get(name, name)} {_shown(name, old)} → {_shown(name, new)}")
    return found


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for name, new in after.items():
        old = before.get(name)
        if name == "config":
            inner = {key: (old or {}).get(key) for key in {**(old or {}), **new}}
            for key, value in inner.items():
                if value != new.get(key):
                    yield f"config.{key}", value, new.get(key)
        elif old != new:
            yield name, old, new


def _secret_names(kind: str | None) -> set[str]:
    if kind not in PROBES:
        return set()
    fields = PROBES[kind].config.model_fields
    return {name for name, field in fields.items() if SecretStr.__name__ in str(field.annotation)}


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "(default)"
    if name in SECONDS:
        return format_duration(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
