"""`webmon export`: everything that is configured, as the file that `webmon apply` reads.

The inverse of `config_file`, and beside it because both speak the file's words.
"""

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel
from sqlmodel import Session, col, select

from webmon.commands.config_file.downtimes import exported
from webmon.commands.config_file.model import FileChannel, FileHost, FileService
from webmon.commands.config_file.source import STORED, literal
from webmon.crypto import SEALED, vault
from webmon.domain.durations import format_duration
from webmon.models import Channel, Host, Namespace, Service
from webmon.probes import PROBES

WITHOUT_SECRETS = f"""\
# Secrets are not in this file. {STORED} stands for the value that this installation holds, and
# applying the file here keeps it. For another installation write the value, ${{env:NAME}} or
# ${{file:PATH}} in its place, or use webmon export --with-secrets.
"""
DURATIONS = ("interval", "timeout", "retry", "degraded_above", "reminder_every")


def export(session: Session, *, with_secrets: bool) -> str:
    """The YAML; applied to the same installation, it changes nothing.

    Raises:
        Invalid: with secrets, where one cannot be read with the present key.
    """
    export = _Export(session, with_secrets)
    text = yaml.dump(
        {
            "namespaces": export.namespaces(),
            "channels": export.channels(),
            "hosts": export.hosts(),
            "downtimes": export.downtimes(),
        },
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )
    return text if with_secrets or STORED not in text else WITHOUT_SECRETS + text


class _Export:
    """One pass over what is configured; everything in the order in which it was made."""

    def __init__(self, session: Session, with_secrets: bool) -> None:
        self._session = session
        self._with_secrets = with_secrets
        rows = session.exec(select(Namespace).order_by(col(Namespace.id))).all()
        self._namespaces = {row.id: row for row in rows}

    def namespaces(self) -> list[dict[str, Any]]:
        return [
            _text({"slug": row.slug, "name": row.name, "timezone": row.timezone})
            | ({"networks": list(row.networks)} if row.networks else {})
            | ({"accent": row.accent} if row.accent else {})
            for row in self._namespaces.values()
        ]

    def channels(self) -> list[dict[str, Any]]:
        rows = self._session.exec(select(Channel).order_by(col(Channel.id)))
        return [self._channel(row) for row in rows]

    def hosts(self) -> list[dict[str, Any]]:
        services: dict[int, list[dict[str, Any]]] = {}
        for row in self._session.exec(select(Service).order_by(col(Service.id))):
            services.setdefault(row.host_id, []).append(self._service(row))
        rows = self._session.exec(select(Host).order_by(col(Host.id)))
        return [self._host(row, services.get(row.id, [])) for row in rows]

    def downtimes(self) -> list[dict[str, Any]]:
        return [_text(each) for each in exported(self._session)]

    def _channel(self, row: Channel) -> dict[str, Any]:
        namespace = self._namespaces[row.namespace_id].slug if row.namespace_id else None
        said = {
            **row.model_dump(include={"name", "kind", "events", "enabled"}),
            "namespace": namespace,
            "reminder_every": row.reminder_every_seconds,
        }
        return _worth_saying(FileChannel, said) | self._config("config", row.config)

    def _host(self, row: Host, services: list[dict[str, Any]]) -> dict[str, Any]:
        said = row.model_dump(include={"name", "address", "public", "tags"})
        said["namespace"] = self._namespaces[row.namespace_id].slug
        host = _worth_saying(FileHost, said) | self._config("ssh", row.ssh)
        return host | ({"services": services} if services else {})

    def _service(self, row: Service) -> dict[str, Any]:
        slow = row.degraded_above_ms
        said = {
            **row.model_dump(),
            "interval": row.interval_seconds,
            "timeout": row.timeout_seconds,
            "retry": row.retry_seconds,
            "degraded_above": None if slow is None else slow / 1000,
        }
        kind = PROBES.get(row.kind)
        if kind is not None and kind.receives and row.interval_seconds == kind.interval_seconds:
            del said["interval"]  # nobody looks: it means nothing there
        return _worth_saying(FileService, said) | self._config("config", row.config)

    def _config(self, name: str, stored: Mapping[str, Any] | None) -> dict[str, Any]:
        return {name: self._written(stored)} if stored else {}

    def _written(self, value: Any) -> Any:
        """A stored value as it stands in the file: secrets in the clear, or as `STORED`."""
        if isinstance(value, str):
            return literal(value)
        if isinstance(value, list):
            hides = not self._with_secrets and any(_holds_secret(item) for item in value)
            return STORED if hides else [self._written(item) for item in value]
        if not isinstance(value, dict):
            return value
        if not _is_secret(value):
            return {name: self._written(item) for name, item in value.items()}
        return literal(vault().decrypt(value[SEALED])) if self._with_secrets else STORED


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {SEALED}


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_secret(value) or any(_holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(_holds_secret(item) for item in value)


def _worth_saying(model: type[BaseModel], said: Mapping[str, Any]) -> dict[str, Any]:
    """What of it the file has a word for, without what is so by default, in the model's order."""
    worth = {
        name: said[name]
        for name, field in model.model_fields.items()
        if name in said and (field.is_required() or said[name] != field.default)
    }
    return _text(
        {
            name: format_duration(value) if name in DURATIONS else value
            for name, value in worth.items()
        }
    )


def _text(fields: dict[str, Any]) -> dict[str, Any]:
    """``fields`` with their texts written so that nothing is filled in."""
    return {
        name: literal(value) if isinstance(value, str) else value for name, value in fields.items()
    }


class _Dumper(yaml.SafeDumper):
    """Writes lists of texts on one line, texts of several lines as a block, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- PyYAML's signature
        """The same value twice is written twice."""
        return True


def _represent_list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.Node:
    short = all(not isinstance(item, dict | list) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=short)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """YAML has more line breaks than ours: a text with any of them is quoted."""
    lines = text.split("\n")
    style = "|" if len(lines) > 1 else None
    if not all(line.isprintable() for line in lines):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(list, _represent_list)
_Dumper.add_representer(str, _represent_text)
