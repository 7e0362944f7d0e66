"""`webmon apply`: make the configuration match a YAML file, and say what that changes.

The file's objects are turned into the same fields that the admin app sends, and go through the
same commands; here is only what the file adds: names instead of ids, durations, and lines.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from webmon import crypto
from webmon.commands.config_file.differences import (
    NAMESPACE,
    changes,
    channel_fields,
    host_fields,
    namespace_fields,
    service_fields,
)
from webmon.commands.config_file.downtimes import apply_downtime, named_by_id, prune_downtimes
from webmon.commands.config_file.losses import history_lost
from webmon.commands.config_file.model import FILE_NAMES, File, FileChannel, FileHost, FileService
from webmon.commands.config_file.source import Source
from webmon.commands.config_file.stored import (
    Inventory,
    config_of,
    find_channel,
    find_namespace,
    missing,
)
from webmon.commands.inventory import hosts, namespaces, services
from webmon.commands.inventory.additions import add_hosts, add_services
from webmon.commands.notifications import channels
from webmon.commands.validation import merged, validated
from webmon.errors import Invalid
from webmon.models import Channel, Host, Namespace, Service

Progress = Callable[[int, int], None]


def _silently(_done: int, _total: int) -> None:
    """Show no progress."""


@dataclass
class Applied:
    """What `apply` changed (or would change), a line each, in the file's order."""

    lines: list[str] = field(default_factory=list)

    def note(self, sign: str, what: str, details: Iterable[str] = ()) -> None:
        """Add the line ``+ host Datastore`` or ``~ host Datastore: address a → b``."""
        text = ", ".join(details)
        self.lines.append(f"{sign} {what}" + (f": {text}" if text else ""))


