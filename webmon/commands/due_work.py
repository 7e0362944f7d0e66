"""Which passes of a worker would find something to do: one statement, where they need fifteen.

Most of the time there is nothing. The conditions are those by which each pass finds its rows, or a
little wider ones: a pass that is begun for nothing does nothing.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, select
from sqlmodel import Session

from webmon.commands.accounts import letters
from webmon.commands.downtimes import life
from webmon.commands.inventory import services, undoing
from webmon.commands.notifications import follow_ups, mutes, reminders
from webmon.domain.downtimes.life_cycle import ASK_BEFORE
from webmon.domain.notifications.grouping import WAIT
from webmon.domain.notifications.rules import QUIET
from webmon.models import Trial
from webmon.models.columns import table
from webmon.models.deferred_mails import DeferredMail


class DueWork(NamedTuple):
    """What there is to do for each of the worker's passes."""

    trials: bool
    follow_ups: bool
    """Pauses that are over, deletions that it is too late to undo, news that was held back,
    reminders, the end of flapping, and mutes."""
    downtimes: bool
    letters: bool
    """Those to single people, and mails to recipients who were put off."""


the_time: Any = bindparam("now")

DUE = select(
    exists(table(Trial).c.id),
    exists().where(undoing.is_too_late(the_time))
    | exists().where(services.pause_is_over(the_time))
    | exists().where(follow_ups.IS_HELD)
    | exists().where(reminders.is_reminded(bindparam("remind")))
    | exists().where(follow_ups.is_flapping(bindparam("quiet")))
    | exists().where(mutes.GOES_ON),
    exists().where(life.comes_to_a_step(bindparam("ask")))
    | exists().where(
        life.FINISHES_BY_ITSELF,
        life.occurrence.downtime_id == life.downtime.id,
        life.goes_on(the_time),
    )
    | exists().where(life.is_short(bindparam("fill"))),
    exists().where(letters.is_due(the_time)) | exists(table(DeferredMail).c.id),
)
"""Built once: it is asked every second."""


def due_work(session: Session, *, now: datetime) -> DueWork:
    """What there is to do at ``now``."""
    limits = {
        "now": now,
        "remind": now + WAIT,
        "quiet": now - QUIET,
        "ask": now + ASK_BEFORE,
        "fill": now + life.FILL_AGAIN,
    }
    return DueWork(*session.execute(DUE, limits).one())
