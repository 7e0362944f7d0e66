"""Which claimed checks start together: waking up costs as much as a check.

A process that has slept finds cold caches, so a hundred checks a second, each at an instant of its
own, cost twice what they cost a few at a time. A worker with more to do is seldom asleep.
"""

from collections.abc import Sequence
from math import ceil

from webmon.commands.checks.claims import DueCheck

TOGETHER = 4
"""So many checks start at one instant, on average at most: more would delay each other's bytes."""

INSTANTS_PER_SECOND = (30, 50, 100, 200, 500, 1000)
"""Parts of a second, so that a service's checks stay a whole interval apart. Few enough to share,
and so many that a check is late by a thirtieth of a second at most."""


def by_instant(due: Sequence[DueCheck]) -> dict[float, list[DueCheck]]:
    """The checks of about one second by when they start, in seconds since 1970.

    That is the first shared instant at or after the one at which each is due.
    """
    wanted = len(due) / TOGETHER
    instants = next(
        (each for each in INSTANTS_PER_SECOND if each >= wanted), INSTANTS_PER_SECOND[-1]
    )
    found: dict[float, list[DueCheck]] = {}
    for check in due:
        at = ceil(check.due_at.timestamp() * instants) / instants
        found.setdefault(at, []).append(check)
    return found
