"""What goes when something is deleted, said before it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, SQLModel, func, select

from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.ids import is_id
from webmon.errors import Invalid, NotFound
from webmon.models import Channel, Host, Namespace, Service
from webmon.queries.accounts import user_fields
from webmon.queries.notifications.channels import find_channel


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deletion that waits for a yes. ``thing`` is a key of `DESCRIBE`; empty for none."""

    thing: str = ""
    id: int = 0
    name: str = ""
    question: str = ""
    typed: str = ""
    """What has to be typed before it is deleted; empty for nothing."""


Question = tuple[str, str] | tuple[str, str, str]
"""The name, the question, and what has to be typed."""


def deletion(session: Session, thing: str, row_id: int, *, actor: Actor) -> Deletion:
    """The question to ask before the namespace, host, service, channel or user is deleted.

    Raises:
        Invalid, NotFound, PermissionDenied.
    """
    if thing not in DESCRIBE:
        raise Invalid(f"only these can be deleted: {', '.join(DESCRIBE)}")
    if not is_id(row_id):
        raise NotFound(f"this {thing} does not exist")
    return Deletion(thing, row_id, *DESCRIBE[thing](session, row_id, actor))


def _namespace(session: Session, namespace_id: int, actor: Actor) -> Question:
    """Its short name has to be typed where hosts go with it: one click loses too much."""
    namespace = session.get(Namespace, namespace_id)
    if namespace is None:
        raise NotFound("this namespace does not exist")
    require_theirs(actor, Role.EDITOR, namespace_id, "namespace")
    hosts = _count(session, Host, Host.namespace_id == namespace_id)
    channels = _count(session, Channel, Channel.namespace_id == namespace_id)
    question = f"Delete {namespace.name}{_with(host=hosts, channel=channels)}?"
    return namespace.name, question, namespace.slug if hosts else ""


def _host(session: Session, host_id: int, actor: Actor) -> tuple[str, str]:
    host = session.get(Host, host_id)
    if host is None:
        raise NotFound("this host does not exist")
    require_theirs(actor, Role.EDITOR, host.namespace_id, "host")
    services = _count(session, Service, Service.host_id == host_id)
    return host.name, f"Delete {host.name}{_with(service=services)}?"


def _service(session: Session, service_id: int, actor: Actor) -> tuple[str, str]:
    service = session.get(Service, service_id)
    if service is None:
        raise NotFound("this service does not exist")
    host = session.get_one(Host, service.host_id)
    require_theirs(actor, Role.EDITOR, host.namespace_id, "service")
    return service.name, f"Delete {service.name} of {host.name} and its history?"


def _channel(session: Session, channel_id: int, actor: Actor) -> tuple[str, str]:
    name = find_channel(session, channel_id, actor=actor, role=Role.ADMIN).name
    return name, f"Delete the channel {name} and its messages?"


def _user(session: Session, user_id: int, actor: Actor) -> tuple[str, str]:
    found = user_fields(session, user_id, actor=actor)
    return found["name"], f"Delete {found['name']}? What they did stays in the history."


DESCRIBE: dict[str, Callable[[Session, int, Actor], Question]] = {
    "namespace": _namespace,
    "host": _host,
    "service": _service,
    "channel": _channel,
    "user": _user,
}


def _count(session: Session, model: type[SQLModel], where: Any) -> int:
    return session.exec(select(func.count()).select_from(model).where(where)).one()


def _with(**counts: int) -> str:
    """`` with its host, 2 channels and their history``; nothing where all counts are 0."""
    parts = [
        f"its {noun}" if count == 1 else f"{count} {noun}s"
        for noun, count in counts.items()
        if count
    ]
    if not parts:
        return ""
    whose = "the" if [count for count in counts.values() if count] == [1] else "their"
    return f" with {', '.join(parts)} and {whose} history"