class _Run:
    """One application of one file, within one session."""

    def __init__(self, session: Session, source: Source, now: datetime) -> None:
        self.session = session
        self.source = source
        self.now = now
        self.applied = Applied()
        self.kept_channels: frozenset[str] | None = None
        """The channels in the file, where all others are to be deleted."""
        self.inventory = Inventory(session)
        self.new_hosts: list[Host] = []
        self.new_services: list[tuple[Any, Service]] = []
        """Each with its host, which may be new too."""
        self._namespaces: dict[str, Namespace] = {}
        self.kept_downtimes: set[int] = set()
        self.named_downtimes: set[int] = set()
        """Those in the file so far, and those that the file names by an id, by their rows' ids."""
        self.at_last: list[Callable[[], object]] = []
        """What can only be done when every service is as the file says."""

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Errors inside are about this part of the file."""
        try:
            yield
        except Invalid as error:
            inner = error.field.split(".") if error.field else []
            parts = [int(part) if part.isdigit() else FILE_NAMES.get(part, part) for part in inner]
            raise self.source.error([*path, *parts], error.message) from None

    def namespace(self, path: tuple[str | int, ...], item: Mapping[str, Any]) -> None:
        with self.at(*path):
            was = item.get("was")
            known = {name: value for name, value in item.items() if name != "was"}
            wanted = validated(namespaces.NamespaceFields, known)
            row = find_namespace(self.session, wanted.slug)
            if row is None and was is not None:
                row = find_namespace(self.session, was)
            absent = {"networks": wanted.networks or [], "accent": wanted.accent or ""}
            fields = wanted.model_dump() | absent
            if row is None:
                namespaces.create_namespace(self.session, fields, actor=None, now=self.now)
                self.applied.note("+", f"namespace {wanted.slug}")
            elif details := changes(namespace_fields(row), fields):
                namespaces.update_namespace(self.session, row.id, fields, actor=None, now=self.now)
                self.applied.note("~", f"namespace {wanted.slug}", details)

    def channel(self, path: tuple[str | int, ...], item: Mapping[str, Any]) -> None:
        with self.at(*path):
            wanted = validated(FileChannel, item)
            slug = wanted.namespace
            fields = wanted.fields(None if slug is None else self._namespace(slug).id)
            row = find_channel(self.session, wanted.name, wanted.was)
            config = merged(wanted.config, config_of(row, wanted.kind))
            built_in = row is not None and row.built_in
            after = channels.complete({**fields, "config": config}, built_in=built_in)
            row = row or self._renamed(after)
            shown = f"channel {row.name if row else wanted.name}"
            if row is None:
                channels.create_channel(self.session, fields, actor=None, now=self.now)
                self.applied.note("+", shown)
            elif details := changes(channel_fields(self.session, row), {**after, NAMESPACE: slug}):
                channels.update_channel(self.session, row.id, fields, actor=None, now=self.now)
                self.applied.note("~", shown, details)

    def _renamed(self, after: Mapping[str, Any]) -> Channel | None:
        """The one that would be deleted although the file has just it, by another name.

        So recoveries reach the channels that were told of the outage, and budgets go on.
        """
        if self.kept_channels is None:
            return None
        same = select(Channel).where(
            Channel.kind == after["kind"],
            Channel.namespace_id == after["namespace_id"],
            col(Channel.name).not_in(self.kept_channels),
            col(Channel.built_in).is_(False),
        )
        found = [
            row for row in self.session.exec(same) if crypto.unseal(row.config) == after["config"]
        ]
        return found[0] if len(found) == 1 else None

    def host(self, path: tuple[str | int, ...], item: Mapping[str, Any]) -> None:
        with self.at(*path):
            wanted = validated(FileHost, item)
            namespace = self._namespace(wanted.namespace)
            row = self.inventory.host(wanted.namespace, wanted.name, wanted.was)
            fields = wanted.model_dump(exclude={"was", "namespace", "services"})
            fields |= {"namespace_id": namespace.id}
            ssh = merged(wanted.ssh or {}, crypto.unseal(row.ssh) if row else {})
            after = fields | {"ssh": hosts.complete_ssh(ssh)}
            shown = f"host {wanted.name} ({wanted.namespace})"
            if row is None:
                row = hosts.unsaved_host(self.session, fields, actor=None, now=self.now)
                self.new_hosts.append(row)
                self.applied.note("+", shown)
            elif details := changes(host_fields(row), after):
                update = partial(self._update_host, path, row.id, fields, shown, details)
                if row.address and not wanted.address:
                    self.at_last.append(update)
                else:
                    row = update()
        for number, service in enumerate(wanted.services):
            self.service((*path, "services", number), row, service, address=wanted.address)

    def _update_host(
        self,
        path: tuple[str | int, ...],
        host_id: int,
        fields: Mapping[str, Any],
        shown: str,
        details: Iterable[str],
    ) -> Host:
        with self.at(*path):
            host = hosts.update_host(self.session, host_id, fields, actor=None, now=self.now)
        self.applied.note("~", shown, details)
        return host

    def service(
        self, path: tuple[str | int, ...], host: Any, item: Mapping[str, Any], *, address: str
    ) -> None:
        """The service of ``host``, which has the ``address`` (empty: none) in the file."""
        *of_host, _, _ = path
        with self.at(*path):
            wanted = validated(FileService, item)
            fields = wanted.fields()
            row = self.inventory.service(host, wanted.name, wanted.was)
            config = merged(wanted.config, config_of(row, wanted.kind))
            after, probed = services.complete({**fields, "config": config})
            with self.at(*of_host):
                if not address and probed.needs_address:
                    raise hosts.address_missing(after["name"])
            services.require_login(host, after["kind"], probed)
            shown = f"service {host.name} / {after['name']}"
            if row is None:
                new = services.unsaved_service(self.session, host, fields, actor=None, now=self.now)
                self.new_services.append((host, new))
                self.applied.note("+", shown)
            elif details := changes(service_fields(row), after):
                services.update_service(self.session, row.id, fields, actor=None, now=self.now)
                self.applied.note("~", shown, details)

    def add_new(self) -> None:
        """Store what was found to be new, all at once."""
        add_hosts(self.session, self.new_hosts, actor=None, now=self.now)
        add_services(self.session, self.new_services, actor=None, now=self.now)

    def downtime(self, path: tuple[str | int, ...], item: Mapping[str, Any]) -> None:
        with self.at(*path):
            others = self.kept_downtimes | self.named_downtimes
            row_id, sign, shown, details = apply_downtime(self.session, item, others, now=self.now)
        self.kept_downtimes.add(row_id)
        if sign:
            self.applied.note(sign, shown, details)

    def _namespace(self, slug: str) -> Namespace:
        namespace = self._namespaces.get(slug) or find_namespace(self.session, slug)
        if namespace is None:
            raise Invalid(f"there is no namespace {slug}", "namespace")
        self._namespaces[slug] = namespace
        return namespace


def apply_file(
    session: Session, path: Path, *, prune: bool, now: datetime, progress: Progress = _silently
) -> Applied:
    """Make the configuration match the file; with ``prune`` delete what it does not mention.

    Everything happens in the session's transaction: who only wants to know rolls it back.
    ``progress`` is told how many of the file's hosts have been read, and how many there are.

    Raises:
        FileError: ``FILE:line: what is wrong``; nothing is to be kept then.
    """
    source = Source(path)
    run = _Run(session, source, now)
    with run.at():
        if not isinstance(source.data, dict | None):
            raise Invalid("must be names with values: namespaces, channels, hosts and downtimes")
        content = validated(File, source.data or {})
    _refuse_twins(source, content)
    run.inventory.read_former(content.namespaces)
    _refuse_missing(run, content)
    if prune:
        run.kept_channels = frozenset(str(item.get("name")) for item in content.channels)
    for number, item in enumerate(content.namespaces):
        run.namespace(("namespaces", number), item)
    for number, item in enumerate(content.channels):
        run.channel(("channels", number), item)
    for number, item in enumerate(content.hosts):
        progress(number, len(content.hosts))
        run.host(("hosts", number), item)
    run.add_new()
    progress(len(content.hosts), len(content.hosts))
    run.named_downtimes = named_by_id(session, content.downtimes)
    for number, item in enumerate(content.downtimes):
        run.downtime(("downtimes", number), item)
    if prune:
        _prune(run, content)
    for step in run.at_last:
        step()
    return run.applied


def _refuse_twins(source: Source, content: File) -> None:
    """Two objects of one name within the same parent would overwrite each other."""
    _refuse_twin(source, ["namespaces"], content.namespaces, ["slug"])
    _refuse_twin(source, ["channels"], content.channels, ["name"])
    _refuse_twin(source, ["hosts"], content.hosts, ["namespace", "name"])
    with_id = [each if each.get("id") is not None else None for each in content.downtimes]
    _refuse_twin(source, ["downtimes"], with_id, ["namespace", "id"])
    without = [each if each.get("id") is None else None for each in content.downtimes]
    _refuse_twin(source, ["downtimes"], without, ["namespace", "title"])
    for number, host in enumerate(content.hosts):
        inner = host.get("services")
        if isinstance(inner, list):
            _refuse_twin(source, ["hosts", number, "services"], inner, ["name"])


def _refuse_missing(run: _Run, content: File) -> None:
    """A value that the file does not say must be stored: none is ever lost by applying."""
    source, absent = run.source, list(missing(run.session, run.inventory, content))
    if not absent:
        return
    others = [str(source.line(path)) for path in absent[1:]]
    also = f" (likewise in line {', '.join(others)})" if others else ""
    raise source.error(
        absent[0],
        f"is not stored here: write the value, ${{env:NAME}} or ${{file:PATH}}{also}",
    )


def _refuse_twin(source: Source, path: list[str | int], items: list[Any], key: list[str]) -> None:
    seen = set()
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        name = tuple(str(item.get(part)) for part in key)
        if name in seen:
            raise source.error([*path, number], f"{name[-1]} is there twice")
        seen.add(name)
    for number, item in enumerate(items):
        was = item.get("was") if isinstance(item, dict) else None
        if was is None or was == item.get(key[-1]):
            continue
        former = (*(str(item.get(part)) for part in key[:-1]), str(was))
        if former in seen:
            text = f"{was} is in the file as well, so this cannot be what it was"
            raise source.error([*path, number, "was"], text)
        seen.add(former)


def _prune(run: _Run, content: File) -> None:
    session, now = run.session, run.now
    for gone in prune_downtimes(session, run.kept_downtimes, now=now):
        run.applied.note("-", gone)
    kept_hosts = {
        (item["namespace"], name): item
        for item in content.hosts
        for name in (item.get("was"), item["name"])  # who loses the address is renamed at last
        if name is not None
    }
    rows = session.exec(
        select(Host, Namespace.slug).join(Namespace).order_by(Namespace.slug, Host.name)
    ).all()
    for host, slug in rows:
        item = kept_hosts.get((slug, host.name))
        if item is None:
            lost = history_lost(session, Service.host_id == host.id, now=now)
            hosts.delete_host(session, host.id, actor=None, now=now)
            run.applied.note("-", f"host {host.name} ({slug})", lost)
            continue
        names = {service["name"] for service in item.get("services", [])}
        for service in session.exec(select(Service).where(Service.host_id == host.id)).all():
            if service.name not in names:
                lost = history_lost(session, Service.id == service.id, now=now)
                services.delete_service(session, service.id, actor=None, now=now)
                run.applied.note("-", f"service {host.name} / {service.name}", lost)
    _prune_channels(run, content)
    slugs = {item["slug"] for item in content.namespaces} | {slug for slug, _ in kept_hosts}
    others = (*content.channels, *content.downtimes)
    slugs |= {item["namespace"] for item in others if item.get("namespace")}
    for namespace in session.exec(select(Namespace).order_by(Namespace.slug)).all():
        if namespace.slug not in slugs:
            namespaces.delete_namespace(session, namespace.id, actor=None, now=now)
            run.applied.note("-", f"namespace {namespace.slug}")


def _prune_channels(run: _Run, content: File) -> None:
    names = {item["name"] for item in content.channels}
    for channel in run.session.exec(select(Channel).order_by(Channel.name)).all():
        if channel.name not in names and not channel.built_in:
            channels.delete_channel(run.session, channel.id, actor=None, now=run.now)
            run.applied.note("-", f"channel {channel.name}")
