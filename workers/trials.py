"""Make the trials that forms ask for. Nothing but the answer is stored, for some minutes."""

import asyncio
import logging
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from webmon import clock, config, crypto, notifiers, probes
from webmon.commands import trials
from webmon.commands.checks.look import look
from webmon.commands.inventory.trials import DEFINITION
from webmon.commands.networks import reach
from webmon.domain.checks.status import Status
from webmon.domain.notifications.news import Event, Message, News
from webmon.notifiers.base import NotifierError, Surroundings
from webmon.threads import in_thread
from workers.deliver import Transaction

log = logging.getLogger(__name__)

AT_ONCE = 8


class Trials:
    """The trials that this worker makes."""

    def __init__(self, in_database: Transaction) -> None:
        self._in_database = in_database
        self._under_way: set[asyncio.Task[None]] = set()

    async def dispatch(self) -> None:
        """Begin with those that somebody has asked for."""
        most = AT_ONCE - len(self._under_way)
        taken = await self._in_database(
            lambda session: trials.take(session, most=most, now=clock.utcnow())
        )
        for each in taken:
            task = asyncio.create_task(self._make(each))
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a trial was lost", exc_info=error)

    async def _make(self, taken: trials.Taken) -> None:
        make = _look if taken.thing == "service" else _send
        outcome = await make(taken.definition)
        await self._in_database(lambda session: trials.answer(session, taken.id, outcome))


async def _look(definition: dict[str, Any]) -> dict[str, Any]:
    service = DEFINITION.validate_python(definition)
    await in_thread(partial(probes.prepare, [service.kind]), name="prepare")
    outcome = await look(service)
    return {
        "kind": service.kind,
        "config": crypto.without_secrets(service.config),
        "status": outcome.status.value,
        "message": outcome.message,
        "response_us": outcome.response_us,
        "phases": asdict(outcome.phases),
        "evidence": outcome.evidence,
    }


async def _send(definition: dict[str, Any]) -> dict[str, Any]:
    settings, kind = config.settings(), definition["kind"]
    await in_thread(partial(notifiers.prepare, kind), name="prepare")
    now = clock.utcnow()
    news = News(Event.TEST, datetime.fromisoformat(definition["told_at"]))
    key = f"trial-{now.timestamp():.0f}"
    message = Message(key, (news,), now, status_url=f"{settings.public_url}/status/")
    surroundings = Surroundings(
        settings.public_url, settings.smtp_url.get_secret_value(), settings.x_api_url
    )
    allowed = reach(definition["networks"], limited=definition["limited"])
    try:
        known, typed = notifiers.read_definition(kind, definition["config"])
        answer = await notifiers.run(known, typed, message, surroundings, allowed)
    except NotifierError as error:
        answer = error
    if isinstance(answer, NotifierError):
        return {"status": Status.DOWN.value, "message": f"The test was not sent: {answer}"}
    return {"status": Status.UP.value, "message": f"The test was sent. {answer.note}".strip()}
