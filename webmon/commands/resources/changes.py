"""Create, change and delete what a key may change, by its id and the revision it was read at.

What is not one of its namespaces does not exist for a key: that is said, not that it may not.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, select

from webmon import config
from webmon.commands.accounts import letters, users
from webmon.commands.config_file.model import FILE_NAMES
from webmon.commands.downtimes.edit import edit_downtime
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.downtimes.running import cancel_downtime
from webmon.commands.inventory import hosts, namespaces, services
from webmon.commands.notifications import channels
from webmon.commands.resources.bodies import (
    ChannelBody,
    DowntimeBody,
    HostBody,
    NamespaceBody,
    ServiceBody,
    UserBody,
)
from webmon.commands.validation import validated, with_kept_secrets
from webmon.domain.accounts.access import Actor, Role, require
from webmon.domain.merge_patch import patched
from webmon.errors import Conflict, Invalid, NotFound
from webmon.models import Namespace
from webmon.queries.resources import kinds, more_kinds
from webmon.queries.resources.pages import Listed, one

Fields = Mapping[str, Any]


def _namespace_id(session: Session, slug: str, actor: Actor) -> int:
    found = session.exec(select(Namespace.id).where(Namespace.slug == slug)).first()
    if found is None or not actor.sees(found):
        raise Invalid(f"there is no namespace {slug}", "namespace")
    return found


def _of_namespace(_session: Session, body: NamespaceBody, _actor: Actor) -> dict[str, Any]:
    return body.model_dump()


def _of_host(session: Session, body: HostBody, actor: Actor) -> dict[str, Any]:
    key = _namespace_id(session, body.namespace, actor)
    return {**body.model_dump(exclude={"namespace"}), "namespace_id": key}


def _of_service(_session: Session, body: ServiceBody, _actor: Actor) -> dict[str, Any]:
    fields = body.fields()
    fields.pop("host_id")
    return fields


def _of_channel(session: Session, body: ChannelBody, actor: Actor) -> dict[str, Any]:
    slug = body.namespace
    return body.fields(None if slug is None else _namespace_id(session, slug, actor))


def _of_downtime(session: Session, body: DowntimeBody, actor: Actor) -> dict[str, Any]:
    _namespace_id(session, body.namespace, actor)
    return body.fields(session)


def _of_user(_session: Session, body: UserBody, _actor: Actor) -> dict[str, Any]:
    return body.model_dump()


def _new_service(
    session: Session, fields: Fields, *, body: ServiceBody, actor: Actor, now: datetime
) -> Any:
    try:
        one(session, kinds.HOSTS, body.host_id, actor=actor)
    except NotFound as error:
        raise Invalid(str(error), "host_id") from None
    return services.create_service(session, body.host_id, fields, actor=actor, now=now)


@dataclass(frozen=True, slots=True)
class Changeable:
    """How a kind of resource is changed. ``fixed`` are names that only a new one says."""

    listed: Listed
    body: type[BaseModel]
    fields: Callable[[Session, Any, Actor], dict[str, Any]]
    create: Callable[..., Any]
    update: Callable[..., Any]
    delete: Callable[..., Any]
    role: Role
    fixed: frozenset[str] = frozenset()


def _without_body(command: Callable[..., Any]) -> Callable[..., Any]:
    def create(session: Session, fields: Fields, *, body: Any, actor: Actor, now: datetime) -> Any:  # noqa: ARG001
        return command(session, fields, actor=actor, now=now)

    return create


def _invite(session: Session, fields: Fields, *, actor: Actor, now: datetime) -> Any:
    """A link is shown to people only, so that one is mailed where that is possible."""
    account = users.invite_user(session, fields, actor=actor, now=now)
    if config.settings().has_mail:
        letters.send_invitation(session, account.id, actor=actor, now=now)
    return account


CHANGEABLE: dict[str, Changeable] = {
    "namespaces": Changeable(
        kinds.NAMESPACES,
        NamespaceBody,
        _of_namespace,
        _without_body(namespaces.create_namespace),
        namespaces.update_namespace,
        namespaces.delete_namespace,
        Role.EDITOR,
    ),
    "hosts": Changeable(
        kinds.HOSTS,
        HostBody,
        _of_host,
        _without_body(hosts.create_host),
        hosts.update_host,
        hosts.delete_host,
        Role.EDITOR,
    ),
    "services": Changeable(
        kinds.SERVICES,
        ServiceBody,
        _of_service,
        _new_service,
        services.update_service,
        services.delete_service,
        Role.EDITOR,
        frozenset({"host_id"}),
    ),
    "channels": Changeable(
        kinds.CHANNELS,
        ChannelBody,
        _of_channel,
        _without_body(channels.create_channel),
        channels.update_channel,
        channels.delete_channel,
        Role.ADMIN,
    ),
    "downtimes": Changeable(
        more_kinds.DOWNTIMES,
        DowntimeBody,
        _of_downtime,
        _without_body(plan_downtime),
        edit_downtime,
        cancel_downtime,
        Role.EDITOR,
    ),
    "users": Changeable(
        more_kinds.USERS,
        UserBody,
        _of_user,
        _without_body(_invite),
        users.update_user,
        users.delete_user,
        Role.ADMIN,
    ),
}


def create(
    session: Session, name: str, body: Fields, *, actor: Actor, now: datetime
) -> dict[str, Any]:
    """A new one, as it is shown.

    Raises:
        Invalid: a field is wrong, by its name in ``body``.
        PermissionDenied: the key may not.
    """
    kind = CHANGEABLE[name]
    require(actor, kind.role)
    with _in_file_words():
        wanted = validated(kind.body, body)
        fields = kind.fields(session, wanted, actor)
        row = kind.create(session, fields, body=wanted, actor=actor, now=now)
    session.flush()
    session.expire_all()
    return one(session, kind.listed, row.id, actor=actor)


def change(
    session: Session,
    name: str,
    row_id: int,
    patch: Fields,
    *,
    revisions: Collection[int] | None,
    actor: Actor,
    now: datetime,
) -> dict[str, Any]:
    """Change what ``patch`` (RFC 7396) says, if it is still at one of ``revisions`` (None: at any).

    Stored secrets that it does not mention stay.

    Raises:
        NotFound: it is not there, or none of the key's.
        Conflict: somebody else has changed it.
        Invalid, PermissionDenied: as `create`.
    """
    kind = CHANGEABLE[name]
    present = require_present(session, name, row_id, revisions=revisions, actor=actor)
    require(actor, kind.role)
    with _in_file_words():
        before = _writable(session, kind, row_id)
        for fixed in kind.fixed & set(patch):
            if patch[fixed] != before[fixed]:
                raise Invalid(f"must stay {before[fixed]}", fixed)
        if patch.get("ends_at"):
            before.pop("duration", None)
        if "kind" in patch and patch["kind"] != before.get("kind"):
            before["config"] = {}
        wanted = validated(kind.body, patched(before, patch))
        fields = kind.fields(session, wanted, actor)
        options = {"actor": actor, "now": now, "revision": present["revision"]}
        kind.update(session, row_id, fields, **options)
    session.flush()
    session.expire_all()
    return one(session, kind.listed, row_id, actor=actor)


def delete(
    session: Session,
    name: str,
    row_id: int,
    *,
    revisions: Collection[int] | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Delete it, if it is still at one of ``revisions``.

    Raises:
        NotFound, Conflict, Invalid, PermissionDenied: as `change`.
    """
    kind = CHANGEABLE[name]
    require_present(session, name, row_id, revisions=revisions, actor=actor)
    require(actor, kind.role)
    kind.delete(session, row_id, actor=actor, now=now)


