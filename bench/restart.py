"""How soon everything is looked at after a restart, and whether that comes in a burst."""

import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update
from sqlmodel import func, select

from bench import processes
from bench.checks import target
from bench.databases import empty
from bench.say import say
from bench.seed import seed
from webmon import clock
from webmon.db import Database
from webmon.models import CheckResult, ServiceState
from webmon.models.columns import table

SERVICES = 1_000
INTERVAL_SECONDS = 20
STOPPED = timedelta(minutes=10)


def report() -> None:
    """Measure and print."""
    say("After ten minutes without a worker, 1,000 services at 20 s (reference: Kuma 10 minutes)")
    with empty("SQLite") as database:
        took, busiest = measure(database)
    say(f"  all looked at within {took:.1f} s, {busiest} checks in the busiest second")


def measure(database: Database) -> tuple[float, int]:
    """Seconds until every service has a result, and the most checks within a second."""
    with tempfile.TemporaryDirectory() as name, target(Path(name), https=False) as (url, _):
        seed(database, SERVICES, url=url, interval_seconds=INTERVAL_SECONDS)
        with database.write() as session:
            due_at = clock.utcnow() - STOPPED
            session.execute(update(table(ServiceState)).values(next_check_at=due_at))
        variables = processes.worker_variables(Path(name), database.url)
        began = time.time()
        with processes.process(["webmon.cli", "worker"], core=1, **variables):
            while _looked_at(database) < SERVICES and time.time() < began + 5 * INTERVAL_SECONDS:
                time.sleep(0.2)
        with database.read() as session:
            instants = session.exec(select(CheckResult.at_ms)).all()
    seconds = Counter(at_ms // 1000 for at_ms in instants)
    return max(instants) / 1000 - began, max(seconds.values())


def _looked_at(database: Database) -> int:
    with database.read() as session:
        count = func.count(func.distinct(CheckResult.service_id))
        return session.exec(select(count)).one()
