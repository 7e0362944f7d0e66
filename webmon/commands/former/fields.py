"""The fields of each thing as they are stored, and what the names of the activity mean in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from webmon.commands.accounts import users
from webmon.commands.downtimes.edit import edit_downtime
from webmon.commands.inventory import hosts, namespaces, services
from webmon.commands.notifications import channels
from webmon.commands.validation import with_kept_secrets
from webmon.errors import Invalid
from webmon.models import Channel, Downtime, Host, Namespace, Service, User
from webmon.queries.downtimes.editor import downtime_fields

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Thing:
    """How a thing is read and changed. ``translate`` has the names of the activity that are no
    fields of it: called as ``(session, fields, value)``."""

    model: Any
    update: Callable[..., Any]
    stored: Callable[[Session, Any], Fields]
    translate: Mapping[str, Callable[[Session, Fields, Any], None]]


def _columns(*names: str, secrets: str = "") -> Callable[[Session, Any], Fields]:
    def stored(_session: Session, row: Any) -> Fields:
        fields = {name: getattr(row, name) for name in names}
        return fields | ({secrets: with_kept_secrets(getattr(row, secrets))} if secrets else {})

    return stored


def _user(session: Session, row: User) -> Fields:
    owned = users.namespaces_of(session, row)
    slugs = select(Namespace.slug).where(col(Namespace.id).in_(owned or ()))
    spaces = None if owned is None else sorted(session.exec(slugs))
    return {"email": row.email, "name": row.name, "role": row.role, "namespaces": spaces}


def _downtime(session: Session, row: Downtime) -> Fields:
    fields = downtime_fields(session, row.id, actor=None)
    if row.cancelled_at is not None:
        raise Invalid("this downtime is cancelled: edit it to plan it again")
    del fields["revision"]
    return fields


def _to_namespace(session: Session, fields: Fields, slug: Any) -> None:
    found = session.exec(select(Namespace.id).where(Namespace.slug == slug)).first()
    if found is None and slug is not None:
        raise Invalid(f"there is no namespace {slug} any more")
    fields["namespace_id"] = found


def _to_namespaces(_session: Session, fields: Fields, slugs: Any) -> None:
    fields["namespaces"] = None if slugs == "all" else list(slugs or ())


def _to_start(_session: Session, fields: Fields, local: Any) -> None:
    fields["starts_at"] = local


def _to_all_channels(_session: Session, fields: Fields, chosen: Any) -> None:
    if chosen:
        raise Invalid("the activity does not know which channels were chosen: choose them again")
    fields["channel_ids"] = None


def _to_hosts(session: Session, fields: Fields, names: Any) -> None:
    rows = select(Host.name, Host.id).where(Host.namespace_id == fields["namespace_id"])
    fields["host_ids"] = _named(session.exec(rows).all(), names or (), "host")


def _to_services(session: Session, fields: Fields, names: Any) -> None:
    rows = (
        select(Service.name, Service.id)
        .join(Host)
        .where(Host.namespace_id == fields["namespace_id"])
    )
    fields["service_ids"] = _named(session.exec(rows).all(), names or (), "service")


def _named(rows: Sequence[tuple[str, int]], names: Sequence[str], thing: str) -> list[int]:
    """The ids of those names.

    Raises:
        Invalid: a name has gone, or several have it.
    """
    found = []
    for name in dict.fromkeys(names):
        ids = [row_id for known, row_id in rows if known == name]
        if len(ids) != names.count(name):
            raise Invalid(f"which {thing} {name} was is not known any more: choose it in the form")
        found += ids
    return found


THINGS: dict[str, Thing] = {
    "namespace": Thing(
        Namespace,
        namespaces.update_namespace,
        _columns("slug", "name", "timezone", "networks", "accent"),
        {},
    ),
    "host": Thing(
        Host,
        hosts.update_host,
        _columns("name", "namespace_id", "address", "public", "tags", secrets="ssh"),
        {"namespace": _to_namespace},
    ),
    "service": Thing(
        Service,
        services.update_service,
        _columns(*services.ServiceFields.model_fields.keys() - {"config"}, secrets="config"),
        {},
    ),
    "channel": Thing(
        Channel,
        channels.update_channel,
        _columns(*channels.ChannelFields.model_fields.keys() - {"config"}, secrets="config"),
        {"namespace": _to_namespace},
    ),
    "downtime": Thing(
        Downtime,
        edit_downtime,
        _downtime,
        {
            "namespace": _to_namespace,
            "starts_local": _to_start,
            "channels_chosen": _to_all_channels,
            "hosts": _to_hosts,
            "services": _to_services,
        },
    ),
    "user": Thing(User, users.update_user, _user, {"namespaces": _to_namespaces}),
}
