"""The table of jobs. APScheduler only ticks; the database says what is due."""

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from webmon import config
from workers.connectivity import LOOK_EVERY_SECONDS
from workers.jobs import Jobs, guarded


def build_scheduler(jobs: Jobs) -> AsyncIOScheduler:
    """The worker's jobs and their periods, in memory; no job runs beside itself."""
    scheduler = AsyncIOScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone="UTC",
    )
    scheduler.add_job(guarded(jobs.dispatch), "interval", seconds=1, id="dispatch")
    if config.settings().connectivity_targets:
        scheduler.add_job(
            guarded(jobs.watch_connectivity),
            "interval",
            seconds=LOOK_EVERY_SECONDS,
            id="watch_connectivity",
        )
    scheduler.add_job(guarded(jobs.retire_silent), "interval", seconds=5, id="retire_silent")
    scheduler.add_job(guarded(jobs.deliver), "interval", seconds=1, id="deliver")
    scheduler.add_job(guarded(jobs.follow_up), "interval", seconds=2, id="follow_up")
    scheduler.add_job(
        guarded(jobs.forget_notifications), "interval", hours=1, id="forget_notifications"
    )
    scheduler.add_job(guarded(jobs.delete_expired), "interval", minutes=1, id="delete_expired")
    if jobs.retention.is_sqlite:
        scheduler.add_job(
            guarded(jobs.give_back_pages), "interval", minutes=5, id="give_back_pages"
        )
        scheduler.add_job(guarded(jobs.checkpoint), "interval", seconds=5, id="checkpoint")
    return scheduler
