"""Decide what one observation means for a service. Pure: no clock, no database.

A service changes its status only when enough observations in a row agree (`Policy`). Two runs
are counted: how often in a row the service was (not) up, and how often in a row it was (not)
down. Both thresholds are read against these counts at each observation, so that a changed
policy takes effect with the next one, in the middle of an outage too. `commands.checks.incidents`
stores what follows: the change and the incident.
"""

from dataclasses import dataclass
from datetime import datetime

from webmon.domain.checks.status import OBSERVED, Status


@dataclass(frozen=True, slots=True)
class Policy:
    """How many observations in a row make a change; all counts are 1 or more."""

    failures_to_down: int = 2
    failures_to_degraded: int = 2
    successes_to_up: int = 1


@dataclass(frozen=True, slots=True)
class Run:
    """``count`` observations in a row, the first at ``since``, that gave the same answer."""

    answer: bool
    count: int
    since: datetime

    def extended(self, answer: bool, at: datetime) -> "Run":
        """The run after one more observation."""
        if answer is self.answer and self.count:
            return Run(answer, self.count + 1, self.since)
        return Run(answer, 1, at)


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of a service: the decided status, and the runs that may change it."""

    status: Status
    since: datetime
    up: Run
    down: Run

    @classmethod
    def unknown(cls, at: datetime) -> "Condition":
        """A service that nobody has looked at yet."""
        nothing = Run(answer=False, count=0, since=at)
        return cls(Status.UNKNOWN, at, nothing, nothing)


def advance(condition: Condition, observed: Status, at: datetime, policy: Policy) -> Condition:
    """The condition after ``observed`` (up, degraded or down) at ``at``.

    The new status counts from the first observation of the run that decided it, because that is
    when the outage or the recovery was first seen; it never begins before the status it follows.
    """
    assert observed in OBSERVED
    up = condition.up.extended(observed is Status.UP, at)
    down = condition.down.extended(observed is Status.DOWN, at)
    status, since = _decide(condition.status, up, down, policy)
    if status is condition.status:
        return Condition(status, condition.since, up, down)
    return Condition(status, max(since, condition.since), up, down)


def lose(condition: Condition, at: datetime) -> Condition:
    """The condition from ``at`` on, where the service cannot be looked at any longer.

    What was seen before counts no more, neither well nor badly.
    """
    if condition.status not in OBSERVED and not condition.up.count:
        return condition
    return Condition.unknown(max(at, condition.since))


def _decide(status: Status, up: Run, down: Run, policy: Policy) -> tuple[Status, datetime]:
    if down.answer and down.count >= policy.failures_to_down:
        return Status.DOWN, down.since
    to_up = 1 if status is Status.UNKNOWN else policy.successes_to_up
    if up.answer and up.count >= to_up:
        return Status.UP, up.since
    if status is Status.DOWN:
        # Recovered, but not to up: what answers with difficulties is no longer down.
        recovered = not down.answer and down.count >= policy.successes_to_up
        return (Status.DEGRADED, down.since) if recovered else (Status.DOWN, down.since)
    only_failures = down.answer and down.count == up.count  # they wait for `failures_to_down`
    if not up.answer and up.count >= policy.failures_to_degraded and not only_failures:
        return Status.DEGRADED, up.since
    return status, up.since


def needs_confirmation(condition: Condition, observed: Status) -> bool:
    """Whether the last observation disagrees with the status, so that a recheck comes soon."""
    return observed is not condition.status
