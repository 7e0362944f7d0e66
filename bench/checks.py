"""What a check costs: the whole worker, from claim to recorded result."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from sqlmodel import col, func, select

from bench import processes
from bench.databases import empty
from bench.handshake import REFERENCE_MS, Handshake
from bench.say import say
from bench.seed import seed
from webmon import clock
from webmon.db import Database
from webmon.domain.checks.schedule import phase
from webmon.models import CheckResult, ServiceState

WARM_UP_SECONDS = 4
"""After the first interval, in which every service's configuration is read once."""

REFERENCE = {
    # scheme, checks/s: what others need on the study's machine, CPU ms per check
    (False, 100): "Kuma 3.4, Icinga 2.6, Nagios 1.95, blackbox 1.45, trial 0.59",
    (True, 100): "Kuma 6.6, Icinga 5.7, Nagios 5.4, blackbox 2.2, trial 1.67",
    (False, 1_000): "blackbox 1.15 (at its end), trial 0.36",
    (True, 500): "blackbox 1.64, trial 1.3",
}
ROWS = [
    # database, scheme, services, interval in seconds, workers
    ("SQLite", False, 2_000, 20, 1),
    ("SQLite", False, 20_000, 20, 1),
    ("SQLite", False, 30_000, 20, 1),
    ("SQLite", True, 2_000, 20, 1),
    ("SQLite", True, 10_000, 20, 1),
    ("SQLite", True, 14_000, 20, 1),
    ("PostgreSQL", False, 2_000, 20, 1),
    ("PostgreSQL", False, 20_000, 20, 1),
    ("PostgreSQL", False, 34_000, 20, 2),
]
HELD = [("SQLite", False, 30_000, 20, 1), ("SQLite", True, 14_000, 20, 1)]
SECONDS, LONG_SECONDS = 30, 600
DELAY_MS = 20.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: what was asked, what was done, and what it took."""

    asked_per_second: float
    recorded_per_second: float
    cpu_ms_per_check: float
    core_percent: float
    worker_mb: float
    failed: int
    overdue: int
    late_ms_p99: float
    twice: int
    """Services that were checked more often than their interval allows."""


def report() -> None:
    """Measure and print."""
    say("Whole worker: claim, look over a new connection, record with history and roll-ups")
    _print_rows(ROWS, SECONDS)
    for https in (False, True):
        excess = response_excess_ms(https=https)
        scheme = "HTTPS" if https else "HTTP"
        say(f"{scheme}: recorded response times exceed the truth by {excess:.1f} ms at the median")


def hold() -> None:
    """What one worker is to hold for ten minutes: measure and print."""
    say(f"Whole worker, {LONG_SECONDS} s each")
    _print_rows(HELD, LONG_SECONDS)


def _print_rows(rows: list[tuple[str, bool, int, int, int]], seconds: int) -> None:
    say(f"{'':18} {'asked/s':>8} {'done/s':>8} {'CPU ms':>8} {'core %':>7} {'RSS MB':>7} "
        f"{'late p99':>9} {'overdue':>8} {'failed':>7} {'twice':>6} {'bare TLS':>9}")  # fmt: skip
    say(f"{'':18} (bare TLS: CPU ms of a handshake in memory around that time; "
        f"reference: {REFERENCE_MS})")  # fmt: skip
    handshake = Handshake()
    before = handshake.cost_ms()
    for kind, https, services, interval, workers in rows:
        with empty(kind) as database:
            row = measure(
                database,
                https=https,
                services=services,
                interval_seconds=interval,
                seconds=seconds,
                workers=workers,
            )
        after = handshake.cost_ms()
        say(
            f"{kind:10} {'HTTPS' if https else 'HTTP':5} {workers} "
            f"{row.asked_per_second:8.0f} {row.recorded_per_second:8.1f} "
            f"{row.cpu_ms_per_check:8.2f} {row.core_percent:7.1f} {row.worker_mb:7.0f} "
            f"{row.late_ms_p99:6.0f} ms {row.overdue:8} {row.failed:7} {row.twice:6} "
            f"{(before + after) / 2:9.2f}"
        )
        before = after
        if reference := REFERENCE.get((https, services // interval)):
            say(f"{'':18} reference: {reference}")


def response_excess_ms(*, https: bool) -> float:
    """How much longer a check says that an answer took than the server let it wait."""
    with empty("SQLite") as database:
        measure(database, https=https, services=1_000, interval_seconds=10, seconds=10,
                delay_ms=DELAY_MS)  # fmt: skip
        with database.read() as session:
            taken = session.exec(select(CheckResult.response_us)).all()
    return statistics.median(each for each in taken if each is not None) / 1000 - DELAY_MS


@contextmanager
def target(
    folder: Path, *, https: bool, delay_ms: float = 0
) -> Iterator[tuple[str, dict[str, str]]]:
    """A running target on core 0: its URL, and the variables that make its certificate trusted."""
    port = processes.free_port()
    arguments = ["bench.target", str(port), str(delay_ms)]
    trust: dict[str, str] = {}
    if https:
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        certificate = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        for part in certificate.cert_chain_pems:
            part.write_to_path(folder / "certificate.pem", append=True)
        authority.cert_pem.write_to_path(folder / "authority.pem")
        arguments += [str(folder / "certificate.pem"), str(folder / "key.pem")]
        trust = {"SSL_CERT_FILE": str(folder / "authority.pem")}
    with processes.process(arguments, core=0):
        processes.wait_for_port(port)
        yield f"{'https' if https else 'http'}://127.0.0.1:{port}/", trust


def measure(
    database: Database,
    *,
    https: bool,
    services: int,
    interval_seconds: int,
    seconds: int,
    workers: int = 1,
    delay_ms: float = 0,
    prepare: Callable[[Database], None] | None = None,
) -> Measured:
    """Run workers over ``services`` for ``seconds`` after everything was looked at once.

    ``prepare`` adds to the database what else there shall be.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address, trust = stack.enter_context(target(folder, https=https, delay_ms=delay_ms))
        seed(database, services, url=address, interval_seconds=interval_seconds)
        if prepare is not None:
            prepare(database)
        variables = processes.worker_variables(folder, database.url) | trust
        command = ["webmon.cli", "worker"]
        running = [
            stack.enter_context(processes.process(command, core=1 - number, **variables))
            for number in range(workers)
        ]
        time.sleep(interval_seconds + WARM_UP_SECONDS)
        begin, cpu = time.time(), sum(map(processes.cpu_seconds, running))
        time.sleep(seconds)
        took, cpu = time.time() - begin, sum(map(processes.cpu_seconds, running)) - cpu
        memory = max(map(processes.megabytes, running))
        time.sleep(1.5)  # what was found in the last moment is recorded by now
        done, failed = _count(database, begin, begin + took)
        overdue = _overdue(database)
        late = _lateness(database, begin, begin + took, interval_seconds)
        return Measured(
            services / interval_seconds,
            done / took,
            cpu / max(done, 1) * 1000,
            cpu / took * 100,
            memory,
            failed,
            overdue,
            late,
            _twice(database, begin, begin + took, interval_seconds),
        )


