"""How fast news goes out, and whether any is lost when the worker is killed again and again.

The channels are the stand-in servers of the tests. Everything is counted at these servers.
"""

import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from sqlmodel import col, func, select

from bench import processes
from bench.databases import empty
from bench.say import say
from tests.notifiers.servers import Servers, all_servers
from tests.notifiers.webhook_server import WebhookServer
from webmon import clock, config, crypto
from webmon.commands.checks import Finding, record
from webmon.db import Database
from webmon.domain.status import Status
from webmon.models import Channel, Host, Incident, Namespace, Notification, Service, ServiceState
from webmon.models.notifications import Delivery
from webmon.notifiers import NOTIFIERS
from webmon.probes.base import Outcome

CHANNELS = {
    "webhooks": ("webhook",) * 10,
    "channels of all kinds": (
        *("email", "slack", "twitter:iati", "webhook", "apprise"),
        *("email", "slack", "twitter:di", "webhook", "apprise"),
    ),
}
NEWS = 100
ANSWER_SECONDS = 0.2

STORM_SERVICES = 500
STORM_HOSTS = 50
KILLS = 100
FAILURE_RATE = 0.3
PATIENCE_SECONDS = 900


def report() -> None:
    """Measure and print."""
    for what, kinds in CHANNELS.items():
        with empty("SQLite") as database:
            took, megabytes = throughput(database, kinds)
        say(
            f"{len(kinds) * NEWS:,} messages to {len(kinds)} {what}, {ANSWER_SECONDS:g} s each: "
            f"{took:.1f} s (at most 60), worker {megabytes:.0f} MB (at most 100)"
        )


def throughput(database: Database, kinds: Sequence[str]) -> tuple[float, float]:
    """Seconds until everything is sent, and the worker's largest memory meanwhile."""
    with (
        all_servers("iati", "di", delay_seconds=ANSWER_SECONDS) as servers,
        WebhookServer(delay_seconds=ANSWER_SECONDS) as for_apprise,
        _folder() as folder,
    ):
        address = for_apprise.hook_url.replace("http://", "json://")
        _channels(database, servers.configs | {"apprise": {"url": address}}, kinds)
        receivers = [*servers.all.values(), for_apprise]
        services = _services(database, NEWS, hosts=NEWS, namespaces=NEWS)
        variables = _variables(folder, database, servers)
        with processes.process(["webmon.cli", "worker"], core=1, **variables) as worker:
            time.sleep(3)
            began = time.monotonic()
            _see(database, services, Status.DOWN, clock.utcnow())
            largest = 0.0
            while (arrived := sum(len(each.accepted) for each in receivers)) < len(kinds) * NEWS:
                largest = max(largest, processes.megabytes(worker))
                time.sleep(0.1)
                if time.monotonic() - began > PATIENCE_SECONDS:
                    raise RuntimeError(f"only {arrived} arrived")
            return time.monotonic() - began, largest


