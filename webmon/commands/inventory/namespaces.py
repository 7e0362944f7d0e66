"""Create, change and delete namespaces."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlmodel import Session, select

from webmon.commands.accounts.activity import noted
from webmon.commands.inventory.hosts import look_again
from webmon.commands.locks import lock_services
from webmon.commands.notifications import announcements, leases
from webmon.commands.validation import (
    Fields,
    Name,
    require_revision,
    validated,
)
from webmon.domain.accounts.access import Actor, Role, require, require_theirs
from webmon.domain.checks.networks import MOST_NETWORKS, is_never_reached, parse_networks
from webmon.domain.colours import checked_accent
from webmon.domain.ids import is_id
from webmon.domain.timezones import read_timezone
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Channel, Host, Namespace, Service


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
        raise ValueError("must be lowercase letters, digits and hyphens, such as iati")
    return value


def _networks(values: list[str] | None) -> list[str] | None:
    if values is None:
        return None
    networks = parse_networks(values)
    if len(networks) > MOST_NETWORKS:
        raise ValueError(f"must be at most {MOST_NETWORKS}")
    for network in networks:
        if is_never_reached(network):
            raise ValueError(f"{network} is never looked at: link-local, metadata or multicast")
    return list(dict.fromkeys(str(each) for each in networks))


def _accent(colour: str | None) -> str | None:
    return checked_accent(colour) if colour else colour


class NamespaceFields(Fields):
    """What can be said about a namespace."""

    slug: Annotated[str, AfterValidator(_slug)] = Field(min_length=1, max_length=50)
    name: Name
    timezone: Annotated[str, AfterValidator(read_timezone)] = "UTC"
    networks: Annotated[list[str] | None, AfterValidator(_networks)] = None
    """The private networks that its services may look at, also where an editor of this namespace
    alone has set them; None in a change: as they are."""
    accent: Annotated[str | None, AfterValidator(_accent)] = None
    """The accent colour of its public page, ``#rrggbb``; empty for that of the installation, None
    in a change: as it is."""


@noted("namespace", "added")
def create_namespace(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> Namespace:
    """A new, empty namespace.

    Raises:
        Invalid: a field is wrong, or the slug is taken.
        PermissionDenied: the actor may not, or is limited to some namespaces.
    """
    _require_all_namespaces(actor)
    wanted = validated(NamespaceFields, fields)
    _require_free_slug(session, wanted.slug)
    networks = _require_may_allow(actor, wanted.networks, [])
    fields = {**wanted.model_dump(), "networks": networks, "accent": wanted.accent or ""}
    namespace = Namespace(**fields, created_at=now)
    session.add(namespace)
    session.flush()
    return namespace


@noted("namespace", "changed")
def update_namespace(
    session: Session,
    namespace_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    revision: int | None = None,
) -> Namespace:
    """Give a namespace another slug, name, timezone or colour, or other networks to look at.
    ``revision`` is the one that the fields are based on, where somebody edited them.

    Raises:
        Invalid, NotFound, PermissionDenied.
        Conflict: somebody else saved it since.
    """
    namespace = _find(session, namespace_id, lock=True)
    require_theirs(actor, Role.EDITOR, namespace_id, "namespace")
    wanted = validated(NamespaceFields, fields)
    fields = wanted.model_dump(exclude_none=True)
    require_revision("namespace", revision, namespace.revision, namespace.model_dump(), fields)
    if wanted.slug != namespace.slug:
        _require_free_slug(session, wanted.slug)
    networks = _require_may_allow(actor, wanted.networks, namespace.networks)
    looks_elsewhere = networks != namespace.networks
    accent = namespace.accent if wanted.accent is None else wanted.accent
    namespace.sqlmodel_update({**wanted.model_dump(), "networks": networks, "accent": accent})
    if session.is_modified(namespace):
        namespace.revision += 1
    if looks_elsewhere:
        owned = select(Service.id).join(Host).where(Host.namespace_id == namespace_id)
        lock_services(session, owned)
        look_again(session, owned, now)
    session.flush()
    return namespace


def _require_may_allow(
    actor: Actor | None, wanted: list[str] | None, present: list[str]
) -> list[str]:
    """The networks as they shall be; only an admin of all namespaces chooses others."""
    if wanted is None or wanted == present:
        return present
    if actor is not None:
        require(actor, Role.ADMIN)
        _require_all_namespaces(actor)
    return wanted


@noted("namespace", "deleted")
def delete_namespace(
    session: Session,
    namespace_id: int,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Delete a namespace with its hosts, their services and all that was recorded of them.

    Raises:
        NotFound, PermissionDenied.
    """
    _require_all_namespaces(actor)
    namespace = _find(session, namespace_id)
    if actor is not None and _has_channels(session, namespace_id):
        require(actor, Role.ADMIN)
    services = select(Service.id).join(Host).where(Host.namespace_id == namespace_id)
    ended = lock_services(session, services)
    leases.lock_channels(session, select(Channel.id).where(Channel.namespace_id == namespace_id))
    announcements.end_watching(session, ended, "was deleted", now=now)
    session.delete(namespace)
    session.flush()


def _find(session: Session, namespace_id: int, *, lock: bool = False) -> Namespace:
    """The namespace; with ``lock`` nobody else changes it in the meantime."""
    how: dict[str, Any] = {"populate_existing": True, "with_for_update": {"key_share": True}}
    options = how if lock else {}
    namespace = session.get(Namespace, namespace_id, **options) if is_id(namespace_id) else None
    if namespace is None:
        raise NotFound("this namespace does not exist")
    return namespace


def _has_channels(session: Session, namespace_id: int) -> bool:
    """Whether something would go that only admins may delete."""
    found = session.exec(select(Channel.id).where(Channel.namespace_id == namespace_id))
    return found.first() is not None


def _require_all_namespaces(actor: Actor | None) -> None:
    if actor is None:
        return
    require(actor, Role.EDITOR)
    if actor.namespace_ids is not None:
        raise PermissionDenied("this needs access to all namespaces")


def _require_free_slug(session: Session, slug: str) -> None:
    if session.exec(select(Namespace.id).where(Namespace.slug == slug)).first() is not None:
        raise Invalid(f"there is a namespace {slug} already", "slug")
