"""One page of a list, by ids: what is added or deleted meanwhile shifts nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor
from webmon.domain.ids import is_id
from webmon.domain.merge_patch import cursor_after
from webmon.errors import NotFound

Described = Callable[[Row[Any], Actor], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A kind of resource: which rows there are, and how one is shown.

    ``filters`` gives a condition for each filter's value; ``seen`` the one for who asks.
    """

    rows: Select[Any]
    id: ColumnElement[int]
    seen: Callable[[Actor], Sequence[ColumnElement[bool]]]
    described: Described
    filters: Mapping[str, Callable[[Any], ColumnElement[bool]]]
    thing: str
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """``next_cursor`` is None on the last one."""

    items: tuple[dict[str, Any], ...]
    next_cursor: str | None


def page(
    session: Session,
    listed: Listed,
    *,
    filters: Mapping[str, Any],
    limit: int,
    after: int = 0,
    actor: Actor,
) -> Page:
    """At most ``limit`` of what ``actor`` sees, behind the row with the id ``after``."""
    conditions = [
        *listed.seen(actor),
        *(listed.filters[key](value) for key, value in filters.items()),
    ]
    if after:
        conditions.append(listed.id < after if listed.newest_first else listed.id > after)
    order = listed.id.desc() if listed.newest_first else listed.id
    rows = session.execute(listed.rows.where(*conditions).order_by(order).limit(limit + 1)).all()
    more = cursor_after(rows[limit - 1].id) if len(rows) > limit else None
    return Page(tuple(listed.described(row, actor) for row in rows[:limit]), more)


def one(session: Session, listed: Listed, row_id: int, *, actor: Actor) -> dict[str, Any]:
    """One of what ``actor`` sees.

    Raises:
        NotFound: it is not there, or none of theirs.
    """
    row = None
    if is_id(row_id):
        chosen = listed.rows.where(listed.id == row_id, *listed.seen(actor))
        row = session.execute(chosen).first()
    if row is None:
        raise NotFound(f"this {listed.thing} does not exist")
    return listed.described(row, actor)
