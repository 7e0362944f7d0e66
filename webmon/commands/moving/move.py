"""Make here what another monitor watches. What is here already stays as it is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlmodel import Session

from webmon.commands.config_file.model import FileService
from webmon.commands.config_file.stored import find_host, find_namespace, find_service
from webmon.commands.inventory import hosts, namespaces, services
from webmon.commands.moving.found import Found
from webmon.commands.moving.gatus import read_gatus
from webmon.commands.moving.kuma import read_kuma
from webmon.commands.moving.lists import read_healthchecks, read_uptimerobot
from webmon.commands.validation import validated
from webmon.domain.accounts.access import Actor
from webmon.errors import Invalid
from webmon.models import Host, Namespace


class Source(StrEnum):
    """The monitors that can be moved from."""

    KUMA = "kuma"
    GATUS = "gatus"
    UPTIMEROBOT = "uptimerobot"
    HEALTHCHECKS = "healthchecks"


READERS: dict[Source, Callable[[Path], list[Found]]] = {
    Source.KUMA: read_kuma,
    Source.GATUS: read_gatus,
    Source.UPTIMEROBOT: read_uptimerobot,
    Source.HEALTHCHECKS: read_healthchecks,
}


@dataclass(slots=True)
class Moved:
    """What came of it, a line for each thing: ``+`` carried, ``~`` carried and changed, ``=``
    here already, ``-`` left out."""

    lines: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys("+~=-", 0))

    def note(self, sign: str, what: str, details: Iterable[str] = ()) -> None:
        """Add a line."""
        text = "; ".join(details)
        self.lines.append(f"{sign} {what}" + (f": {text}" if text else ""))
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
    """
    moved = Moved()
    space = find_namespace(session, namespace)
    if space is None:
        fields = {"slug": namespace, "name": namespace}
        space = namespaces.create_namespace(session, fields, actor=actor, now=now)
    names: set[tuple[str, str]] = set()
    for each in found:
        if each.service is None:
            moved.note("-", each.shown, [each.why])
            continue
        _carry(session, space, each, names, moved, actor=actor, now=now)
    return moved


def _carry(
    session: Session,
    space: Namespace,
    found: Found,
    names: set[tuple[str, str]],
    moved: Moved,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    service = dict(found.service or {})
    service["name"] = _unused(names, found.host, str(service["name"]))
    if service["name"] != found.name:
        found.changed.append(f"called {service['name']}: that host has one of this name")
    nested = session.begin_nested()
    try:
        host = _host(session, space, found, actor=actor, now=now)
        if find_service(session, host, service["name"]) is not None:
            nested.rollback()
            moved.note("=", f"{found.shown} is at {found.host}")
            return
        fields: dict[str, Any] = validated(FileService, service).fields()
        services.create_service(session, host.id, fields, actor=actor, now=now)
    except Invalid as error:
        nested.rollback()
        moved.note("-", found.shown, [str(error)])
        return
    nested.commit()
    sign = "~" if found.changed else "+"
    moved.note(sign, f"{found.shown} → {found.host} / {service['name']}", found.changed)


def _host(
    session: Session, space: Namespace, found: Found, *, actor: Actor | None, now: datetime
) -> Host:
    present = find_host(session, space.slug, found.host)
    if present is not None:
        return present
    fields = {
        "name": found.host,
        "namespace_id": space.id,
        "address": found.address,
        "public": False,
    }
    return hosts.create_host(session, fields, actor=actor, now=now)


def _unused(names: set[tuple[str, str]], host: str, name: str) -> str:
    """``name``, with a number where this host has been given one of that name before."""
    wanted, number = name[:95], 1
    while (host, wanted) in names:
        number += 1
        wanted = f"{name[:90]} {number}"
    names.add((host, wanted))
    return wanted
