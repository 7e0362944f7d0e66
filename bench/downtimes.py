"""What planned downtime costs: a check beside 200 recurring ones, and the room that lists them."""

import statistics
import time
from datetime import timedelta

from sqlmodel import select

from bench.checks import measure
from bench.databases import empty
from bench.say import say
from bench.seed import seed
from webmon import clock
from webmon.commands.downtimes import life
from webmon.commands.downtimes.plan import plan_downtime
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.models import Namespace
from webmon.queries.downtimes.room import downtime_room

SERVICES, DOWNTIMES = 2_000, 200
INTERVAL_SECONDS, SECONDS = 10, 40
ROUNDS = 3
OPENINGS = 20
ADMIN = Actor(1, "bench@example.org", Role.ADMIN)


def report() -> None:
    """Measure and print. With and without take turns, since the machine is not always as fast."""
    say(f"{DOWNTIMES} recurring downtimes over {SERVICES} services, HTTP, SQLite")
    costs: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for planned in costs:
            costs[planned].append(check_cost_ms(planned=planned))
    without, beside = (statistics.median(costs[planned]) for planned in (False, True))
    for planned, word in ((False, "none"), (True, "planned")):
        say(f"{word:8} CPU ms per check: {', '.join(f'{each:.3f}' for each in costs[planned])}")
    say(f"beside them a check costs {100 * (beside / without - 1):+.1f} %")
    room, passes = reads_ms()
    say(f"the room's read takes {room:.0f} ms at the median; the worker's pass, every two seconds, "
        f"{passes:.1f} ms of CPU time")  # fmt: skip


def check_cost_ms(*, planned: bool) -> float:
    """CPU time of the worker per check."""
    with empty("SQLite") as database:
        return measure(
            database,
            https=False,
            services=SERVICES,
            interval_seconds=INTERVAL_SECONDS,
            seconds=SECONDS,
            prepare=plan_daily if planned else None,
        ).cpu_ms_per_check


def plan_daily(database: Database) -> None:
    """One of 45 minutes a day for each host, so that some go on at any time."""
    now = clock.utcnow()
    with database.write() as session:
        namespace_id = session.exec(select(Namespace.id)).one()
        for number in range(DOWNTIMES):
            begin = now - timedelta(minutes=number * 24 * 60 / DOWNTIMES)
            fields = {
                "title": f"Backup {number}",
                "namespace_id": namespace_id,
                "host_ids": [number + 1],
                "starts_at": begin.replace(tzinfo=None, microsecond=0).isoformat(),
                "duration_seconds": 45 * 60,
                "timezone": "UTC",
                "rrule": "FREQ=DAILY",
                "announce_before": [3600],
            }
            plan_downtime(session, fields, actor=None, now=now)


def reads_ms() -> tuple[float, float]:
    """How long the room's read takes, and how much CPU time a pass of the worker does."""
    with empty("SQLite") as database:
        seed(database, SERVICES, url="http://127.0.0.1/", interval_seconds=60)
        plan_daily(database)
        taken, spent = [], []
        for _ in range(OPENINGS):
            began = time.perf_counter()
            with database.read() as session:
                downtime_room(session, actor=ADMIN, now=clock.utcnow())
            taken.append((time.perf_counter() - began) * 1000)
            used = time.process_time()
            with database.write() as session:
                life.advance(session, now=clock.utcnow())
            spent.append((time.process_time() - used) * 1000)
    return statistics.median(taken), statistics.median(spent)