def _twice(database: Database, begin: float, end: float, interval_seconds: int) -> int:
    most = -(-(end - begin) // interval_seconds)
    with database.read() as session:
        counted = session.exec(
            select(func.count())
            .select_from(CheckResult)
            .where(col(CheckResult.at_ms).between(begin * 1000, end * 1000))
            .group_by(col(CheckResult.service_id))
        ).all()
    return sum(1 for count in counted if count > most)


def _count(database: Database, begin: float, end: float) -> tuple[int, int]:
    between = col(CheckResult.at_ms).between(begin * 1000, end * 1000)
    with database.read() as session:
        done = session.exec(select(func.count()).select_from(CheckResult).where(between)).one()
        failed = session.exec(
            select(func.count()).select_from(CheckResult).where(between, CheckResult.status != 0)
        ).one()
    return done, failed


def _overdue(database: Database) -> int:
    """Services that wait for a check although their time has passed by more than a second."""
    limit = clock.utcnow().timestamp() - 1
    with database.read() as session:
        rows = session.exec(select(ServiceState.next_check_at)).all()
    return sum(1 for at in rows if at is not None and at.timestamp() < limit)


def _lateness(database: Database, begin: float, end: float, interval_seconds: int) -> float:
    """The 99th percentile of how much later than its slot a check started, in milliseconds."""
    between = col(CheckResult.at_ms).between(begin * 1000, end * 1000)
    with database.read() as session:
        rows = session.exec(select(CheckResult.service_id, CheckResult.at_ms).where(between)).all()
    interval = interval_seconds * 1000
    half = interval / 2  # a check may be a little early: it starts together with another one
    late = sorted((at - phase(service) * interval + half) % interval - half for service, at in rows)
    return late[int(len(late) * 0.99)] if late else float("nan")
