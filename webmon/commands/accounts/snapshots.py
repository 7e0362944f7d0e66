"""What things are like at a moment, so that the activity can tell what was changed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session, SQLModel

from webmon import crypto
from webmon.domain.accounts.former_values import ANOTHER_SECRET, SECRET
from webmon.errors import Invalid
from webmon.models import (
    ApiKey,
    Channel,
    Downtime,
    DowntimeHost,
    DowntimeService,
    Host,
    Incident,
    Namespace,
    Service,
    Setting,
    User,
    UserNamespace,
)
from webmon.models.columns import table

UNTOLD = frozenset(
    {
        *("id", "revision", "limited", "created_at", "last_seen_at", "host_id", "namespace_id"),
        *(
            "password_hash",
            "token_hash",
            "last_used_at",
            "service_id",
            "uid",
            "occurs_until",
            "changed_at",
            "created_by",
        ),
    }
)
"""Columns that are no decision of anybody, are told in another way, or are nobody's business."""

host, service, namespace = table(Host).c, table(Service).c, table(Namespace).c


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A thing with its fields by their paths. A secret is a `_Secret`."""

    id: int | None
    name: str
    namespace_id: int | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Secret:
    """Stands for a secret: enough to see that it changed."""

    digest: str


def snapshot(session: Session, thing: str, row_id: Any) -> Snapshot | None:
    """The thing as it is now, in this transaction; None where there is none."""
    session.flush()
    return READERS[thing](session, row_id)


def snapshot_of(
    row: Mapping[str, Any], *, namespace_id: int, name: str = "", slug: str = ""
) -> Snapshot:
    """The host or service with these columns: what `snapshot` reads, where they are at hand."""
    fields = _fields(row) | ({"namespace": slug} if slug else {})
    return Snapshot(row["id"], name or row["name"], namespace_id, fields)


def changes_between(before: Snapshot | None, after: Snapshot | None) -> dict[str, list[Any]]:
    """The fields that differ, each with its value before and after; secrets only as a word."""
    old, new = (each.fields if each else {} for each in (before, after))
    return {
        name: [_shown(old.get(name)), _shown(new.get(name), was=old.get(name))]
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    }


def told(value: Any) -> Any:
    """A value of a `Snapshot` as the activity tells it where nothing was before."""
    return _shown(value)


def _shown(value: Any, *, was: Any = None) -> Any:
    if not isinstance(value, _Secret):
        return value
    return ANOTHER_SECRET if isinstance(was, _Secret) else SECRET


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if name not in UNTOLD}
    return dict(_flat(plain))


def _flat(values: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        path = f"{within}{name}"
        if isinstance(value, dict) and set(value) == {crypto.SEALED}:
            yield path, _secret(value)
        elif isinstance(value, dict):
            yield from _flat(value, f"{path}.")
        elif value is not None and value != [] and value != "":
            yield path, _plain(value)


def _secret(sealed: dict[str, Any]) -> _Secret:
    try:
        told = str(crypto.unseal(sealed))
    except Invalid:  # the key is gone; it can still be deleted
        told = str(sealed)
    return _Secret(sha256(told.encode()).hexdigest())


def _plain(value: Any) -> Any:
    """``value`` as JSON holds it."""
    if isinstance(value, list):
        return [_plain(each) if not isinstance(each, dict) else _listed(each) for each in value]
    if isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _listed(value: dict[str, Any]) -> Any:
    return {name: each if not isinstance(each, _Secret) else SECRET for name, each in _flat(value)}


def _row(session: Session, model: type[SQLModel], row_id: Any) -> Mapping[str, Any] | None:
    rows: Table = table(model)
    key = next(iter(rows.primary_key.columns))
    found = session.execute(select(rows).where(key == row_id)).mappings().first()
    return dict(found) if found else None


def _slug(session: Session, namespace_id: int | None) -> str | None:
    if namespace_id is None:
        return None
    return session.scalar(select(namespace.slug).where(namespace.id == namespace_id))


def _named(model: type[SQLModel]) -> Callable[[Session, Any], Snapshot | None]:
    """A thing that has a name, and a namespace where the column says so."""

    def read(session: Session, row_id: Any) -> Snapshot | None:
        row = _row(session, model, row_id)
        if row is None:
            return None
        fields = _fields(row)
        namespace_id = row.get("namespace_id")
        if "namespace_id" in row and (slug := _slug(session, namespace_id)):
            fields["namespace"] = slug
        return Snapshot(row["id"], row["name"], namespace_id, fields)

    return read


def _namespace(session: Session, row_id: Any) -> Snapshot | None:
    row = _row(session, Namespace, row_id)
    return Snapshot(row["id"], row["name"], row["id"], _fields(row)) if row else None


def _service(session: Session, row_id: Any) -> Snapshot | None:
    row = _row(session, Service, row_id)
    if row is None:
        return None
    owner = session.execute(
        select(host.name, host.namespace_id).where(host.id == row["host_id"])
    ).one()
    name = f"{owner.name} / {row['name']}"
    return Snapshot(row["id"], name, owner.namespace_id, _fields(row))


def _incident(session: Session, row_id: Any) -> Snapshot | None:
    row = _row(session, Incident, row_id)
    about = row and _service(session, row["service_id"])
    return Snapshot(row["id"], about.name, about.namespace_id, {}) if row and about else None


def _user(session: Session, row_id: Any) -> Snapshot | None:
    row = _row(session, User, row_id)
    if row is None:
        return None
    limits = table(UserNamespace).c
    slugs = session.scalars(
        select(namespace.slug)
        .join(table(UserNamespace), limits.namespace_id == namespace.id)
        .where(limits.user_id == row_id)
        .order_by(namespace.slug)
    ).all()
    fields = _fields(row) | {"namespaces": list(slugs) if row["limited"] else "all"}
    return Snapshot(row["id"], row["email"], None, fields)


def _downtime(session: Session, row_id: Any) -> Snapshot | None:
    row = _row(session, Downtime, row_id)
    if row is None:
        return None
    fields = {**_fields(row), "namespace": _slug(session, row["namespace_id"])}
    for owned, named in ((DowntimeHost, Host), (DowntimeService, Service)):
        name = str(named.__tablename__)
        link = table(owned).c
        found = session.scalars(
            select(table(named).c.name)
            .join(table(owned), link[f"{name}_id"] == table(named).c.id)
            .where(link.downtime_id == row_id)
            .order_by(table(named).c.name)
        ).all()
        if found:
            fields[f"{name}s"] = list(found)
    return Snapshot(row["id"], row["title"], row["namespace_id"], fields)


def _setting(session: Session, name: Any) -> Snapshot | None:
    row = _row(session, Setting, name)
    return Snapshot(None, row["name"], None, {"value": row["value"]}) if row else None


READERS: dict[str, Callable[[Session, Any], Snapshot | None]] = {
    "namespace": _namespace,
    "host": _named(Host),
    "service": _service,
    "channel": _named(Channel),
    "incident": _incident,
    "downtime": _downtime,
    "user": _user,
    "API key": _named(ApiKey),
    "setting": _setting,
}
"""How each thing is read, by the name that the activity has for it."""
