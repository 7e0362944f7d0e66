"""What ``${stored}`` in a file stands for: values that the installation holds already."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select as select_columns
from sqlmodel import Session, select

from webmon import crypto
from webmon.commands.config_file.model import File
from webmon.commands.validation import KEEP
from webmon.models import Channel, Host, Namespace, Service
from webmon.models.columns import table

Path = tuple[str | int, ...]


def find_namespace(session: Session, slug: object) -> Namespace | None:
    """The namespace of that slug."""
    return session.exec(select(Namespace).where(Namespace.slug == str(slug))).first()


def find_channel(session: Session, name: object) -> Channel | None:
    """The channel of that name."""
    return session.exec(select(Channel).where(Channel.name == str(name))).first()


class Inventory:
    """All hosts and services as they are now, read at once: a file may name thousands.

    They are rows with the columns of `Host` and `Service`.
    """

    def __init__(self, session: Session) -> None:
        hosts, spaces, services = table(Host), table(Namespace), table(Service)
        owned = session.execute(select_columns(hosts, spaces.c.slug).join(spaces))
        self._hosts = {(row.slug, row.name): row for row in owned}
        found = session.execute(select_columns(services))
        self._services = {(row.host_id, row.name): row for row in found}

    def host(self, slug: object, name: object) -> Any | None:
        """The host of that name in that namespace."""
        return self._hosts.get((str(slug), str(name)))

    def service(self, host: Any | None, name: object) -> Any | None:
        """The service of that name of a host that is stored."""
        return None if host is None else self._services.get((host.id, str(name)))


def config_of(row: Any | None, kind: object) -> Any:
    """What is stored for a channel or service, secrets in the clear; nothing for another kind."""
    return crypto.unseal(row.config) if row is not None and row.kind == kind else {}


def missing(session: Session, inventory: Inventory, content: File) -> Iterator[Path]:
    """Where the file counts on a value that is not stored, in the file's order."""
    for number, item in enumerate(content.channels):
        if wanted := _kept(item.get("config")):
            stored = config_of(find_channel(session, item.get("name")), item.get("kind"))
            yield from _absent(wanted, stored, ("channels", number, "config"))
    for number, item in enumerate(content.hosts):
        host = inventory.host(item.get("namespace"), item.get("name"))
        if wanted := _kept(item.get("ssh")):
            stored = crypto.unseal(host.ssh) if host is not None else {}
            yield from _absent(wanted, stored, ("hosts", number, "ssh"))
        yield from _of_services(
            inventory, host, item.get("services"), ("hosts", number, "services")
        )


def _of_services(inventory: Inventory, host: Any | None, items: Any, path: Path) -> Iterator[Path]:
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if wanted := _kept(item.get("config") if isinstance(item, dict) else None):
            stored = config_of(inventory.service(host, item.get("name")), item.get("kind"))
            yield from _absent(wanted, stored, (*path, number, "config"))


def _kept(value: Any) -> list[tuple[str, ...]]:
    """The paths within a config at which the file says ``${stored}``."""
    if value is KEEP:
        return [()]
    if not isinstance(value, dict):
        return []
    return [(name, *path) for name, inner in value.items() for path in _kept(inner)]


def _absent(wanted: list[tuple[str, ...]], stored: Any, within: Path) -> Iterator[Path]:
    for path in wanted:
        if not _is_there(stored, path):
            yield (*within, *path)


def _is_there(stored: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(stored, Mapping) or name not in stored:
            return False
        stored = stored[name]
    return bool(path)
