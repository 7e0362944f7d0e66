"""`webmon apply`: make the configuration match a YAML file, and say what that changes.

The file's objects are turned into the same fields that the admin app sends, and go through the
same commands; here is only what the file adds: names instead of ids, durations, and lines.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from sqlmodel import Session, select

from webmon.commands import hosts, namespaces, services
from webmon.commands.config_changes import changes, host_fields, namespace_fields, service_fields
from webmon.commands.validation import validated
from webmon.commands.yaml_source import Source
from webmon.domain.durations import parse_duration
from webmon.errors import Invalid
from webmon.models import Host, Namespace, Service

Duration = Annotated[float, BeforeValidator(parse_duration)]


class FileModel(BaseModel):
    """A part of the file: these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileService(FileModel):
    """A service as the file describes it; everything but name and kind has a default."""

    name: str
    kind: str
    config: dict[str, Any] = {}
    interval: Duration | None = None
    timeout: Duration = 10.0
    retry: Duration = 10.0
    degraded_above: Duration | None = None
    failures_to_down: int = 2
    failures_to_degraded: int = 2
    successes_to_up: int = 1
    critical: bool = False
    public: bool = True
    paused: bool = False

    def fields(self) -> dict[str, Any]:
        """What `commands.services` calls the same things."""
        slow = self.degraded_above
        return {
            **self.model_dump(exclude={"interval", "timeout", "retry", "degraded_above"}),
            "interval_seconds": self.interval,
            "timeout_seconds": self.timeout,
            "retry_seconds": self.retry,
            "degraded_above_ms": None if slow is None else round(slow * 1000),
        }


FILE_NAMES = {
    "interval_seconds": "interval",
    "timeout_seconds": "timeout",
    "retry_seconds": "retry",
    "degraded_above_ms": "degraded_above",
    "namespace_id": "namespace",
}


class FileHost(FileModel):
    """A host with its services."""

    name: str
    namespace: str
    address: str = ""
    public: bool = True
    ssh: dict[str, Any] | None = None
    services: list[dict[str, Any]] = []


class File(FileModel):
    """The whole file."""

    namespaces: list[dict[str, Any]] = []
    hosts: list[dict[str, Any]] = []


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
            wanted = validated(namespaces.NamespaceFields, item)
            row = self._by_slug(wanted.slug)
            fields = wanted.model_dump()
            if row is None:
                namespaces.create_namespace(self.session, fields, actor=None, now=self.now)
                self.applied.note("+", f"namespace {wanted.slug}")
            elif details := changes(namespace_fields(row), fields):
                namespaces.update_namespace(self.session, row.id, fields, actor=None, now=self.now)
                self.applied.note("~", f"namespace {wanted.slug}", details)

    def host(self, path: tuple[str | int, ...], item: Mapping[str, Any]) -> Host:
        with self.at(*path):
            wanted = validated(FileHost, item)
            namespace = self._by_slug(wanted.namespace)
            if namespace is None:
                raise Invalid(f"there is no namespace {wanted.namespace}", "namespace")
            fields = wanted.model_dump(exclude={"namespace", "services"})
            fields |= {"namespace_id": namespace.id, "ssh": hosts.complete_ssh(wanted.ssh)}
            row = self.session.exec(
                select(Host).where(Host.namespace_id == namespace.id, Host.name == wanted.name)
            ).first()
            shown = f"host {wanted.name} ({wanted.namespace})"
            if row is None:
                row = hosts.create_host(self.session, fields, actor=None, now=self.now)
                self.applied.note("+", shown)
            elif details := changes(host_fields(row), fields):
                hosts.update_host(self.session, row.id, fields, actor=None, now=self.now)
                self.applied.note("~", shown, details)
        for number, service in enumerate(wanted.services):
            self.service((*path, "services", number), row, service)
        return row

    def service(self, path: tuple[str | int, ...], host: Host, item: Mapping[str, Any]) -> None:
        with self.at(*path):
            fields = services.complete(validated(FileService, item).fields())
            row = self.session.exec(
                select(Service).where(Service.host_id == host.id, Service.name == fields["name"])
            ).first()
            shown = f"service {host.name} / {fields['name']}"
            if row is None:
                services.create_service(self.session, host.id, fields, actor=None, now=self.now)
                self.applied.note("+", shown)
            elif details := changes(service_fields(row), fields):
                services.update_service(self.session, row.id, fields, actor=None, now=self.now)
                self.applied.note("~", shown, details)

    def _by_slug(self, slug: str) -> Namespace | None:
        return self.session.exec(select(Namespace).where(Namespace.slug == slug)).first()


def apply_file(session: Session, path: Path, *, prune: bool, now: datetime) -> Applied:
    """Make the configuration match the file; with ``prune`` delete what it does not mention.

    Everything happens in the session's transaction: who only wants to know rolls it back.

    Raises:
        FileError: ``FILE:line: what is wrong``; nothing is to be kept then.
    """
    source = Source(path)
    run = _Run(session, source, now)
    with run.at():
        if not isinstance(source.data, dict | None):
            raise Invalid("must be names with values: namespaces and hosts")
        content = validated(File, source.data or {})
    _refuse_twins(source, content)
    for number, item in enumerate(content.namespaces):
        run.namespace(("namespaces", number), item)
    for number, item in enumerate(content.hosts):
        run.host(("hosts", number), item)
    if prune:
        _prune(run, content)
    return run.applied


def _refuse_twins(source: Source, content: File) -> None:
    """Two objects of one name within the same parent would overwrite each other."""
    _refuse_twin(source, ["namespaces"], content.namespaces, ["slug"])
    _refuse_twin(source, ["hosts"], content.hosts, ["namespace", "name"])
    for number, host in enumerate(content.hosts):
        inner = host.get("services")
        if isinstance(inner, list):
            _refuse_twin(source, ["hosts", number, "services"], inner, ["name"])


def _refuse_twin(source: Source, path: list[str | int], items: list[Any], key: list[str]) -> None:
    seen = set()
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        name = tuple(str(item.get(part)) for part in key)
        if name in seen:
            raise source.error([*path, number], f"{name[-1]} is there twice")
        seen.add(name)


def _prune(run: _Run, content: File) -> None:
    session, now = run.session, run.now
    kept_hosts = {(item["namespace"], item["name"]): item for item in content.hosts}
    rows = session.exec(
        select(Host, Namespace.slug).join(Namespace).order_by(Namespace.slug, Host.name)
    ).all()
    for host, slug in rows:
        item = kept_hosts.get((slug, host.name))
        if item is None:
            hosts.delete_host(session, host.id, actor=None, now=now)
            run.applied.note("-", f"host {host.name} ({slug})")
            continue
        names = {service["name"] for service in item.get("services", [])}
        for service in session.exec(select(Service).where(Service.host_id == host.id)).all():
            if service.name not in names:
                services.delete_service(session, service.id, actor=None, now=now)
                run.applied.note("-", f"service {host.name} / {service.name}")
    slugs = {item["slug"] for item in content.namespaces} | {slug for slug, _ in kept_hosts}
    for namespace in session.exec(select(Namespace).order_by(Namespace.slug)).all():
        if namespace.slug not in slugs:
            namespaces.delete_namespace(session, namespace.id, actor=None, now=now)
            run.applied.note("-", f"namespace {namespace.slug}")
