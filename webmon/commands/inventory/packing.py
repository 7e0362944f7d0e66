"""Pack rows with all that belongs to them, and put them back as they were.

What belongs to a row is what the database deletes with it: the foreign keys say so.
"""

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Table, insert, select
from sqlmodel import Session, SQLModel

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
        column, keys = to_do.pop()
        table = column.table
        assert isinstance(table, Table)
        known = found.setdefault(table.name, {})
        new = {
            tuple(row[each.name] for each in table.primary_key): row
            for row in _rows(session, column, keys, lock=table.name in locked)
        }
        below = [row["id"] for key, row in new.items() if key not in known and "id" in row]
        known |= new
        if below:
            to_do += [(child, below) for child in _owned(table)]
    return {name: list(rows.values()) for name, rows in found.items() if rows}


def _rows(
    session: Session, column: Column[Any], keys: Iterable[int], *, lock: bool
) -> Iterator[dict[str, Any]]:
    for some in _batched(keys):
        rows = select(column.table).where(column.in_(some))
        if lock:
            rows = rows.order_by(*column.table.primary_key).with_for_update()
        for row in session.execute(rows).mappings():
            yield dict(row)


@cache
def _owned(table: Table) -> tuple[Column[Any], ...]:
    """The columns of other tables whose rows go with a row of this one."""
    return tuple(
        key.parent
        for each in SQLModel.metadata.sorted_tables
        for key in each.foreign_keys
        if key.column.table is table and key.ondelete == "CASCADE"
    )


def insert_rows(session: Session, rows: Rows) -> None:
    """Put the rows back, with the ids that they had.

    Raises:
        Collision: something else has one of their names, or what they belong to is gone.
    """
    for table in SQLModel.metadata.sorted_tables:
        for some in _batched(rows.get(table.name, ())):
            session.connection().execute(insert(table), list(some))


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
