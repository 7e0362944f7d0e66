"""How fast news goes out; the channels are the stand-in servers of the tests."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from bench import processes
from bench.databases import empty
from bench.say import say
from tests.notifiers.servers import Servers, all_servers
from tests.notifiers.webhook_server import WebhookServer
from webmon import clock, config, crypto
from webmon.commands.checks.record import Finding, record
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.models import Channel, Host, Namespace, Service, ServiceState
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
        new_folder() as folder,
    ):
        address = for_apprise.hook_url.replace("http://", "json://")
        add_channels(database, servers.configs | {"apprise": {"url": address}}, kinds)
        receivers = [*servers.all.values(), for_apprise]
        services = add_services(database, NEWS, hosts=NEWS, namespaces=NEWS)
        variables = variables_of(folder, database, servers)
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


@contextmanager
def new_folder() -> Iterator[Path]:
    with ExitStack() as stack:
        yield Path(stack.enter_context(tempfile.TemporaryDirectory()))


def variables_of(folder: Path, database: Database, servers: Servers) -> dict[str, str]:
    """The worker's settings; it needs the key that has sealed the channels' configs."""
    settings = config.settings()
    key = "" if settings.secret_key else crypto.read_or_create_key(settings.data_dir).decode()
    variables = processes.worker_variables(folder, database.url) | servers.settings
    return variables | ({"WEBMON_SECRET_KEY": key} if key else {})


def add_channels(
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


def add_services(
    database: Database, count: int, *, hosts: int, namespaces: int, port: int | None = None
) -> list[int]:
    """Services that are up; the worker looks at ``port`` every two seconds. Without one it does not
    look at them: what is seen is told to it."""
    now = clock.utcnow()
    with database.write() as session:
        spaces = [Namespace(slug=f"n{n}", name=f"N{n}", created_at=now) for n in range(namespaces)]
        session.add_all(spaces)
        session.flush()
        rows = [
            Host(namespace_id=spaces[n % namespaces].id, name=f"Host {n:03}",
                 address="127.0.0.1", created_at=now)
            for n in range(hosts)
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        services = [
            Service(host_id=rows[n % hosts].id, name=f"Service {n:03}", kind="tcp",
                    config={"port": port or 9}, interval_seconds=2 if port else 86_400,
                    retry_seconds=1, created_at=now)
            for n in range(count)
        ]  # fmt: skip
        session.add_all(services)
        session.flush()
        session.add_all(
            ServiceState(service_id=each.id, status=Status.UP, since=now, up_since=now,
                         down_since=now, next_check_at=now if port else None)
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
