"""Many rows in one statement on PostgreSQL: each column travels as one array.

Sent row by row, a statement costs the server more in planning than in work.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, JSON, Column, ColumnElement, Text, bindparam, cast, func

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
