"""The table of jobs. APScheduler only ticks; the database says what is due."""

from collections.abc import Callable
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from webmon import pulse
from workers.connectivity import LOOK_EVERY_SECONDS
from workers.jobs import Jobs, guarded
from workers.own_heartbeat import EVERY_SECONDS as OWN_HEARTBEAT_SECONDS

MINUTE, HOUR = 60, 3600


class Every(BaseTrigger):  # type: ignore[misc]
    """Every ``seconds``; what was missed is skipped, however much it is.

    APScheduler's own trigger counts every period that was missed: all those of the years since
    1970, where a machine learns the time after its start. ``turn`` says which part of a period
    after its full one (by the clock) is meant, for who takes turns with others.
    """

    def __init__(self, seconds: float, turn: Callable[[], float] | None = None) -> None:
        self.period = timedelta(seconds=seconds)
        self._turn = turn

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """One period on, or the first one that is yet to come."""
        if previous_fire_time is None:
            return now + self.period
        missed = max(0, (now - previous_fire_time) // self.period)
        following = previous_fire_time + (missed + 1) * self.period
        return following if self._turn is None else self._nearest(following, self._turn())

    def _nearest(self, at: datetime, turn: float) -> datetime:
        period = self.period.total_seconds()
        early = (turn * period - at.timestamp()) % period
        return at + timedelta(seconds=early if early <= period / 2 else early - period)


def build_scheduler(jobs: Jobs) -> AsyncIOScheduler:
    """The worker's jobs and their periods, in memory; no job runs beside itself."""
    scheduler = AsyncIOScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone="UTC",
    )
    table = {
        jobs.retire_silent: 5,
        jobs.deliver: 1,
        jobs.attend: 1,
        jobs.forget_notifications: HOUR,
        jobs.delete_expired: MINUTE,
        jobs.settle_days: MINUTE,
        jobs.read_settings: 20,
        jobs.watch_connectivity: LOOK_EVERY_SECONDS,
        jobs.answer_slack: 1,
    }
    if jobs.own_heartbeat is not None:
        table[jobs.report_in] = OWN_HEARTBEAT_SECONDS
    if jobs.retention.is_sqlite:
        table |= {jobs.give_back_pages: 5 * MINUTE, jobs.checkpoint: 5}
    triggers = {jobs.dispatch: Every(1, jobs.turn)}
    triggers |= {job: Every(seconds) for job, seconds in table.items()}
    for job, trigger in triggers.items():
        done = pulse.beat if job == jobs.dispatch else None
        scheduler.add_job(guarded(job, done), trigger, id=job.__name__)
    return scheduler
