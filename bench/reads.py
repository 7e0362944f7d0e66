"""What reading costs behind ten million raw results, on SQLite and on PostgreSQL."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bench.databases import KINDS, empty
from bench.history import DAYS, fill
from bench.say import say
from bench.seed import seed
from webmon import clock
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.queries.history.track_records import track_records
from webmon.queries.history.uptime import uptimes
from webmon.queries.inventory.hosts import admin_hosts
from webmon.queries.inventory.services import service_detail
from webmon.queries.public.snapshot import public_status

SERVICES = 200
RAW_RESULTS = 10_000_000
WARM_UP, RUNS = 3, 25

ADMIN = Actor(1, "bench@example.org", Role.ADMIN)


def ninety_days(session: Session, now: datetime) -> None:
    """Uptime and mean response time of every service."""
    track_records(session, days=DAYS, now=now)


def dashboard(session: Session, now: datetime) -> None:
    """All that the admin app's first page asks for, with the detail of a service open."""
    admin_hosts(session, ADMIN, now=now)
    service_detail(session, SERVICES // 2, actor=ADMIN, now=now)


def public_page(session: Session, now: datetime) -> None:
    """The public page, when nobody has asked for it within its 15 seconds."""
    public_status(session, now=now, namespace=None)


def every_window(session: Session, now: datetime) -> None:
    """Uptime of all services, hosts and namespaces over four windows, and the outages."""
    uptimes(session, now=now)


READS: list[tuple[str, Callable[[Session, datetime], None], int]] = [
    # what, how, and the milliseconds that it may take at most (0: no such limit)
    (f"{DAYS} days of uptime and response, {SERVICES} services", ninety_days, 20),
    ("dashboard, all its queries, a service open", dashboard, 50),
    ("public page", public_page, 0),
    ("24 h, 7 d, 30 d, month of all services and hosts", every_window, 0),
]

REFERENCE = """\
Before, over 9.8 million raw results (research/performance.md, 6 and 8), SQLite and PostgreSQL:
 90 days of all monitors from raw results                  17112 ms    1520 ms
 90 days of all monitors from daily roll-ups alone           0.5 ms     0.6 ms
 Uptime Kuma 2.5 behind 1 million, 100 monitors: heartbeats of its status page 420 ms when not
 cached, its dashboard 0.5 s; with 1,000 monitors 13 s and 5 s"""


@dataclass(frozen=True, slots=True)
class Read:
    """One read in milliseconds: medians of wall time and of our own CPU time, the longest run."""

    name: str
    median_ms: float
    cpu_ms: float
    longest_ms: float
    most_ms: int


def report() -> None:
    """Measure and print."""
    say(f"Reading behind {RAW_RESULTS:,} raw results of {SERVICES} services")
    for title, rows in measure():
        say(f"{title:50} {'median':>8} {'CPU':>8} {'longest':>9} {'at most':>9}")
        for row in rows:
            most = f"{row.most_ms} ms" if row.most_ms else ""
            say(
                f" {row.name:49} {row.median_ms:5.1f} ms {row.cpu_ms:5.1f} ms "
                f"{row.longest_ms:6.1f} ms {most:>9}"
            )
    say(REFERENCE)


def measure(*, raw: int = RAW_RESULTS) -> Iterator[tuple[str, list[Read]]]:
    """The reads on each database behind ``raw`` results."""
    for kind in KINDS:
        with empty(kind) as database:
            seed(database, SERVICES, url="http://127.0.0.1/", interval_seconds=60)
            now = clock.utcnow()
            fill(database, services=SERVICES, raw=raw, now=now)
            yield kind, [_read(database, *each, now) for each in READS]


def _read(
    database: Database,
    name: str,
    read: Callable[[Session, datetime], None],
    most_ms: int,
    now: datetime,
) -> Read:
    took, cpu = [], []
    gc.collect()
    gc.freeze()  # as the web process does
    for _ in range(WARM_UP + RUNS):
        with database.read() as session:
            begin, cpu_begin = time.perf_counter(), time.process_time()
            read(session, now)
            took.append((time.perf_counter() - begin) * 1000)
            cpu.append((time.process_time() - cpu_begin) * 1000)
    took, cpu = took[WARM_UP:], cpu[WARM_UP:]
    return Read(name, statistics.median(took), statistics.median(cpu), max(took), most_ms)
