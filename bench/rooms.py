"""What the admin app's lists, its dashboard and its bulk actions cost with 500 hosts of 5 services.

Behind them are 90 days of history. What the browser adds is not measured here.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from bench.databases import KINDS, empty
from bench.history import fill
from bench.say import say
from bench.seed import seed
from webmon import clock
from webmon.commands.inventory.bulk_changes import change_hosts, change_services, undo
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.models import User
from webmon.queries.dashboard import dashboard
from webmon.queries.inventory.host_choice import Choice, Sort
from webmon.queries.inventory.host_figures import forget as forget_rows
from webmon.queries.inventory.hosts import admin_hosts
from webmon.queries.kept import forget_kept

SERVICES, PER_HOST = 2_500, 5
RAW_RESULTS = 2_500_000
RUNS = 9

ADMIN = Actor(1, "bench@example.org", Role.ADMIN)

STORY = """UPDATE service_state SET day_p95_us = 20000 + service_id * 37 % 100000,
 status = CASE WHEN service_id % 97 = 0 THEN 'down' ELSE status END"""
"""Some are down, all answer at their own pace."""

CHOICES = [
    *((f"by {sort.value}", Choice(sort=sort.value)) for sort in Sort),
    ("only what is wrong", Choice(status="wrong")),
    ("only one kind, by uptime", Choice(kind="http", sort=Sort.UPTIME.value)),
    ("search that finds many", Choice(search="Page 1")),
]
WINDOWS = [("24 hours", 1), ("7 days", 7), ("30 days", 30), ("12 months", 365)]


@dataclass(frozen=True, slots=True)
class Row:
    """First and further readings in milliseconds, our CPU time of them, and the size sent."""

    name: str
    first_ms: float
    cpu_first_ms: float
    median_ms: float
    cpu_ms: float
    kb: float


Change = tuple[str, float, float]
"""What is done, the seconds it takes, and those of our CPU."""


def report() -> None:
    """Measure and print."""
    say(f"Rooms with {SERVICES // PER_HOST} hosts and {SERVICES:,} services, 90 days of history")
    for title, rows, changes in measure():
        say(f"{title:40} {'first (CPU)':>18} {'then (CPU)':>18} {'as JSON':>9}")
        for row in rows:
            say(
                f" {row.name:39} {row.first_ms:7.1f} ({row.cpu_first_ms:5.1f}) ms"
                f" {row.median_ms:7.1f} ({row.cpu_ms:5.1f}) ms {row.kb:6.1f} kB"
            )
        for name, seconds, cpu_seconds in changes:
            say(f" {name:39} {seconds:7.2f} ({cpu_seconds:5.2f}) s")


def measure(*, raw: int = RAW_RESULTS) -> Iterator[tuple[str, list[Row], list[Change]]]:
    """On each database: what is read, and what is changed at once."""
    for kind in KINDS:
        with empty(kind) as database:
            seed(
                database,
                SERVICES,
                url="http://127.0.0.1/",
                interval_seconds=60,
                per_host=PER_HOST,
            )
            now = clock.utcnow()
            fill(database, services=SERVICES, raw=raw, now=now)
            with database.write() as session:
                session.execute(text(STORY))
                session.add(
                    User(
                        id=1, email=ADMIN.email, password_hash="-", role=ADMIN.role, created_at=now
                    )
                )
            yield kind, list(_reads(database, now)), list(_changes(database, now))


def _reads(database: Database, now: datetime) -> Iterator[Row]:
    for name, choice in CHOICES:
        yield _read(
            database,
            f"Hosts, {name}",
            partial(admin_hosts, actor=ADMIN, choice=choice, now=now),
        )
    for name, days in WINDOWS:
        yield _read(
            database,
            f"Dashboard, {name}",
            partial(dashboard, actor=ADMIN, days=days, now=now),
        )


def _read(database: Database, name: str, read: Callable[[Session], Any]) -> Row:
    took: list[float] = []
    cpu: list[float] = []
    view: Any = None
    forget_rows()
    forget_kept()
    for _ in range(1 + RUNS):
        with database.read() as session:
            begin, cpu_begin = time.perf_counter(), time.process_time()
            view = read(session)
            took.append((time.perf_counter() - begin) * 1000)
            cpu.append((time.process_time() - cpu_begin) * 1000)
    sent = len(json.dumps(asdict(view), default=str, separators=(",", ":")))
    return Row(
        name,
        took[0],
        cpu[0],
        statistics.median(took[1:]),
        statistics.median(cpu[1:]),
        sent / 1000,
    )


def _changes(database: Database, now: datetime) -> Iterator[Change]:
    """Each is undone before the next."""
    services = range(1, SERVICES + 1)
    hosts = range(1, SERVICES // PER_HOST + 1)
    actions: list[tuple[str, Callable[..., Any], Any, str, Any]] = [
        ("Pause all services", change_services, services, "pause", None),
        ("Another interval for all services", change_services, services, "interval_seconds", 300),
        ("A tag for all hosts", change_hosts, hosts, "add_tag", "bench"),
        ("Delete all hosts", change_hosts, hosts, "delete", None),
    ]
    for name, change, ids, what, value in actions:
        begin, cpu_begin = time.perf_counter(), time.process_time()
        with database.write() as session:
            done = change(session, ids, what, value, actor=ADMIN, now=now)
        yield name, time.perf_counter() - begin, time.process_time() - cpu_begin
        begin, cpu_begin = time.perf_counter(), time.process_time()
        with database.write() as session:
            undo(session, done, actor=ADMIN, now=now)
        yield " undo it", time.perf_counter() - begin, time.process_time() - cpu_begin