def require_present(
    session: Session, name: str, row_id: int, *, revisions: Collection[int] | None, actor: Actor
) -> dict[str, Any]:
    """It as it is shown, where it is still at one of ``revisions``.

    Raises:
        NotFound, Conflict.
    """
    kind = CHANGEABLE[name]
    present = one(session, kind.listed, row_id, actor=actor)
    if revisions is not None and present["revision"] not in revisions:
        raise Conflict(kind.listed.thing, ["revision"])
    return present


EVERYTHING = Actor(0, "", Role.ADMIN)


def _writable(session: Session, kind: Changeable, row_id: int) -> dict[str, Any]:
    """What is stored in the words of a body, `KEEP` in place of each secret."""
    row = session.execute(kind.listed.rows.where(kind.listed.id == row_id)).one()
    told = kind.listed.described(row, EVERYTHING)
    for part in ("config", "ssh"):
        if part in told:
            told[part] = with_kept_secrets(getattr(row, part))
    names = [field.alias or name for name, field in kind.body.model_fields.items()]
    known = [name for name in names if name != "id" and told.get(name) is not None]
    return {name: told[name] for name in known}


class _in_file_words:
    """Errors name a field as the request does."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Rename the field that an `Invalid` is about."""
        if isinstance(error, Invalid) and not isinstance(error, Conflict) and error.field:
            first, dot, rest = error.field.partition(".")
            renamed = FILE_NAMES.get(first, first)
            if renamed != first:
                raise Invalid(error.message, f"{renamed}{dot}{rest}") from None
