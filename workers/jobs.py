"""The worker's periodic jobs. Each run does one pass, and no failure ends the worker."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from webmon import clock, config
from webmon.commands.accounts import activity
from webmon.commands.checks import clock_steps, connectivity, workers
from webmon.commands.downtimes import life
from webmon.commands.downtimes import retention as past_downtimes
from webmon.commands.due_work import due_work
from webmon.commands.history import retention
from webmon.commands.inventory import services, undoing
from webmon.commands.notifications import follow_ups, mutes, reminders
from webmon.db import DatabaseError, Session, reason
from webmon.queries.installation import installation
from webmon.queries.outside_apps import has_slack_app
from workers.clock_steps import ClockSteps
from workers.deferred_mails import send_deferred
from workers.deliver import Deliverer
from workers.letters import send_letters
from workers.own_heartbeat import OwnHeartbeat
from workers.pipeline import Pipeline
from workers.retention import Retention
from workers.settling import Settling
from workers.slack_replies import post_replies
from workers.trials import Trials

log = logging.getLogger(__name__)

SAY_EVERY_SECONDS = 60.0


class Jobs:
    """The jobs of one worker: passes over its checks, and over notifications."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.has_slack_app = True  # until the settings are read
        self.retention = Retention(pipeline.database)
        self.settling = Settling(pipeline.database)
        self.deliverer = Deliverer(pipeline.in_database, pipeline.worker_id)
        self.trials = Trials(pipeline.in_database)
        self.clock_steps = ClockSteps(pipeline)
        url = config.settings().heartbeat_url.get_secret_value()
        self.own_heartbeat = OwnHeartbeat(pipeline, url) if url else None
        self._passes = [
            guarded(each) for each in (self.make_trials, self.follow_up, self.downtimes)
        ]
        self._passes.append(self._begin_letters)
        """In the order of `DueWork`; what goes wrong in one keeps no other from its turn."""
        self._send_letters = guarded(self.send_letters)
        self._letters: asyncio.Task[None] | None = None
        self._looked_at = 0, 0
        """The ids that the last pass reached among held-back news, and among flapping services."""

    async def start(self, successor_of: str | None) -> None:
        """Take over from a predecessor that has ended, and bring the backlog into step."""

        def first_pass(session: Session) -> int:
            now = clock.utcnow()
            if successor_of:
                workers.retire(session, successor_of, now=now)
            workers.tick(session, self._pipeline.worker_id, now=now)
            if not self._pipeline.guard.targets:  # a predecessor may have had some
                connectivity.note_online(session, self._pipeline.worker_id, now=now)
            return clock_steps.begin(session, now=now)

        overdue = await self._pipeline.in_database(first_pass)
        await self.clock_steps.realign_channels()
        if overdue:
            log.info("%s checks were overdue and are spread over their interval", overdue)

    async def dispatch(self) -> None:
        """Claim and arm what is due in the coming second."""
        await self.clock_steps.follow()
        await self._pipeline.dispatch()

    def turn(self) -> float:
        """When in a second to dispatch: workers take turns (`workers.tick`)."""
        return self._pipeline.turn

    async def read_settings(self) -> None:
        """Take over what admins have set in the app."""
        present, self.has_slack_app = await self._pipeline.in_database(
            lambda session: (installation(session), has_slack_app(session))
        )
        self._pipeline.guard.targets = present.connectivity_targets

    async def watch_connectivity(self) -> None:
        """While the monitor itself is offline, look whether it still is."""
        await self._pipeline.guard.watch()

    async def retire_silent(self) -> None:
        """Take the leases from workers that have fallen silent."""
        await self.clock_steps.follow()
        silent = await self._pipeline.in_database(
            lambda session: workers.retire_silent(
                session, asked_by=self._pipeline.worker_id, now=clock.utcnow()
            )
        )
        for worker_id in silent:
            log.warning("worker %s has fallen silent; its checks are due again", worker_id)

    async def deliver(self) -> None:
        """Send what is due, to channels that no worker sends to at present."""
        await self.clock_steps.follow()
        await self.deliverer.dispatch()

    async def send_letters(self) -> None:
        """Send mail to single people: links for a new password, tests, and to who was put off."""
        await send_letters(self._pipeline.in_database)
        await send_deferred(self._pipeline.in_database)

    async def make_trials(self) -> None:
        """Look, and send, with settings that somebody tries before saving them."""
        await self.trials.dispatch()

    async def follow_up(self) -> None:
        """Do what becomes due as time passes: resume, remind, sum up flapping, tell held-back."""

        def one_pass(session: Session) -> tuple[int, int]:
            now, (muted, flapping) = clock.utcnow(), self._looked_at
            muted = follow_ups.tell_unmuted(session, now=now, after=muted)
            reminders.remind(session, now=now)
            flapping = follow_ups.sum_up(session, now=now, after=flapping)
            # Last: services are locked before their mutes, as by who mutes them.
            mutes.end_over(session, now=now)
            return muted, flapping

        def end_over(session: Session) -> None:
            now = clock.utcnow()
            # First: what was deleted is locked before services, as by who deletes and undoes.
            undoing.forget_deleted(session, now=now)
            services.resume_over(session, now=now)

        await self.clock_steps.follow()
        await self._pipeline.in_database(end_over)
        self._looked_at = await self._pipeline.in_database(one_pass)

    async def attend(self) -> None:
        """Begin the passes that have something to do.

        They are asked for together: each by itself, they took half of an idle worker's CPU time.
        """
        await self.clock_steps.follow()
        due = await self._pipeline.in_database(lambda s: due_work(s, now=clock.utcnow()))
        passes = zip(due, self._passes, strict=True)
        for run in [run for is_due, run in passes if is_due]:
            await run()

    async def _begin_letters(self) -> None:
        """Mail servers may be slow, so nothing waits for them."""
        if self._letters is None or self._letters.done():
            self._letters = asyncio.ensure_future(self._send_letters())

    async def report_in(self) -> None:
        """Tell the place that watches us that we work."""
        if self.own_heartbeat is not None:
            await self.own_heartbeat.report()

    async def downtimes(self) -> None:
        """Take planned downtime from step to step."""
        await self.clock_steps.follow()
        await self._pipeline.in_database(lambda session: life.advance(session, now=clock.utcnow()))

    async def answer_slack(self) -> None:
        """Post what clicks on Slack's buttons are answered."""
        if self.has_slack_app:
            await post_replies(self._pipeline)

    async def delete_expired(self) -> None:
        """Delete results and roll-ups that are older than they are kept."""
        if await self.clock_steps.is_sure_of_the_time():
            await self.retention.delete_expired()

    async def settle_days(self) -> None:
        """Keep the uptime of the days that are over."""
        await self.settling.settle()

    async def give_back_pages(self) -> None:
        """Let the database's file shrink."""
        await self.retention.give_back_pages()

    async def checkpoint(self) -> None:
        """Keep the database's log short."""
        await self.retention.checkpoint()

    async def forget_notifications(self) -> None:
        """Delete old notifications, steps of planned downtime and activity, a few at a time."""
        if not await self.clock_steps.is_sure_of_the_time():
            return
        settings, now = config.settings(), clock.utcnow()
        present = await self._pipeline.in_database(installation)
        for forget, days in (
            (retention.forget_old, present.hourly_retention_days),
            (past_downtimes.forget_old, present.hourly_retention_days),
            (activity.forget_activity, settings.activity_retention_days),
        ):
            some = partial(forget, before=now - timedelta(days=days))
            while await self._pipeline.in_database(some):
                pass


class Waiting:
    """What is said while a job waits for the database: once a minute, not at every tick."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._say_at: float | None = None

    def goes_on(self, why: str) -> None:
        now = time.monotonic()
        if self._say_at is None or now >= self._say_at:
            self._say_at = now + SAY_EVERY_SECONDS
            log.warning("job %s waits for the database: %s", self._job, why)

    def ends(self) -> None:
        if self._say_at is not None:
            self._say_at = None
            log.info("job %s goes on: the database answers again", self._job)


def guarded(
    job: Callable[[], Awaitable[None]], done: Callable[[], None] | None = None
) -> Callable[[], Awaitable[None]]:
    """``job``, whose failure is logged and is no reason not to try again at the next tick.

    ``done`` is called at its end: also when the database is away, for which the job is not to
    blame, but not when something else has gone wrong.
    """
    waiting = Waiting(job.__name__)

    async def run() -> None:
        try:
            try:
                await job()
                waiting.ends()
            except DatabaseError as error:
                waiting.goes_on(reason(error))
            if done is not None:
                done()
        except Exception:
            # The worker's last resort: no error of a job may end it. The next tick tries again.
            log.exception("job %s failed", job.__name__)

    return run
