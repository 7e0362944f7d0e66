"""Who did what: the one writer of the activity, and the mark that makes a command be noted.

A command that somebody asks for carries `noted`. The entry is written in the transaction of the
change: either both are there afterwards, or neither.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import delete, insert, select
from sqlmodel import Session

from webmon.commands.accounts.snapshots import Snapshot, changes_between, snapshot
from webmon.domain.accounts.access import Actor
from webmon.domain.ids import is_id
from webmon.models import Activity
from webmon.models.columns import table
from webmon.origin import Way, present_origin

P = ParamSpec("P")
R = TypeVar("R")
Found = Iterable[tuple[str, int | None]]
"""Things by name and id."""

MOST_AT_ONCE = 500
LONGEST_TEXT = 1000
MONITOR = "the monitor"


def noted(
    thing: str,
    verb: str,
    *,
    always: bool = False,
    told: Sequence[str] = (),
    about: Callable[..., Found] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Has a command write what it did: ``verb`` (in the past) and what differs afterwards.

    The thing's id is the command's first argument if that is called so (``host_id`` of a host),
    else the ``id`` of what it returns. ``about(session, result, now, argument)`` finds other
    things instead, after the command, by its first argument. Without a difference there is no
    entry, unless it is for ``always``; ``told`` are arguments that belong into it.
    """

    def mark(command: Callable[P, R]) -> Callable[P, R]:
        names = list(signature(command).parameters)
        has_id = len(names) > 1 and names[1] == f"{thing}_id" and about is None

        @wraps(command)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            given: dict[str, Any] = dict(zip(names, args, strict=False)) | kwargs
            session: Session = given["session"]
            row_id = given.get(names[1]) if has_id else None
            before = snapshot(session, thing, row_id) if is_id(row_id) else None
            result = command(*args, **kwargs)
            context = {"actor": given.get("actor"), "now": given["now"]}
            shown = {name: [None, _text(given.get(name))] for name in told}
            if about is not None:
                for kind, key in about(session, result, given["now"], given.get(names[1])):
                    subject = snapshot(session, kind, key)
                    write_entry(session, verb, kind, subject, None, shown, **context)
                return result
            after = snapshot(session, thing, row_id or getattr(result, "id", result))
            changes = changes_between(before, after)
            if changes or always:
                write_entry(
                    session, verb, thing, after or before, before, changes | shown, **context
                )
            return result

        run.noted = verb  # type: ignore[attr-defined]
        return run

    return mark


def write_entry(
    session: Session,
    verb: str,
    thing: str,
    subject: Snapshot | None,
    before: Snapshot | None = None,
    changes: Mapping[str, Any] | None = None,
    *,
    actor: Actor | None,
    by: str = "",
    now: datetime,
) -> None:
    """Note that ``actor`` did something to ``subject``. Nothing else writes into the activity.

    Without an actor it was ``by``, or who the origin names, or the person themselves.
    """
    entry = _entry(verb, thing, subject, before, changes, actor=actor, by=by, now=now)
    session.add(Activity(**entry))
    session.flush()


def write_entries(
    session: Session,
    verb: str,
    thing: str,
    changed: Iterable[tuple[Snapshot, Mapping[str, Any]]],
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Note that ``actor`` did the same to many things: each with its changes."""
    entries = [
        _entry(verb, thing, subject, None, changes, actor=actor, by="", now=now)
        for subject, changes in changed
    ]
    if entries:
        session.connection().execute(insert(table(Activity)), entries)


def _entry(
    verb: str,
    thing: str,
    subject: Snapshot | None,
    before: Snapshot | None,
    changes: Mapping[str, Any] | None,
    *,
    actor: Actor | None,
    by: str,
    now: datetime,
) -> dict[str, Any]:
    """The columns of an `Activity`."""
    origin = present_origin()
    by = actor.email if actor else by or origin.who
    if not by:
        themselves = thing == "user" and origin.way is Way.APP and subject is not None
        by = subject.name if themselves and subject is not None else MONITOR
    space = subject.namespace_id if subject else None
    earlier = before.namespace_id if before else None
    return {
        "at": now,
        "way": origin.way,
        "address": origin.address[:45],
        "user_id": actor.user_id or None if actor else None,
        "actor": by[:300],
        "verb": verb,
        "thing": thing,
        "thing_id": subject.id if subject else None,
        "name": subject.name[:300] if subject else "",
        "namespace_id": space,
        "other_namespace_id": earlier if earlier != space else None,
        "changes": dict(changes or {}),
    }


def forget_activity(session: Session, *, before: datetime) -> int:
    """Delete some of the entries from before ``before``; returns how many."""
    entry = table(Activity).c
    oldest = session.execute(select(entry.id, entry.at).order_by(entry.id).limit(MOST_AT_ONCE))
    gone = [each.id for each in oldest if each.at < before]
    if gone:
        session.execute(delete(table(Activity)).where(entry.id.in_(gone)))
    return len(gone)


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value[:LONGEST_TEXT] if isinstance(value, str) else value