def report_storm() -> None:
    """Measure and print."""
    say(
        f"Storm: {STORM_SERVICES} services down and up, every server fails {FAILURE_RATE:.0%} of "
        f"the time, the worker is killed {KILLS} times"
    )
    with empty("SQLite") as database:
        for line in storm(database):
            say(f"  {line}")


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel that speaks JSON was told of one change: which incident, down or up."""

    incident: int
    event: str


def storm(database: Database, *, kills: int = KILLS) -> Iterator[str]:
    """Kill a worker while news arises and is sent; says what arrived, a line for each server."""
    kinds = ["webhook", "slack", "email", "twitter:iati"]
    with (
        all_servers("iati", failure_rate=FAILURE_RATE, seed=7) as servers,
        _folder() as folder,
    ):
        _channels(database, servers.configs, kinds)
        services = _services(database, STORM_SERVICES, hosts=STORM_HOSTS, namespaces=5)
        variables = _variables(folder, database, servers)
        _kill_often(database, services, variables, kills)
        with processes.process(WORKER, core=1, **variables):
            _wait_until_quiet(database)
        yield from _counted(database, servers)


WORKER = ["webmon.cli", "worker", "--name", "storm"]


def _kill_often(
    database: Database, services: list[int], variables: dict[str, str], kills: int
) -> None:
    chance = random.Random(7)
    turns = {kills * part // 4: status for part, status in enumerate(STORM)}
    for number in range(kills):
        with processes.process(WORKER, core=1, **variables) as worker:
            time.sleep(1.0)
            if number in turns:
                _see(database, services, turns[number], clock.utcnow())
            time.sleep(chance.uniform(0.1, 2.5))
            os.kill(worker.pid, signal.SIGKILL)
            worker_is_gone(worker)


STORM = (Status.DOWN, Status.UP, Status.DOWN, Status.UP)
"""Fewer changes than would be summed up as flapping."""


def worker_is_gone(worker: psutil.Process) -> None:
    """Wait for the end of a killed process."""
    deadline = time.monotonic() + 10
    while worker.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)


def _wait_until_quiet(database: Database) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with database.read() as session:
            waiting = session.exec(
                select(func.count())
                .select_from(Notification)
                .where(Notification.delivery == Delivery.QUEUED)
            ).one()
        if not waiting:
            return
        time.sleep(0.5)
    raise RuntimeError(f"{waiting} notifications are still waiting")


def _counted(database: Database, servers: Servers) -> Iterator[str]:
    with database.read() as session:
        incidents = session.exec(select(Incident.id)).all()
        states = Counter(session.exec(select(Notification.delivery)).all())
    owed = {Told(incident, event) for incident in incidents for event in ("down", "up")}
    told: Counter[Told] = Counter()
    cut: Counter[Told] = Counter()
    for taken in servers.webhook.accepted:
        for news in taken.content["news"]:
            key = Told(news["incident"], news["event"])
            (cut if taken.cut else told)[key] += 1
    missing = [each for each in owed if not told[each] + cut[each]]
    twice = [each for each in owed if told[each] > 1]
    stray = [each for each in told if each not in owed]
    yield (
        f"webhook: {len(owed)} changes, {len(missing)} missing, {len(twice)} told twice, "
        f"{len(stray)} of no incident, {sum(cut.values())} in messages that were cut off"
    )
    for name, server in servers.all.items():
        texts = Counter(json.dumps(each.content, sort_keys=True, default=str)
                        for each in server.accepted if not each.cut)  # fmt: skip
        again = sum(count - 1 for count in texts.values())
        cut_off = sum(each.cut for each in server.accepted)
        yield (
            f"{name}: {len(server.accepted)} messages taken in {server.attempts} attempts, "
            f"{again} twice, {cut_off} cut off"
        )
    yield "notifications: " + ", ".join(
        f"{count} {Delivery(state).value}" for state, count in states.items()
    )


@contextmanager
def _folder() -> Iterator[Path]:
    with ExitStack() as stack:
        yield Path(stack.enter_context(tempfile.TemporaryDirectory()))


def _variables(folder: Path, database: Database, servers: Servers) -> dict[str, str]:
    """The worker's settings; it needs the key that has sealed the channels' configs."""
    settings = config.settings()
    key = "" if settings.secret_key else crypto.read_or_create_key(settings.data_dir).decode()
    variables = processes.worker_variables(folder, database.url) | servers.settings
    return variables | ({"WEBMON_SECRET_KEY": key} if key else {})


def _channels(
    database: Database, configs: Mapping[str, dict[str, Any]], kinds: Sequence[str]
) -> None:
    with database.write() as session:
        for number, name in enumerate(kinds):
            kind = name.partition(":")[0]
            told = NOTIFIERS[kind].config.model_validate(configs[name])
            session.add(
                Channel(
                    name=f"{name} {number}",
                    kind=kind,
                    config=crypto.seal(told),
                    events=["down", "up"],
                    created_at=clock.utcnow(),
                )
            )


def _services(database: Database, count: int, *, hosts: int, namespaces: int) -> list[int]:
    """Services that are up, and that the worker does not look at: what is seen is told to it."""
    now = clock.utcnow()
    with database.write() as session:
        spaces = [Namespace(slug=f"n{n}", name=f"N{n}", created_at=now) for n in range(namespaces)]
        session.add_all(spaces)
        session.flush()
        rows = [
            Host(namespace_id=spaces[n % namespaces].id, name=f"Host {n:03}", created_at=now)
            for n in range(hosts)
        ]
        session.add_all(rows)
        session.flush()
        services = [
            Service(host_id=rows[n % hosts].id, name=f"Service {n:03}", kind="tcp",
                    config={"port": 9}, interval_seconds=86_400, created_at=now)
            for n in range(count)
        ]  # fmt: skip
        session.add_all(services)
        session.flush()
        session.add_all(
            ServiceState(service_id=each.id, status=Status.UP, since=now, up_since=now,
                         down_since=now, next_check_at=None)
            for each in services
        )  # fmt: skip
        return [each.id for each in services]


def _see(database: Database, services: list[int], status: Status, at: datetime) -> None:
    outcome = Outcome(status, f"seen {status.value}", 1_000, certain=True)
    with database.write() as session:
        record(session, [Finding(each, None, None, at, outcome) for each in services], now=at)
        # Nobody looks at these services but the storm.
        for row in session.exec(select(ServiceState).where(col(ServiceState.service_id) > 0)):
            row.next_check_at = None
