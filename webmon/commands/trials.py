"""Trials: looks and messages with settings that are not saved, asked of the worker."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import delete, select, update
from sqlmodel import Session

from webmon.domain.accounts.access import Actor
from webmon.models import Trial
from webmon.models.columns import table

T = TypeVar("T")
TRIALS = table(Trial)
trial = TRIALS.c

KEPT = timedelta(minutes=5)
"""After this a trial is deleted, finished or not."""


class Taken(NamedTuple):
    """A trial that this worker makes; secrets in ``definition`` are encrypted."""

    id: int
    thing: str
    definition: dict[str, Any]


def without_saving(session: Session, work: Callable[[], T]) -> T:
    """The result of ``work``, all of whose changes are taken back: as if it had been saved."""
    savepoint = session.begin_nested()
    try:
        return work()
    finally:
        savepoint.rollback()
        session.expire_all()


def ask(
    session: Session,
    thing: str,
    definition: dict[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
) -> int:
    """Ask the worker for a trial; returns its id. One that the same person had asked for goes."""
    user_id = actor.user_id if actor is not None else None
    session.execute(
        delete(TRIALS).where((trial.user_id == user_id) | (trial.asked_at <= now - KEPT))
    )
    asked = Trial(user_id=user_id, thing=thing, definition=definition, asked_at=now)
    session.add(asked)
    session.flush()
    return asked.id


def take(session: Session, *, most: int, now: datetime) -> list[Taken]:
    """Take trials to make them. What a worker took and did not answer is not made again."""
    session.execute(delete(TRIALS).where(trial.asked_at <= now - KEPT))
    waiting = (
        select(trial.id, trial.thing, trial.definition)
        .where(trial.definition.is_not(None))
        .order_by(trial.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken = [Taken(*each) for each in session.execute(waiting)] if most > 0 else []
    ids = [each.id for each in taken]
    session.execute(update(TRIALS).where(trial.id.in_(ids)).values(definition=None))
    return taken


def answer(session: Session, trial_id: int, outcome: dict[str, Any]) -> None:
    """Note what a trial has found, for who has asked."""
    session.execute(update(TRIALS).where(trial.id == trial_id).values(outcome=outcome))
