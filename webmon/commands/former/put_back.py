"""Put an edit back: the values from before it, as a new change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from webmon.commands.accounts.snapshots import Snapshot, changes_between, snapshot, told
from webmon.commands.former.fields import THINGS, Fields
from webmon.domain.accounts.access import Actor, require
from webmon.domain.accounts.former_values import (
    PUT_BACK_BY,
    can_be_put_back,
    fields_to_put_back,
    holds_secret,
)
from webmon.domain.ids import is_id
from webmon.errors import Invalid, NotFound
from webmon.models import Activity
from webmon.models.columns import table
from webmon.queries.activity import within_sight


def put_back(session: Session, entry_id: int, *, actor: Actor, now: datetime) -> str:
    """Give a thing the values back that it had before this entry of the activity, and nothing else;
    returns its name. It is a change like any other, and noted as one.

    Raises:
        Invalid: the entry is no edit, an old value was a secret, a value has changed since, or the
            old one cannot be any more, because of what has come since.
        NotFound, PermissionDenied: the entry or the thing is not the actor's, or gone.
        ConfirmationNeeded: of a person, or where secrets would be sent elsewhere.
    """
    entry, wanted = _entry(session, entry_id, actor)
    kind = THINGS[entry["thing"]]
    before = _present(session, entry, actor)
    _require_unchanged(before, wanted)
    row = session.get_one(kind.model, before.id, populate_existing=True)
    fields = kind.stored(session, row)
    for path, (old, _) in sorted(wanted.items(), key=lambda each: each[0] != "namespace"):
        if path in kind.translate:
            kind.translate[path](session, fields, old)
        else:
            _assign(fields, path, old)
    kind.update(session, before.id, fields, revision=row.revision, actor=actor, now=now)
    after = snapshot(session, entry["thing"], before.id)
    _require_only_that(entry["thing"], before, after, wanted)
    return before.name


def _entry(
    session: Session, entry_id: Any, actor: Actor
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The entry, and what of it is put back: path, and value before and after."""
    rows = table(Activity)
    found = None
    if is_id(entry_id):
        seen = select(rows).where(rows.c.id == entry_id, within_sight(actor))
        found = session.execute(seen).mappings().first()
    if found is None:
        raise NotFound("this entry does not exist")
    entry = dict(found)
    if entry["thing"] not in PUT_BACK_BY:
        raise Invalid("this cannot be put back")
    require(actor, PUT_BACK_BY[entry["thing"]], entry["namespace_id"])
    wanted = fields_to_put_back(entry["thing"], entry["changes"])
    for path, (old, _) in wanted.items():
        if holds_secret(old):
            raise Invalid(f"{path} was a secret, and the activity keeps none: enter it in the form")
    if not can_be_put_back(entry["verb"], entry["thing"], entry["changes"]):
        raise Invalid("only an edit can be put back")
    return entry, wanted


def _present(session: Session, entry: Mapping[str, Any], actor: Actor) -> Snapshot:
    """The thing as it is now, where it is (still) one of the actor's."""
    found = snapshot(session, entry["thing"], entry["thing_id"])
    space = found.namespace_id if found else None
    if found is None or (space is not None and not actor.sees(space)):
        raise NotFound(f"this {entry['thing']} does not exist")
    return found


def _require_unchanged(present: Snapshot, wanted: Mapping[str, Any]) -> None:
    for path, (_, new) in wanted.items():
        if told(present.fields.get(path)) != new:
            raise Invalid(f"{path} has been changed since: put back the later change first")


def _assign(fields: Fields, path: str, old: Any) -> None:
    """Put the value at its path. What was empty before goes, or becomes an empty text or list where
    it must be there."""
    at, rest = fields, path
    while "." in rest and rest not in at:
        inside = [name for name in at if rest.startswith(f"{name}.")]  # names may have dots
        name = max(inside, key=len, default=rest.partition(".")[0])
        if not isinstance(at.get(name), dict):
            at[name] = {}
        at, rest = at[name], rest[len(name) + 1 :]
    if old is not None:
        at[rest] = old
    elif at is fields and isinstance(at.get(rest), str | list):
        at[rest] = type(at[rest])()
    else:
        at.pop(rest, None)


def _require_only_that(
    thing: str, before: Snapshot, after: Snapshot | None, wanted: Mapping[str, Any]
) -> None:
    changed = fields_to_put_back(thing, changes_between(before, after))
    fields = after.fields if after else {}
    for path, (old, _) in wanted.items():
        if told(fields.get(path)) != old:
            raise Invalid(f"{path} cannot be put back: change it in the form")
    for path in changed.keys() - wanted.keys():
        raise Invalid(f"{path} would change as well: change it in the form")
