"""Decide what a channel is told when a service changes. Pure: values in, values out.

When it is reminded: `commands.notifications.reminders`.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from webmon.domain.checks.status import OBSERVED, Status
from webmon.domain.notifications.news import Event

MOST_CHANGES = 6
"""A service that changes more often than this within `FLAPPING_WINDOW` is flapping."""

FLAPPING_WINDOW = timedelta(hours=1)

QUIET = FLAPPING_WINDOW / MOST_CHANGES
"""A service without a change for this long is stable: it can no longer reach `MOST_CHANGES`."""

SUMMED_UP = "it is flapping: one summary follows when it is stable"
NEVER_TOLD = "this channel was never notified of the problem"

NOT_WELL = frozenset({Status.DOWN, Status.DEGRADED})
NOWHERE: frozenset[Event] = frozenset()


class Often(NamedTuple):
    """How often a service has changed: at all, and between down and not down."""

    changes: int = 0
    outages: int = 0

    def seen_by(self, wants: Set[Event]) -> int:
        """The changes that a channel counts: difficulties only if it is told of them."""
        return self.changes if Event.DEGRADED in wants else self.outages


@dataclass(frozen=True, slots=True)
class Change:
    """A service went from one status to another.

    ``within_window`` counts this change too, as the channel sees it (`Often`).
    """

    before: Status
    after: Status
    within_window: int = 1


@dataclass(frozen=True, slots=True)
class LastWord:
    """What a channel was told last of a service that has failed and whose end it was not told.

    ``is_told``: it was sent or is queued. Otherwise ``reason`` says why not.
    """

    event: Event
    is_told: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Muting:
    """Somebody wants no bad news: until an instant, or until all is well again (None)."""

    by: str
    reason: str
    until_at: datetime | None = None

    def is_over(self, statuses: Set[Status], now: datetime) -> bool:
        """Whether it has ended by itself; ``statuses`` are those of the muted services.

        A service that was not seen lately may still be down: that is no recovery.
        """
        if self.until_at is not None:
            return self.until_at <= now
        return not statuses or bool(statuses - {Status.UNKNOWN} and not statuses & NOT_WELL)


def why_muted(mutings: Iterable[Muting], now: datetime) -> str:
    """Why bad news is not told now; empty if it is."""
    for each in mutings:
        if each.until_at is None or now < each.until_at:
            return f"muted by {each.by}: {each.reason}"
    return ""


@dataclass(frozen=True, slots=True)
class Decision:
    """News for the channel; with a ``reason`` it is suppressed.

    ``is_open``: this becomes the channel's last word, and the channel must be told when it ends.
    ``is_muted``: it is held back, and sent later if it is still true then.
    """

    event: Event
    reason: str = ""
    is_open: bool = False
    is_muted: bool = False


def decide(
    change: Change, last: LastWord | None, wants: Set[Event], muted: str = "", quiet: str = ""
) -> tuple[Decision, ...]:
    """What to send or suppress about ``change`` in a channel that ``wants`` these events.

    ``muted`` says why bad news is held back at present; empty if it is not. The end of an outage
    that the channel was told of is held back only where ``quiet`` says why: in planned downtime the
    channel is to hear nothing at all.
    """
    plain = _plain(change, last, wants, muted, quiet)
    if plain is None:
        return ()
    summed_up = replace(plain, reason=SUMMED_UP, is_open=False, is_muted=False)
    if is_flapping(last):
        return (summed_up,)
    if not plain.reason and change.within_window > MOST_CHANGES and Event.DOWN in wants:
        return summed_up, Decision(Event.FLAPPING, is_open=True)
    return (plain,)


def is_flapping(last: LastWord | None) -> bool:
    """Whether the channel was told that the service is flapping: that stays its last word."""
    return last is not None and last.event is Event.FLAPPING


def _plain(
    change: Change, last: LastWord | None, wants: Set[Event], muted: str, quiet: str
) -> Decision | None:
    event = _event(change, last, wants)
    if event is None or event not in wants:
        return None
    if event is Event.UP:
        because = _why_not_the_end(last)
        if quiet and not because:
            return Decision(event, quiet, is_open=True, is_muted=True)
        goes_on = change.after is Status.DEGRADED and Event.DEGRADED in wants
        return Decision(event, because, is_open=goes_on)
    return Decision(event, muted, is_open=True, is_muted=bool(muted))


def _event(change: Change, last: LastWord | None, wants: Set[Event]) -> Event | None:
    if change.after is Status.DOWN:
        return Event.DOWN
    ends_outage = change.before is Status.DOWN
    if change.after is Status.DEGRADED and Event.DEGRADED in wants:
        # One message only: the end of the outage says more than the beginning of difficulties.
        tells_end = ends_outage and Event.UP in wants and not _why_not_the_end(last)
        return Event.UP if tells_end else Event.DEGRADED
    if ends_outage or (change.before is Status.DEGRADED and last is not None):
        return Event.UP
    return None


def _why_not_the_end(last: LastWord | None) -> str:
    """Why the channel is not told that it has ended; empty if it is told."""
    if last is None:
        return NEVER_TOLD
    return "" if last.is_told else f"its start was not announced: {last.reason}"


def decide_acknowledged(
    last: LastWord | None, wants: Set[Event], because: str = ""
) -> Decision | None:
    """What to send to a channel when somebody has acknowledged an outage; None if nothing.

    ``because`` says why this channel is not told at all; empty if it may be.
    """
    if Event.ACKNOWLEDGED not in wants:
        return None
    return Decision(Event.ACKNOWLEDGED, because or why_no_update(last, wants))


def why_no_update(last: LastWord | None, wants: Set[Event]) -> str:
    """Why a channel that wants updates of incidents is not sent one; empty if it is.

    A channel that wants outages gets no update of an outage it was not told of. A channel that
    wants only updates gets all of them.
    """
    return _why_not_the_end(last) if Event.DOWN in wants else ""


def decide_update(last: LastWord | None, wants: Set[Event]) -> Decision | None:
    """What to send of an update of an outage; None if nothing.

    It goes to every channel that was told of the outage, and to those that want only updates.
    """
    is_told = last is not None and last.is_told
    if Event.INCIDENT_UPDATE not in wants and not is_told:
        return None
    return Decision(Event.INCIDENT_UPDATE, why_no_update(last, wants))


def decide_after_flapping(status: Status, wants: Set[Event]) -> Decision:
    """How flapping ended, for a channel that was told of it."""
    if status is Status.DOWN:
        return Decision(Event.DOWN, is_open=True)
    if status is Status.DEGRADED and Event.DEGRADED in wants:
        return Decision(Event.DEGRADED, is_open=True)
    return Decision(Event.UP)


def decide_unmuted(status: Status, wants: Set[Event]) -> Decision | None:
    """What to send when bad news is no longer held back and the service has this status."""
    event = {Status.DOWN: Event.DOWN, Status.DEGRADED: Event.DEGRADED}.get(status)
    return Decision(event, is_open=True) if event is not None and event in wants else None


def decide_held_end(status: Status, wants: Set[Event]) -> Decision | None:
    """What to send in place of an end that was held back, now that the service has this status.

    None: it has not been seen lately, so it stays held back.
    """
    if status is Status.DOWN:
        return decide_unmuted(status, wants)
    if status not in OBSERVED:
        return None
    return Decision(Event.UP, is_open=status is Status.DEGRADED and Event.DEGRADED in wants)
