"""Who did what, for those who may know: the activity of their namespaces."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.former_values import PUT_BACK_BY, can_be_put_back
from webmon.models import Activity
from webmon.models.columns import table
from webmon.origin import Way

entry = table(Activity).c
PAGE = 50
HISTORY = 10
AT_ONCE = 1_000

WAYS = {
    Way.APP: "app",
    Way.CLI: "command line",
    Way.FILE: "configuration file",
    Way.API_KEY: "API key",
    Way.SLACK: "Slack",
    Way.MCP: "MCP",
    Way.MONITOR: "the monitor itself",
}
THINGS = (
    "host",
    "service",
    "channel",
    "namespace",
    "incident",
    "downtime",
    "user",
    "API key",
    "setting",
)
NONE = "–"
LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A field with its value before and after."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """One thing that somebody did."""

    id: int
    at: str
    actor: str
    verb: str
    thing: str
    name: str
    way: str
    came_from: str
    changes: tuple[ChangeView, ...]
    can_put_back: bool = False
    """Whether it is an edit that the reader may put back."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. ``before`` is an id: older entries than that one; ``thing_id`` is that of
    a single ``thing``."""

    actor: str = ""
    thing: str = ""
    way: str = ""
    text: str = ""
    before: int = 0
    thing_id: int = 0


@dataclass(frozen=True, slots=True)
class HistoryView:
    """A page of the entries about one thing (``thing_id`` 0: none), the newest first; ``older`` and
    ``before`` as in `ActivityView` and `Wanted`."""

    thing: str = ""
    thing_id: int = 0
    found: tuple[EntryView, ...] = ()
    before: int = 0
    older: int = 0


@dataclass(frozen=True, slots=True)
class ActivityView:
    """A page of entries, the newest first; ``older`` is where the next page begins, 0: nowhere."""

    who: str = ""
    may_see: bool = False
    found: tuple[EntryView, ...] = ()
    older: int = 0


def admin_activity(session: Session, wanted: Wanted, *, actor: Actor) -> ActivityView:
    """The entries that ``actor`` may see and looks for; none for viewers."""
    who = f"{actor.email} · {actor.role.value}"
    if not actor.has(Role.EDITOR):
        return ActivityView(who)
    found = (
        select(*entry)
        .where(within_sight(actor), *_conditions(wanted))
        .order_by(entry.id.desc())
        .limit(PAGE + 1)
    )
    rows = session.execute(found).mappings().all()
    older = rows[PAGE - 1]["id"] if len(rows) > PAGE else 0
    return ActivityView(who, True, tuple(_view(row) for row in rows[:PAGE]), older)


def history_of(
    session: Session, thing: str, thing_id: int, *, before: int = 0, actor: Actor
) -> HistoryView:
    """The entries about one thing, for who may see them; empty where there are none."""
    if not actor.has(Role.EDITOR):
        return HistoryView()
    wanted = [entry.id < before] if before else []
    found = (
        select(*entry)
        .where(within_sight(actor), entry.thing == thing, entry.thing_id == thing_id, *wanted)
        .order_by(entry.id.desc())
        .limit(HISTORY + 1)
    )
    rows = session.execute(found).mappings().all()
    older = rows[HISTORY - 1]["id"] if len(rows) > HISTORY else 0
    shown = tuple(_view(row, actor) for row in rows[:HISTORY])
    return HistoryView(thing, thing_id, shown, before, older) if shown or before else HistoryView()


def within_sight(actor: Actor) -> ColumnElement[bool]:
    """The condition on what ``actor`` may see: entries of their namespaces. People, keys, settings
    and channels of all namespaces are for admins of all namespaces."""
    conditions: list[ColumnElement[bool]] = []
    if actor.namespace_ids is not None:
        conditions.append(entry.namespace_id.in_(actor.namespace_ids))
        moved = entry.other_namespace_id
        conditions.append(or_(moved.is_(None), moved.in_(actor.namespace_ids)))
    elif not actor.has(Role.ADMIN):
        conditions.append(entry.namespace_id.is_not(None))
    return and_(True, *conditions)


def export_lines(
    session: Session, *, since: datetime | None = None, actor: Actor | None = None
) -> Iterator[str]:
    """Everything (that ``actor`` may see) from ``since`` on, the oldest first, a line of JSON each,
    read in parts."""
    last = 0
    conditions = [within_sight(actor)] if actor else []
    if since is not None:
        conditions.append(entry.at >= since)
    while True:
        rows = session.execute(
            select(*entry).where(entry.id > last, *conditions).order_by(entry.id).limit(AT_ONCE)
        ).mappings()
        part = [dict(row) for row in rows]
        for row in part:
            told = {name: value for name, value in row.items() if value is not None}
            yield json.dumps(told | {"at": row["at"].isoformat()}, ensure_ascii=False)
        if len(part) < AT_ONCE:
            return
        last = part[-1]["id"]


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.before:
        yield entry.id < wanted.before
    if wanted.thing in THINGS:
        yield entry.thing == wanted.thing
        if wanted.thing_id:
            yield entry.thing_id == wanted.thing_id
    if wanted.way in list(Way):
        yield entry.way == Way(wanted.way)
    if wanted.actor:
        yield entry.actor.icontains(wanted.actor, autoescape=True)
    if wanted.text:
        text = wanted.text
        yield or_(
            entry.name.icontains(text, autoescape=True), entry.verb.icontains(text, autoescape=True)
        )


def _view(row: RowMapping, actor: Actor | None = None) -> EntryView:
    """The entry; with who wants to put it back, where they may."""
    least = PUT_BACK_BY.get(row["thing"])
    may = actor is not None and least is not None and actor.has(least)
    address = f", {row['address']}" if row["address"] else ""
    return EntryView(
        id=row["id"],
        at=row["at"].isoformat(),
        actor=row["actor"],
        verb=row["verb"],
        thing=row["thing"],
        name=row["name"],
        way=row["way"],
        came_from=f"{WAYS[row['way']]}{address}",
        changes=tuple(
            ChangeView(field, _text(before), _text(after))
            for field, (before, after) in row["changes"].items()
        ),
        can_put_back=may and can_be_put_back(row["verb"], row["thing"], row["changes"]),
    )


def _text(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        value = ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value)
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
