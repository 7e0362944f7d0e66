"""Many rows in one statement on PostgreSQL: each column travels as one array.

Sent row by row, a statement costs the server more in planning than in work.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    ColumnElement,
    Table,
    Text,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session

Columns = Mapping[str, Column[Any]]
"""The columns whose types the values have, by the names that the rows use."""


def unnested(columns: Columns) -> dict[str, ColumnElement[Any]]:
    """The columns of a table made of the arrays that `as_arrays` gives."""
    arrays = [
        bindparam(f"new_{name}", type_=ARRAY(Text() if _is_json(column) else column.type))
        for name, column in columns.items()
    ]
    new = func.unnest(*arrays).table_valued(*columns, name="new").render_derived()
    return {name: cast(new.c[name], column.type) for name, column in columns.items()}


def as_arrays(columns: Columns, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The parameters of a statement with `unnested` columns.

    JSON goes as text: a list in it would be taken for an array.
    """
    return {
        f"new_{name}": [_as_text(row[name]) if _is_json(column) else row[name] for row in rows]
        for name, column in columns.items()
    }


def _is_json(column: Column[Any]) -> bool:
    return isinstance(column.type, JSON)


def _as_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def upsert(
    session: Session,
    into: Table,
    rows: Sequence[dict[str, Any]],
    *,
    replacing: tuple[str, ...] = (),
) -> None:
    """Insert the rows. Where one has the key of a present row, its values take the place of those
    there: all that are given, or those of the columns ``replacing``."""
    if not rows:
        return
    names = tuple(rows[0])
    if session.get_bind().dialect.name == "postgresql":
        columns = {name: into.c[name] for name in names}
        statement = _upsert_arrays(into, names, replacing or names)
        session.execute(statement, as_arrays(columns, rows))
    else:
        session.connection().execute(_upsert_each(into, replacing or names), rows)


@cache
def _upsert_each(into: Table, replaced: tuple[str, ...]) -> Any:
    insert = sqlite.insert(into)
    return insert.on_conflict_do_update(index_elements=_key(into), set_=_new(insert, replaced))


@cache
def _upsert_arrays(into: Table, names: tuple[str, ...], replaced: tuple[str, ...]) -> Any:
    new = unnested({name: into.c[name] for name in names})
    insert = postgresql.insert(into).from_select(list(new), select(*new.values()))
    return insert.on_conflict_do_update(index_elements=_key(into), set_=_new(insert, replaced))


def _key(into: Table) -> list[Any]:
    return list(into.primary_key)


def _new(insert: Any, replaced: tuple[str, ...]) -> dict[str, Any]:
    return {name: insert.excluded[name] for name in replaced}


def insert_new(session: Session, into: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert these rows, except those whose unique key is there already."""
    if not rows:
        return
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    new = sqlite_insert(into) if is_sqlite else postgres_insert(into)
    connection.execute(new.on_conflict_do_nothing(), rows)
