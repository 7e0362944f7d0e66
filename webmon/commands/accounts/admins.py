"""The one place that keeps the last administrator: without one, nobody can manage people."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from webmon.domain.accounts.access import RANKS, Actor, Role
from webmon.errors import Invalid, PermissionDenied
from webmon.models import User

LAST = "this is the last active admin{}: make somebody else one first"


@dataclass(frozen=True, slots=True)
class Admins:
    """How many active admins there are: of all namespaces, and of some or all."""

    unlimited: int
    all: int


def lock_admins(session: Session, actor: Actor | None) -> Admins:
    """Let nobody else change who is an admin until the transaction ends; returns who is now.

    Everything that may take an admin away calls this before it locks anything else, and
    `require_an_admin` after it. While it waited, somebody else may have changed ``actor``, who is
    therefore looked up again.

    Raises:
        PermissionDenied: the actor is no longer what they were.
    """
    session.exec(
        select(User.id).where(User.role == Role.ADMIN).order_by(col(User.id)).with_for_update()
    ).all()
    if actor is not None and actor.user_id:  # else a program, with a key that is nobody's
        present = session.get(User, actor.user_id, populate_existing=True)
        if present is None or present.disabled_at or RANKS[present.role] < RANKS[actor.role]:
            raise PermissionDenied("somebody has just changed what you may do")
    return _count(session)


def require_an_admin(session: Session, before: Admins) -> None:
    """Undo nothing, but refuse to end without an admin where there was one ``before``.

    Raises:
        Invalid: nobody would be left who manages people, or nobody who manages all of them.
    """
    session.flush()
    after = _count(session)
    if before.all and not after.all:
        raise Invalid(LAST.format(""))
    if before.unlimited and not after.unlimited:
        raise Invalid(LAST.format(" of all namespaces"))


def _count(session: Session) -> Admins:
    active: list[Any] = [
        User.role == Role.ADMIN,
        col(User.disabled_at).is_(None),
        col(User.invited).is_(False),
    ]
    limited = session.exec(select(User.limited).where(*active)).all()
    return Admins(unlimited=sum(not each for each in limited), all=len(limited))
