"""What ``${stored}`` in a file stands for: values that the installation holds already."""

from collections.abc import Iterable, Iterator, Mapping
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


def find_channel(session: Session, name: object, was: object = None) -> Channel | None:
    """The channel of that name, or of the one it had before."""
    for each in filter(None, (name, was)):
        found = session.exec(select(Channel).where(Channel.name == str(each))).first()
        if found is not None:
            return found
    return None


class Inventory:
    """All hosts and services as they are now, read at once: a file may name thousands.

    They are rows with the columns of `Host` and `Service`.
    """

    def __init__(self, session: Session) -> None:
        self._slugs = set(session.exec(select(Namespace.slug)))
        self._former: dict[str, str] = {}
        hosts, spaces, services = table(Host), table(Namespace), table(Service)
        owned = session.execute(select_columns(hosts, spaces.c.slug).join(spaces))
        self._hosts = {(row.slug, row.name): row for row in owned}
        found = session.execute(select_columns(services))
        self._services = {(row.host_id, row.name): row for row in found}

    def read_former(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Know hosts by the new names of their namespaces too."""
        for item in items:
            slug, was = str(item.get("slug")), str(item.get("was"))
            if slug not in self._slugs and was in self._slugs:
                self._former[slug] = was

    def host(self, slug: object, name: object, was: object = None) -> Any | None:
        """The host of that name, or of the one it had before, in that namespace."""
        place = self._former.get(str(slug), str(slug))
        return self._hosts.get((place, str(name))) or self._hosts.get((place, str(was)))

    def service(self, host: Any | None, name: object, was: object = None) -> Any | None:
        """The service of that name, or of the one it had before, of a host that is stored."""
        if host is None:
            return None
        found = self._services
        return found.get((host.id, str(name))) or found.get((host.id, str(was)))


def config_of(row: Any | None, kind: object) -> Any:
    """What is stored for a channel or service, secrets in the clear; nothing for another kind."""
    return crypto.unseal(row.config) if row is not None and row.kind == kind else {}


def missing(session: Session, inventory: Inventory, content: File) -> Iterator[Path]:
    """Where the file counts on a value that is not stored, in the file's order."""
    for number, item in enumerate(content.channels):
        if wanted := _kept(item.get("config")):
            channel = find_channel(session, item.get("name"), item.get("was"))
            stored = config_of(channel, item.get("kind"))
            yield from _absent(wanted, stored, ("channels", number, "config"))
    for number, item in enumerate(content.hosts):
        host = inventory.host(item.get("namespace"), item.get("name"), item.get("was"))
        if wanted := _kept(item.get("ssh")):
            stored = crypto.unseal(host.ssh) if host is not None else {}
            yield from _absent(wanted, stored, ("hosts", number, "ssh"))
        yield from _of_services(
            inventory, host, item.get("services"), ("hosts", number, "services")
        )


def _of_services(inventory: Inventory, host: Any | None, items: Any, path: Path) -> Iterator[Path]:
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if wanted := _kept(item.get("config") if isinstance(item, dict) else None):
            service = inventory.service(host, item.get("name"), item.get("was"))
            stored = config_of(service, item.get("kind"))
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
