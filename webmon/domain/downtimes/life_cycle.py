"""The life of one occurrence, as steps: what is due at an instant, and what is told of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ASK_BEFORE = timedelta(minutes=10)
"""Before the end: when something in scope is still down then, the owner is asked."""


class State(StrEnum):
    """Where an occurrence is in its life."""

    SCHEDULED = "scheduled"
    STARTED = "started"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


OPEN_STATES = (State.SCHEDULED, State.STARTED)
COUNTED_STATES = (State.SCHEDULED, State.STARTED, State.FINISHED)
"""Their time is planned downtime."""


class Step(StrEnum):
    """What happens to an occurrence, one after the other."""

    SCHEDULED = "scheduled"
    ANNOUNCED = "announced"
    REMINDED = "reminded"
    RESCHEDULED = "rescheduled"
    STARTED = "started"
    EXTENDED = "extended"
    ASKED = "asked"
    FINISHED = "finished"
    STILL_DOWN = "still_down"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


TOLD_STEPS = (
    Step.ANNOUNCED,
    Step.REMINDED,
    Step.RESCHEDULED,
    Step.STARTED,
    Step.EXTENDED,
    Step.FINISHED,
    Step.STILL_DOWN,
    Step.CANCELLED,
)
"""The steps that channels may be told, each by the choice of who is."""


class Audience(StrEnum):
    """Who is told a step; the public page shows all of them."""

    PAGE = "page"
    PRIVATE = "private"
    """All channels but those that everybody reads, such as X."""
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Life:
    """An occurrence, as far as its next step depends on it.

    ``handled`` are the offsets (seconds before the start) that need no message any more;
    ``known_from``: it was planned, or moved, at this instant.
    """

    state: State
    starts_at: datetime
    ends_at: datetime
    offsets: tuple[int, ...]
    handled: frozenset[int]
    announced: bool
    known_from: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A step that time has brought. ``told`` is False where there is nobody to tell any more."""

    step: Step
    at: datetime
    told: bool = True
    handled: frozenset[int] = frozenset()


def due_steps(life: Life, now: datetime) -> tuple[Due, ...]:
    """The steps that are due by ``now``, in their order.

    Several offsets that have passed make one message. What has started is not announced, and what
    is over is neither announced nor started: its end is told where it was announced.
    """
    if life.state is State.STARTED:
        return (Due(Step.FINISHED, life.ends_at),) if now >= life.ends_at else ()
    if life.state is not State.SCHEDULED:
        return ()
    if now >= life.ends_at:
        started = Due(Step.STARTED, life.starts_at, told=False)
        return started, Due(Step.FINISHED, life.ends_at, told=life.announced)
    if now >= life.starts_at:
        return (Due(Step.STARTED, max(life.starts_at, life.known_from)),)
    due = passed_offsets(life.offsets, life.starts_at, now)
    waiting = due - life.handled
    if not waiting:
        return ()
    at = max(life.starts_at - timedelta(seconds=min(waiting)), life.known_from)
    return (Due(Step.REMINDED if life.announced else Step.ANNOUNCED, at, handled=due),)


def passed_offsets(offsets: Iterable[int], starts_at: datetime, now: datetime) -> frozenset[int]:
    """The offsets whose instants have come."""
    return frozenset(each for each in offsets if starts_at - timedelta(seconds=each) <= now)


def next_step_at(life: Life) -> datetime | None:
    """When time brings the next step; None if it brings none."""
    if life.state is State.STARTED:
        return life.ends_at
    if life.state is not State.SCHEDULED:
        return None
    waiting = set(life.offsets) - life.handled
    announced = [life.starts_at - timedelta(seconds=each) for each in waiting]
    return min([life.starts_at, *announced])


def still_handled(
    handled: Iterable[int], before: datetime, after: datetime, offsets: Iterable[int], now: datetime
) -> frozenset[int]:
    """The offsets that need no message after a start was moved and that was told.

    An offset counts again where the start has moved on by more than that: an hour before is told
    twice only if there is more than an hour between the two.
    """
    moved_seconds = (after - before).total_seconds()
    kept = {each for each in handled if moved_seconds <= each}
    return frozenset(kept) | passed_offsets(offsets, after, now)
