"""How fast old results are deleted behind ten million of them, and what others wait for that."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select, text

from bench.databases import KINDS, empty
from bench.history import SERIES
from bench.say import say
from bench.seed import seed
from webmon import clock
from webmon.commands.checks import workers
from webmon.commands.history import retention
from webmon.commands.history.retention import Kept
from webmon.db import Database
from webmon.models import CheckResult
from workers.retention import PAUSE_SECONDS

SERVICES = 30_000
INTERVAL = timedelta(seconds=20)
RESULTS = 10_000_000
NEEDED_PER_SECOND = SERVICES / INTERVAL.total_seconds()

# In the order in which they come: the oldest of all services first.
FILL = """INSERT INTO check_result (service_id, at_ms, status, response_us, first_byte_us)
SELECT service.id, :begin + n * 20000 + service.id % 20000, 0, 20000 + n, 15000 + n
 FROM series CROSS JOIN service"""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A pass over results of which half are older than they are kept."""

    rows: int
    seconds: float
    transactions_ms: Sequence[float]
    waits_ms: Sequence[float]
    """Of another writer, twenty times a second."""


def report() -> None:
    """Measure and print."""
    say(f"Deleting old ones of {RESULTS:,} results of {SERVICES:,} services")
    say(f"  (in the long run as many have to go as come: {NEEDED_PER_SECOND:,.0f} a second)")
    for kind in KINDS:
        with empty(kind) as database:
            seed(database, SERVICES, url="http://127.0.0.1/", interval_seconds=20)
            now = clock.utcnow()
            _fill(database, now)
            found = measure(database, now)
        say(
            f"  {kind:11} {found.rows / found.seconds:7,.0f} a second   transaction "
            f"{_spread(found.transactions_ms)}   another's {_spread(found.waits_ms)}"
        )


def _spread(lengths_ms: Sequence[float]) -> str:
    """The median, the 99th percentile and the longest."""
    ordered = sorted(lengths_ms)
    middle, most = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"{middle:.1f}, 99 % {most:.1f}, longest {ordered[-1]:.1f} ms"


def _fill(database: Database, now: datetime) -> None:
    count = RESULTS // SERVICES
    begin = round((now - count * INTERVAL).timestamp() * 1000)
    statement = FILL.replace("\nSELECT", f"\n{SERIES[database.is_sqlite]}SELECT", 1)
    with database.write() as session:
        session.execute(text(statement), {"count": count, "begin": begin})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))


def measure(database: Database, now: datetime) -> Deleted:
    """One pass, as the worker makes it."""
    half = now - RESULTS // SERVICES // 2 * INTERVAL
    kept = Kept(half, now)
    rows, lengths, after = 0, [], 0
    with _another_writer(database) as waits:
        began = time.perf_counter()
        while True:
            start = time.perf_counter()
            with database.write() as session:
                step = retention.delete_expired(session, kept, after=after)
            lengths.append((time.perf_counter() - start) * 1000)
            rows += step.deleted
            if step.after is None:
                break
            after = step.after
            time.sleep(PAUSE_SECONDS)
        seconds = time.perf_counter() - began
    with database.read() as session:
        _expect_none_before(session, half)
    return Deleted(rows, seconds, lengths, waits)


def _expect_none_before(session: Session, half: datetime) -> None:
    old = col(CheckResult.at_ms) < round(half.timestamp() * 1000)
    left = session.exec(select(func.count()).select_from(CheckResult).where(old)).one()
    if left:
        raise AssertionError(f"{left} results that had expired are still there")


@contextmanager
def _another_writer(database: Database) -> Iterator[list[float]]:
    """Ticks of a worker, each in a transaction of its own, and how many milliseconds each took."""
    waits: list[float] = []
    over = threading.Event()

    def tick() -> None:
        while not over.wait(0.05):
            start = time.perf_counter()
            with database.write() as session:
                workers.tick(session, "bench", now=clock.utcnow())
            waits.append((time.perf_counter() - start) * 1000)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()
