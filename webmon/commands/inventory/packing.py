"""Pack rows with all that belongs to them, and put them back as they were.

What belongs to a row is what the database deletes with it: the foreign keys say so.
"""

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Table,
    Text,
    UniqueConstraint,
    and_,
    cast,
    column,
    insert,
    select,
    table,
    type_coerce,
)
from sqlalchemy.types import NullType
from sqlmodel import Session, SQLModel, UTCDateTime

Rows = dict[str, list[dict[str, Any]]]
"""By the name of the table."""

AT_ONCE = 500


def rows_with(
    session: Session, root: Table, ids: Sequence[int], *, locked: Collection[str] = ()
) -> Rows:
    """The rows of ``root`` with these ids, and every row that would be deleted with them.

    The rows of the ``locked`` tables are locked before what belongs to them is read: nobody adds
    to them what would be deleted unseen.
    """
    found: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
    to_do: list[tuple[Column[Any], list[int]]] = [(root.c.id, list(ids))]
    while to_do:
        owner, keys = to_do.pop()
        owned = owner.table
        assert isinstance(owned, Table)
        known = found.setdefault(owned.name, {})
        new = {
            tuple(row[each.name] for each in owned.primary_key): row
            for row in _rows(session, owner, keys, lock=owned.name in locked)
        }
        below = [row["id"] for key, row in new.items() if key not in known and "id" in row]
        known |= new
        if below:
            to_do += [(child, below) for child in _owned(owned)]
    return {name: list(rows.values()) for name, rows in found.items() if rows}


def _rows(
    session: Session, owner: Column[Any], keys: Iterable[int], *, lock: bool
) -> Iterator[dict[str, Any]]:
    names = owner.table.c.keys()
    columns = [_unread(session, each) for each in owner.table.c]
    for some in _batched(keys):
        rows = select(*columns).where(owner.in_(some))
        if lock:
            rows = rows.order_by(*owner.table.primary_key).with_for_update()
        for row in session.execute(rows):
            yield dict(zip(names, row, strict=True))


def _unread(session: Session, stored: Column[Any]) -> ColumnElement[Any]:
    """The column as the database holds it: what nobody looks into need not be understood."""
    is_postgres = session.get_bind().dialect.name == "postgresql"
    if is_postgres and isinstance(stored.type, JSON | UTCDateTime):
        return cast(stored, Text)
    return type_coerce(stored, NullType())


@cache
def _owned(by: Table) -> tuple[Column[Any], ...]:
    """The columns of other tables whose rows go with a row of this one."""
    return tuple(
        key.parent
        for each in SQLModel.metadata.sorted_tables
        for key in each.foreign_keys
        if key.column.table is by and key.ondelete == "CASCADE"
    )


def drop_unfit(session: Session, rows: Rows, root: Table) -> None:
    """Drop those of ``rows`` that cannot be put back, with all that belongs to them: what they
    belonged to is gone, or, of ``root``, something else has one of their names."""
    _drop(rows, root.c.id, _taken(session, root, rows.get(root.name, ())))
    for each in SQLModel.metadata.sorted_tables:
        for key in each.foreign_keys:
            parents = {row[key.parent.name] for row in rows.get(each.name, ())} - {None}
            came = {row[key.column.name] for row in rows.get(key.column.table.name, ())}
            there = _present(session, key.column, parents - came)
            _drop(rows, key.parent, parents - came - there)


def _taken(session: Session, root: Table, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """The ids of those of which something else has what only one may have."""
    taken = set()
    for each in root.constraints:
        if not isinstance(each, UniqueConstraint):
            continue
        names = each.columns.keys()
        for some in _batched(rows):
            # No matter that it finds too many: it is one statement.
            near = (each.columns[name].in_({row[name] for row in some}) for name in names)
            found = session.execute(select(*each.columns).where(and_(*near)))
            others = set(map(tuple, found))
            taken |= {row["id"] for row in some if tuple(row[name] for name in names) in others}
    return taken


def _present(session: Session, key: Column[Any], values: Iterable[Any]) -> set[Any]:
    return {
        value
        for some in _batched(values)
        for value in session.scalars(select(key).where(key.in_(some)))
    }


def _drop(rows: Rows, owner: Column[Any], values: Collection[Any]) -> None:
    """Drop the rows whose ``owner`` has one of the values, and what belongs to them."""
    owned = owner.table
    assert isinstance(owned, Table)
    gone = [row for row in rows.get(owned.name, ()) if row[owner.name] in values]
    if not gone:
        return
    rows[owned.name] = [row for row in rows[owned.name] if row[owner.name] not in values]
    for child in _owned(owned):
        _drop(rows, child, {row["id"] for row in gone})


def insert_rows(session: Session, rows: Rows) -> None:
    """Put the rows back, with the ids that they had.

    Raises:
        Collision: something else has one of their names, or what they belong to is gone.
    """
    for each in SQLModel.metadata.sorted_tables:
        plain = table(each.name, *map(column, each.c.keys()))
        for some in _batched(rows.get(each.name, ())):
            session.connection().execute(insert(plain), list(some))


def pack(rows: Rows) -> bytes:
    """Rows as one value."""
    return zlib.compress(json.dumps(rows, default=_as_json).encode(), 1)


def unpack(packed: bytes) -> Rows:
    """What `pack` was given."""
    rows: Rows = json.loads(zlib.decompress(packed), object_hook=_from_json)
    return rows


INSTANT = "\0"
"""No key of a JSON column is this text."""


def _as_json(value: Any) -> dict[str, str]:
    if not isinstance(value, datetime):
        raise TypeError(f"a row holds a {type(value).__name__}")
    return {INSTANT: value.isoformat()}


def _from_json(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value[INSTANT]) if INSTANT in value else value


def _batched(values: Iterable[Any]) -> Iterator[list[Any]]:
    values = list(values)
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
