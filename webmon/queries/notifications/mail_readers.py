"""Who gets the e-mails of the administrators' channel, and which of them nobody gets."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session

from webmon.domain.accounts.access import Role
from webmon.domain.notifications.mails import WORDS, MailKind, is_wanted, kinds_of
from webmon.domain.notifications.news import Event
from webmon.models import User, UserNamespace
from webmon.models.columns import table

user, limit = table(User).c, table(UserNamespace).c

NO_ADMIN = "there is no active administrator"
NOT_WANTED = "every administrator does without these e-mails (in their profiles)"


def mail_readers(
    session: Session, namespace_id: int | None, events: Collection[Event], *, only_to: str = ""
) -> tuple[str, ...]:
    """The addresses that a message with these events goes to: the person whom it is for, if they
    may still sign in and want it; else the active administrators of the namespace who do."""
    person = _active().where(user.email == only_to) if only_to else None
    for found in (person, _admins(namespace_id)):
        rows = session.execute(found).all() if found is not None else ()
        wanting = tuple(row.email for row in rows if is_wanted(events, row.unwanted_mails))
        if wanting:
            return wanting
    return ()


def why_no_reader(session: Session, namespace_id: int | None) -> str:
    """Why a message that has no reader has none."""
    return NOT_WANTED if session.execute(_admins(namespace_id)).first() else NO_ADMIN


def unread(
    session: Session, events: Iterable[str], namespaces: Mapping[int, str]
) -> dict[MailKind, str]:
    """What no administrator gets of these events, by kind: in words, with
    the namespaces (given by id and name) where it is so.

    A namespace without any administrator is left out: that is no choice of anybody.
    """
    readers = {key: session.execute(_admins(key)).all() for key in namespaces}
    told = {}
    for kind in kinds_of(events):
        names = [
            namespaces[key]
            for key, rows in readers.items()
            if rows and all(kind in row.unwanted_mails for row in rows)
        ]
        if names:
            everywhere = len(names) == len(namespaces)
            told[kind] = WORDS[kind] if everywhere else f"{WORDS[kind]} in {', '.join(names)}"
    return told


def _admins(namespace_id: int | None) -> Select[Any]:
    theirs = select(limit.user_id).where(limit.namespace_id == namespace_id)
    return (
        _active()
        .where(user.role == Role.ADMIN, user.invited.is_(False))
        .where(user.limited.is_(False) | user.id.in_(theirs))
        .order_by(user.email)
    )


def _active() -> Select[Any]:
    return select(user.email, user.unwanted_mails).where(user.disabled_at.is_(None))
