"""Jobs that report in: what they say, and when they are expected next. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from cronsim import CronSim, CronSimError

from webmon.domain.checks.crontab import expanded

EARLY = timedelta(seconds=10)
"""A heartbeat so soon before its time counts for it: the job's clock may be a little fast."""

SHARE_OF_GAP = 10
"""One of a schedule counts up to its grace before, but at most a tenth of the time until the next:
what comes earlier is a late one of the time before."""

LOWEST_EXIT, HIGHEST_EXIT = -(2**31), 2**32 - 1
"""Exit statuses of Windows have 32 bits, and are written with a sign or without."""

LISTEN_EVERY = timedelta(seconds=2)
"""How often it is noted that heartbeats can be received."""

REFERENCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Signal:
    """What a request to a heartbeat's address says."""

    kind: Literal["success", "start", "failure"]
    exit_status: int | None = None


def parse_signal(text: str) -> Signal | None:
    """The signal behind the last part of the address: ``""``, ``start``, ``fail``, an exit status.

    None where it is none of these.

    Raises:
        ValueError: it is a number that no system has as an exit status.
    """
    if text == "":
        return Signal("success")
    if text == "start":
        return Signal("start")
    if text == "fail":
        return Signal("failure")
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or (digits[0] == "0" and text != "0"):
        return None
    if len(digits) > 10 or not LOWEST_EXIT <= int(text) <= HIGHEST_EXIT:
        raise ValueError(f"an exit status is a number from {LOWEST_EXIT} to {HIGHEST_EXIT}")
    return Signal("failure" if int(text) else "success", int(text))


@dataclass(frozen=True, slots=True)
class Reports:
    """What a job has reported so far.

    ``expected_from`` is since when heartbeats are awaited: the service's creation, its last
    resumption, the last change of its plan, or when the monitor listened again after it could not
    have heard one. ``started_at`` belongs to a run that has not finished, everything else to the
    last one that has.
    """

    expected_from: datetime
    last_at: datetime | None = None
    failed: bool = False
    exit_status: int | None = None
    run_seconds: float | None = None
    body: str = ""
    started_at: datetime | None = None
    listened_until: datetime | None = None
    """Until when a heartbeat could have been received, which the job does not know; None: now."""

    @property
    def awaited_since(self) -> datetime | None:
        """From when the time runs in which the next one must come; None: there was no first one."""
        if self.last_at is None:
            return self.expected_from if self.started_at is not None else None
        return max(self.last_at, self.expected_from)


@dataclass(frozen=True, slots=True)
class Plan:
    """When heartbeats are expected: ``every`` so often, or by a cron ``schedule``."""

    grace: timedelta
    every: timedelta | None = None
    schedule: str = ""
    timezone: tzinfo = UTC

    def next_after(self, at: datetime) -> datetime:
        """When the heartbeat that follows one at ``at`` is expected; always later than ``at``."""
        if self.every is not None:
            return at + self.every
        following = occurrences(self.schedule, at, self.timezone)
        first = next(following)
        return next(following) if self._is_early_for(first, at) else first

    def early(self, at: datetime) -> timedelta | None:
        """How long before its time one at ``at`` comes that counts for that time; None: it is not
        early."""
        if self.every is not None:
            return None
        first = next(occurrences(self.schedule, at, self.timezone))
        return first - at if self._is_early_for(first, at) else None

    def tolerance(self, expected_at: datetime) -> timedelta:
        """How long before ``expected_at`` a heartbeat counts for it."""
        if self.every is not None or self.grace <= EARLY:
            return EARLY
        gap = next(occurrences(self.schedule, expected_at, self.timezone)) - expected_at
        return max(EARLY, min(self.grace, gap / SHARE_OF_GAP))

    def belongs(self, started_at: datetime, ended_at: datetime) -> bool:
        """Whether a start and an end are of the same run: the next one was not to come between."""
        following = self.next_after(started_at)
        return ended_at < following - self.tolerance(following)

    def _is_early_for(self, expected_at: datetime, at: datetime) -> bool:
        before = expected_at - at
        return before <= EARLY or (before <= self.grace and before <= self.tolerance(expected_at))

    def deadline(self, at: datetime) -> datetime:
        """When the heartbeat that follows one at ``at`` is overdue."""
        return self.next_after(at) + self.grace


def was_expected(plan: Plan, reports: Reports, since: datetime, until: datetime) -> bool:
    """Whether a heartbeat that was not overdue at ``since`` was to come before ``until``."""
    awaited_since = reports.awaited_since
    if awaited_since is None or plan.deadline(awaited_since) <= since:
        return False
    expected_at = plan.next_after(awaited_since)
    return expected_at - plan.tolerance(expected_at) < until


def occurrences(schedule: str, after: datetime, timezone: tzinfo) -> Iterator[datetime]:
    """The instants of a cron expression that lie after ``after``, in UTC, as Debian's cron has it.

    A fixed time that the clock skips when it goes forward comes right after the skip; one that
    it strikes twice when it goes back comes the first time only.
    """
    for local in CronSim(expanded(schedule), after.astimezone(timezone)):
        at = local.astimezone(UTC)
        if at > after:  # in an hour that is there twice, the library begins with the first one
            yield at


def check_schedule(schedule: str) -> None:
    """Make sure that ``schedule`` is a cron expression that ever comes true.

    Raises:
        ValueError: it is not; the text says why.
    """
    try:
        found = next(occurrences(schedule, REFERENCE, UTC), None)
    except CronSimError as error:
        raise ValueError(f"is not a cron expression: {str(error).lower()}") from None
    if found is None:
        raise ValueError("never matches a date")
