"""Make here what another monitor watches. What is here already stays as it is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlmodel import Session

from webmon.commands.config_file.model import FileService
from webmon.commands.config_file.stored import Inventory, find_namespace
from webmon.commands.inventory import hosts, namespaces, services
from webmon.commands.inventory.additions import add_hosts, add_services
from webmon.commands.moving.found import Found
from webmon.commands.moving.gatus import read_gatus
from webmon.commands.moving.kuma import read_kuma
from webmon.commands.moving.lists import read_healthchecks, read_uptimerobot
from webmon.commands.validation import validated
from webmon.domain.accounts.access import Actor, Role, require
from webmon.errors import Invalid
from webmon.models import Host, Namespace, Service


class Source(StrEnum):
    """The monitors that can be moved from."""

    KUMA = "kuma"
    GATUS = "gatus"
    UPTIMEROBOT = "uptimerobot"
    HEALTHCHECKS = "healthchecks"


LARGEST_FILE = 10_000_000
MOST_THINGS = 5_000
LONGEST_NAME = 95


def read_source(source: Source, path: Path) -> list[Found]:
    """What the other monitor has, by its file.

    Raises:
        Invalid: the file is none of that monitor's, or too large.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Invalid(f"{path} is larger than {LARGEST_FILE // 1_000_000} MB")
        found = READERS[source](path)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from None
    if len(found) > MOST_THINGS:
        raise Invalid(f"{path} has more than {MOST_THINGS} things in it")
    return found


READERS: dict[Source, Callable[[Path], list[Found]]] = {
    Source.KUMA: read_kuma,
    Source.GATUS: read_gatus,
    Source.UPTIMEROBOT: read_uptimerobot,
    Source.HEALTHCHECKS: read_healthchecks,
}


@dataclass(frozen=True, slots=True)
class Line:
    """What came of one thing: ``+`` carried, ``~`` carried and changed, ``=`` here already, ``-``
    left out; ``why`` says what is changed, or why it is left out."""

    sign: str
    what: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.sign} {self.what}" + (f": {self.why}" if self.why else "")


@dataclass(slots=True)
class Moved:
    """What came of it, a line for each thing."""

    lines: list[Line] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys("+~=-", 0))

    def note(self, sign: str, what: str, why: Iterable[str] = ()) -> None:
        """Add a line."""
        self.lines.append(Line(sign, what, "; ".join(why)))
        self.counts[sign] += 1

    @property
    def summary(self) -> str:
        """How many of each."""
        words = ("carried", "carried and changed", "here already", "left out")
        counts = zip(self.counts.values(), words, strict=True)
        return ", ".join(f"{count} {word}" for count, word in counts)


def move_here(
    session: Session,
    found: Iterable[Found],
    *,
    namespace: str,
    actor: Actor | None = None,
    now: datetime,
) -> Moved:
    """Make hosts and services in the namespace with that slug, which is made if there is none.

    New hosts are private until somebody shows them. What cannot work here is left out, and said.

    Raises:
        Invalid: the slug is none.
        PermissionDenied: the person may not.
        ConfirmationNeeded: it brings secrets, and they have not proved lately who they are.
    """
    space = find_namespace(session, namespace)
    if space is None or (actor is not None and not actor.sees(space.id)):
        fields = {"slug": namespace, "name": namespace}
        space = namespaces.create_namespace(session, fields, actor=actor, now=now)
    if actor is not None:
        require(actor, Role.EDITOR, space.id)
    move = _Move(session, space, actor, now)
    for each in found:
        move.take(each)
    move.store()
    return move.moved


class _Move:
    """One move, within one session: what is new is stored at its end, all at once."""

    def __init__(
        self, session: Session, space: Namespace, actor: Actor | None, now: datetime
    ) -> None:
        self.moved = Moved()
        self._session = session
        self._space = space
        self._context: dict[str, Any] = {"actor": actor, "now": now}
        self._inventory = Inventory(session)
        self._hosts: dict[str, Host] = {}
        self._services: list[tuple[Any, Service]] = []
        self._names: set[tuple[str, str]] = set()

    def take(self, found: Found) -> None:
        """Say what becomes of it, and keep what is new."""
        if found.service is None:
            self.moved.note("-", found.shown, [found.why])
            return
        service, found.host = dict(found.service), found.host.strip()
        service["name"] = self._unused(found.host, str(service["name"]).strip())
        if service["name"] != found.name:
            why = "a shorter name" if len(found.name) > LONGEST_NAME else "that host has one"
            found.changed.append(f"called {service['name']}: {why}")
        try:
            host = self._host(found)
            if self._inventory.service(host, service["name"]) is not None:
                self.moved.note("=", f"{found.shown} is at {found.host}")
                return
            fields = validated(FileService, service).fields()
            new = services.unsaved_service(self._session, host, fields, **self._context)
        except Invalid as error:
            self.moved.note("-", found.shown, [str(error)])
            return
        if host.id is None:
            self._hosts[found.host] = host
        self._services.append((host, new))
        sign = "~" if found.changed else "+"
        self.moved.note(sign, f"{found.shown} → {found.host} / {service['name']}", found.changed)

    def store(self) -> None:
        """Store what is new."""
        add_hosts(self._session, list(self._hosts.values()), **self._context)
        add_services(self._session, self._services, **self._context)

    def _host(self, found: Found) -> Any:
        present = self._inventory.host(self._space.slug, found.host)
        if present is not None:
            return present
        if found.host in self._hosts:
            return self._hosts[found.host]
        fields = {
            "name": found.host,
            "namespace_id": self._space.id,
            "address": found.address,
            "public": False,
        }
        return hosts.unsaved_host(self._session, fields, **self._context)

    def _unused(self, host: str, name: str) -> str:
        """``name``, with a number where this host has been given one of that name before."""
        wanted, number = name[:LONGEST_NAME].strip(), 1
        while (host, wanted) in self._names:
            number += 1
            wanted = f"{name[: LONGEST_NAME - 5].strip()} {number}"
        self._names.add((host, wanted))
        return wanted
