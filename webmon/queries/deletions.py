"""What goes when something is deleted, said before it is."""

from dataclasses import dataclass

from sqlmodel import Session, func, select

from webmon.domain.access import Actor, Role, require
from webmon.domain.ids import is_id
from webmon.errors import Invalid, NotFound
from webmon.models import Host, Namespace, Service


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deletion that waits for a yes. ``thing`` is namespace, host or service; empty for none."""

    thing: str = ""
    id: int = 0
    name: str = ""
    question: str = ""


def deletion(session: Session, thing: str, row_id: int, *, actor: Actor) -> Deletion:
    """The question to ask before the namespace, host or service is deleted.

    Raises:
        Invalid, NotFound, PermissionDenied.
    """
    describe = {"namespace": _namespace, "host": _host, "service": _service}.get(thing)
    if describe is None:
        raise Invalid("only a namespace, a host or a service can be deleted")
    if not is_id(row_id):
        raise NotFound(f"this {thing} does not exist (any more)")
    name, question = describe(session, row_id, actor)
    return Deletion(thing, row_id, name, question)


def _namespace(session: Session, namespace_id: int, actor: Actor) -> tuple[str, str]:
    namespace = session.get(Namespace, namespace_id)
    if namespace is None:
        raise NotFound("this namespace does not exist (any more)")
    require(actor, Role.EDITOR, namespace_id)
    hosts = session.exec(
        select(func.count()).select_from(Host).where(Host.namespace_id == namespace_id)
    ).one()
    return namespace.name, f"Delete {namespace.name}{_with(hosts, 'host')}?"


def _host(session: Session, host_id: int, actor: Actor) -> tuple[str, str]:
    host = session.get(Host, host_id)
    if host is None:
        raise NotFound("this host does not exist (any more)")
    require(actor, Role.EDITOR, host.namespace_id)
    services = session.exec(
        select(func.count()).select_from(Service).where(Service.host_id == host_id)
    ).one()
    return host.name, f"Delete {host.name}{_with(services, 'service')}?"


def _service(session: Session, service_id: int, actor: Actor) -> tuple[str, str]:
    service = session.get(Service, service_id)
    if service is None:
        raise NotFound("this service does not exist (any more)")
    host = session.get_one(Host, service.host_id)
    require(actor, Role.EDITOR, host.namespace_id)
    return service.name, f"Delete {service.name} of {host.name} and its history?"


def _with(count: int, noun: str) -> str:
    if count == 0:
        return ""
    if count == 1:
        return f" with its {noun} and the history"
    return f" with {count} {noun}s and their history"
