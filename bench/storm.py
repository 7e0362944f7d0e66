"""Whether any news is lost when the worker is killed again and again while it looks and tells.

The worker looks at a real port, and tells the stand-in servers of the tests. Everything is counted
at these servers.
"""

import json
import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import psutil
from sqlmodel import col, func, select

from bench import processes
from bench.databases import empty
from bench.say import say
from bench.telling import PATIENCE_SECONDS, add_channels, add_services, new_folder, variables_of
from tests.notifiers.servers import Servers, all_servers
from webmon import clock
from webmon.commands.notifications.next_message import CUT_OFF
from webmon.db import Database
from webmon.models import Channel, Incident, Notification, Worker
from webmon.models.notifications import Delivery

KILLS = 100


@dataclass(frozen=True, slots=True)
class Size:
    """How many services go down and up, and how they are grouped."""

    services: int
    hosts: int
    namespaces: int
    failure_rate: float


SIZES = (Size(500, 50, 5, failure_rate=0.3), Size(30, 30, 30, failure_rate=0.2))
"""Many hosts of a namespace end up in digests; what is alone in its namespace is told by itself."""


def report() -> None:
    """Measure and print."""
    for size in SIZES:
        say(
            f"Storm: {size.services} services in {size.namespaces} namespaces down and up, every "
            f"server fails {size.failure_rate:.0%} of the time, the worker is killed {KILLS} times"
        )
        with empty("SQLite") as database:
            for line in storm(database, size):
                say(f"  {line}")


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel that speaks JSON was told of one change: which incident, down or up."""

    incident: int
    event: str


def storm(database: Database, size: Size, *, kills: int = KILLS) -> Iterator[str]:
    """Kill a worker while news arises and is sent; says what arrived, a line for each server."""
    kinds = ["webhook", "slack", "email", "twitter:iati"]
    with (
        all_servers("iati", failure_rate=size.failure_rate, seed=7) as servers,
        new_folder() as folder,
        Door() as door,
    ):
        add_channels(database, servers.configs, kinds)
        add_services(
            database,
            size.services,
            hosts=size.hosts,
            namespaces=size.namespaces,
            port=door.port,
        )
        variables = variables_of(folder, database, servers)
        _kill_often(database, door, variables, kills)
        with processes.process(WORKER, core=1, **variables):
            _wait_until_quiet(database)
        yield from _counted(database, servers)


WORKER = ["webmon.cli", "worker", "--name", "storm"]


class Door:
    """What all services look at: a port that is open or closed."""

    def __enter__(self) -> Self:
        self.port = processes.free_port()
        self._listener: socket.socket | None = None
        self.set(is_open=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.set(is_open=False)

    def set(self, *, is_open: bool) -> None:
        """Open or close it."""
        if is_open and self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
            threading.Thread(target=self._answer, args=[self._listener], daemon=True).start()
        elif not is_open and self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _answer(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                listener.accept()[0].close()


TURNS = (False, True, False, True)
"""Whether the door is open: fewer changes than would be summed up as flapping."""


def _kill_often(database: Database, door: Door, variables: dict[str, str], kills: int) -> None:
    chance = random.Random(7)
    turns = {kills * part // len(TURNS): is_open for part, is_open in enumerate(TURNS)}
    for number in range(kills):
        began_at = clock.utcnow()
        with processes.process(WORKER, core=1, **variables) as worker:
            _wait_for_tick(database, began_at)
            if number in turns:
                door.set(is_open=turns[number])
            time.sleep(chance.uniform(0.1, 4.0))
            os.kill(worker.pid, signal.SIGKILL)
            worker_is_gone(worker)


def _wait_for_tick(database: Database, began_at: datetime) -> None:
    """Until the worker that has just been started is at work."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with database.read() as session:
            if session.exec(select(Worker.id).where(Worker.ticked_at > began_at)).first():
                return
        time.sleep(0.05)
    raise RuntimeError("the worker does not start")


def worker_is_gone(worker: psutil.Process) -> None:
    """Wait for the end of a killed process."""
    deadline = time.monotonic() + 10
    while worker.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)


def _wait_until_quiet(database: Database) -> None:
    """Until every outage has ended and nothing waits."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with database.read() as session:
            is_open = col(Incident.resolved_at).is_(None)
            still_open = session.exec(select(func.count()).where(is_open)).one()
            is_queued = Notification.delivery == Delivery.QUEUED
            waiting = session.exec(select(func.count()).where(is_queued)).one()
        if not still_open and not waiting:
            return
        time.sleep(0.5)
    raise RuntimeError(f"{waiting} notifications are still waiting")


def _counted(database: Database, servers: Servers) -> Iterator[str]:
    with database.read() as session:
        incidents = session.exec(select(Incident.id)).all()
        states = Counter(session.exec(select(Notification.delivery)).all())
        is_ours = (Channel.kind == "webhook") & (Notification.error == CUT_OFF)
        rows = session.exec(
            select(Notification.incident_id, Notification.event).join(Channel).where(is_ours)
        )
        marked = {Told(incident or 0, event) for incident, event in rows}
    expected = {Told(incident, event) for incident in incidents for event in ("down", "up")}
    told: Counter[Told] = Counter()
    cut: Counter[Told] = Counter()
    for taken in servers.webhook.accepted:
        for news in taken.content["news"]:
            key = Told(news["incident"], news["event"])
            (cut if taken.cut else told)[key] += 1
    missing = [each for each in expected if not told[each] + cut[each]]
    twice = [each for each in expected if told[each] > 1]
    stray = [each for each in told if each not in expected]
    unsaid = [each for each in twice if each not in marked]
    yield (
        f"webhook: {len(expected)} changes, {len(missing)} missing, "
        f"{len(twice) - len(unsaid)} told twice because the worker was killed meanwhile, "
        f"{len(unsaid)} for no reason, "
        f"{len(stray)} of no incident, {sum(cut.values())} in messages that the server cut off"
    )
    for name, server in servers.all.items():
        texts = Counter(_identity(each.content) for each in server.accepted if not each.cut)
        again = sum(count - 1 for count in texts.values())
        cut_off = sum(each.cut for each in server.accepted)
        yield (
            f"{name}: {len(server.accepted)} messages taken in {server.attempts} attempts, "
            f"{again} twice, {cut_off} cut off"
        )
    yield "notifications: " + ", ".join(
        f"{count} {Delivery(state).value}" for state, count in states.items()
    )


def _identity(content: dict[str, Any]) -> str:
    """By which two messages are the same one; a mail's parts are told apart by chance."""
    name = content.get("headers", {}).get("message-id")
    return name or json.dumps(content, sort_keys=True, default=str)
