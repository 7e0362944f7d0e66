"""The outside world of the outbox: channels that keep what they are sent, or fail as told."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from webmon import notifiers
from webmon.commands.checks.record import Finding, record
from webmon.commands.notifications import follow_ups, mutes, next_message, receipts, reminders
from webmon.commands.notifications import leases as channel_leases
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.domain.notifications.messages import post
from webmon.domain.notifications.news import CHOOSABLE, Message
from webmon.notifiers.base import (
    NotifierConfig,
    NotifierError,
    NotifierKind,
    Receipt,
    Surroundings,
    blocking,
)
from webmon.probes.base import Outcome
from webmon.queries.notifications import channels


class RecorderConfig(NotifierConfig):
    """Which recorder, and how many messages it may be sent in a month."""

    name: str = "ops"
    monthly_budget: int | None = None


@dataclass
class Outside:
    """What arrived, by channel, and what goes wrong there."""

    received: list[tuple[str, Message]] = field(default_factory=list)
    admins: list[tuple[str, ...]] = field(default_factory=list)
    failures: dict[str, NotifierError] = field(default_factory=dict)
    before_answer: Callable[[], None] = lambda: None

    def send(self, config: RecorderConfig, message: Message, around: Surroundings) -> Receipt:
        if config.name in self.failures:
            raise self.failures[config.name]
        self.received.append((config.name, message))
        self.admins.append(around.admins)
        self.before_answer()
        return Receipt(reference=f"ref-{len(self.received)}")

    def told(self, name: str = "ops") -> list[str]:
        """What the channel has heard: one text per message, ``down A.Website``, joined by ``+``."""
        return [
            " + ".join(
                f"{each.event} {each.host}.{each.service}".removesuffix(" .")
                for each in message.news
            )
            for channel, message in self.received
            if channel == name
        ]

    def messages(self, name: str = "ops") -> list[Message]:
        return [message for channel, message in self.received if channel == name]


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """Channels of the kinds ``recorder`` and ``billboard`` (public) end here."""
    outside = Outside()
    options = {
        "config": RecorderConfig,
        "send": blocking(outside.send),
        "preview": lambda _config, message: post(message),
        "sends": "what the tests look at",
        "budget": lambda config: config.monthly_budget,
    }
    for name, is_public in (("recorder", False), ("billboard", True)):
        kind = NotifierKind(name, is_public=is_public, is_quiet_in_downtime=is_public, **options)
        monkeypatch.setitem(notifiers.NOTIFIERS, name, kind)
    channels._read.cache_clear()  # it remembers tests that had no such kinds
    return outside


def see(database: Database, status: Status, *service_ids: int, at: datetime) -> None:
    """Record that these services were seen like this; one look is enough."""
    outcome = Outcome(status, f"seen {status}", 1000, certain=True)
    findings = [Finding(each, None, None, at, outcome) for each in service_ids]
    with database.write() as session:
        record(session, findings, now=at)


def deliver(database: Database, *, at: datetime, worker: str = "w") -> None:
    """One pass of the worker's deliver job, with everything that follows from it."""
    with database.write() as session:
        leases = channel_leases.claim_channels(session, worker, most=100, now=at)
    for lease in leases:
        while _send_next(database, lease, at):
            pass
        with database.write() as session:
            channel_leases.hand_back(session, lease)


def _send_next(database: Database, lease: channel_leases.Lease, at: datetime) -> bool:
    with database.write() as session:
        outgoing = next_message.compose(session, lease, now=at)
    if outgoing is None:
        return False
    answer: Receipt | NotifierError
    try:
        kind, config = notifiers.read_definition(outgoing.kind, outgoing.config)
        sending = kind.send(config, outgoing.message, outgoing.surroundings)
        with ThreadPoolExecutor(1) as thread:  # the test may be on an event loop
            answer = thread.submit(asyncio.run, sending).result()
    except NotifierError as error:
        answer = error
    with database.write() as session:
        return receipts.note(session, outgoing, answer, now=at)


def follow_up(database: Database, *, at: datetime) -> None:
    """One pass of the worker's follow-up job."""
    with database.write() as session:
        follow_ups.tell_unmuted(session, now=at)
        reminders.remind(session, now=at)
        follow_ups.sum_up(session, now=at)
        mutes.end_over(session, now=at)


ALL_EVENTS = [*CHOOSABLE]
