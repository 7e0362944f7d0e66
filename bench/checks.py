"""What a check costs: the whole worker, from claim to recorded result."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from sqlmodel import col, func, select

from bench import processes
from bench.seed import seed
from webmon import clock
from webmon.commands.schema import migrate
from webmon.db import Database
from webmon.models import CheckResult, ServiceState

WARM_UP_SECONDS = 8


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


@contextmanager
def target(folder: Path, *, https: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """A running target on core 0: its URL, and the variables that make its certificate trusted."""
    port = processes.free_port()
    arguments = ["bench.target", str(port)]
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
    *, https: bool, services: int, interval_seconds: int, seconds: int, database_url: str = ""
) -> Measured:
    """Run a worker over ``services`` for ``seconds`` after a warm-up."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = database_url or f"sqlite:///{folder / 'bench.db'}"
        database = Database(url)
        migrate(database)
        with target(folder, https=https) as (address, trust):
            seed(database, services, url=address, interval_seconds=interval_seconds)
            variables = processes.worker_variables(folder, url) | trust
            with processes.process(["webmon.cli", "worker"], core=1, **variables) as worker:
                time.sleep(WARM_UP_SECONDS)
                begin, cpu = time.time(), processes.cpu_seconds(worker)
                time.sleep(seconds)
                took, cpu = time.time() - begin, processes.cpu_seconds(worker) - cpu
                memory = processes.megabytes(worker)
                time.sleep(1)  # what was found in the last moment is recorded by now
                done, failed = _count(database, begin, begin + took)
                overdue = _overdue(database)
        late = _lateness(database, begin, begin + took, interval_seconds)
        database.dispose()
    return Measured(
        services / interval_seconds,
        done / took,
        cpu / max(done, 1) * 1000,
        cpu / took * 100,
        memory,
        failed,
        overdue,
        late,
    )


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
    from webmon.domain.schedule import phase

    between = col(CheckResult.at_ms).between(begin * 1000, end * 1000)
    with database.read() as session:
        rows = session.exec(select(CheckResult.service_id, CheckResult.at_ms).where(between)).all()
    interval = interval_seconds * 1000
    late = sorted((at - phase(service) * interval) % interval for service, at in rows)
    # A check a hair early (rounded down to the millisecond) appears as late by a whole interval.
    late = sorted(0.0 if each > interval - 2 else each for each in late)
    return late[int(len(late) * 0.99)] if late else float("nan")
