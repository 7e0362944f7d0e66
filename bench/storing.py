"""What it costs to store results, and how much room they take."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from sqlmodel import Session, text

from bench.databases import KINDS, empty
from bench.say import say
from bench.seed import seed
from webmon import clock
from webmon.commands.checks import results
from webmon.commands.checks.record import Finding, claim_due, record
from webmon.db import Database
from webmon.domain.history.rollups import Rollup
from webmon.probes.base import Outcome, Phases, up

SERVICES = 2_000
TURNS = 5
BATCH = 250
ROWS = 400_000
EVIDENCE = {"url": "http://127.0.0.1/", "status_code": 200, "content_type": "text/html",
            "http_version": "HTTP/1.1", "address": "127.0.0.1:80", "body_bytes": 2036}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """CPU microseconds per result, client and server together, and the room for a million."""

    result_us: float
    record_us: float
    claim_us: float
    mebibytes_per_million: float


def report() -> None:
    """Measure and print."""
    say("Storing, CPU µs per result (client and server), and MiB for a million results")
    say("  (reference: row and roll-up SQLite 15, PostgreSQL 97 µs; Kuma 131 MiB per million)")
    for kind in KINDS:
        with empty(kind) as database:
            stored = measure(database)
        say(
            f"  {kind:11} row and roll-up {stored.result_us:5.1f}   whole record "
            f"{stored.record_us:6.1f}   claim {stored.claim_us:5.1f}   "
            f"{stored.mebibytes_per_million:6.1f} MiB"
        )


def measure(database: Database) -> Stored:
    """Claim and record some turns of many services; then store many rows."""
    seed(database, SERVICES, url="http://127.0.0.1/", interval_seconds=20)
    now = clock.utcnow()
    _turn(database, now)
    claimed = recorded = 0.0
    for turn in range(1, TURNS + 1):
        claim_seconds, record_seconds = _turn(database, now + turn * timedelta(seconds=20))
        claimed += claim_seconds
        recorded += record_seconds
    count = SERVICES * TURNS
    row_us = _row_us(database, now)
    return Stored(row_us, recorded / count * 1e6, claimed / count * 1e6, _mebibytes(database, now))


def _outcome(service_id: int) -> Outcome:
    taken = 1_000 + service_id * 37 % 4_000
    return up("200 OK in 1 ms", taken, Phases(None, taken // 4, None, taken - 100), **EVIDENCE)


def _turn(database: Database, at: datetime) -> tuple[float, float]:
    before = _cpu_seconds(database)
    claimed = []
    while True:
        with database.write() as session:
            due = claim_due(session, "bench", limit=1_000, now=at + timedelta(seconds=20))
        if not due:
            break
        claimed += due
    between = _cpu_seconds(database)
    findings = [
        Finding(each.service_id, each.claim, each.revision, at, _outcome(each.service_id))
        for each in claimed
    ]
    ready = _cpu_seconds(database)
    for start in range(0, len(findings), BATCH):
        with database.write() as session:
            record(session, findings[start : start + BATCH], now=at)
    return between - before, _cpu_seconds(database) - ready


def _row_us(database: Database, now: datetime) -> float:
    """A result's row and its part of the roll-up, apart from deciding what it means."""
    rollups = {service_id: Rollup().as_list() for service_id in range(1, SERVICES + 1)}
    outcomes = {service_id: _outcome(service_id) for service_id in rollups}
    before = _cpu_seconds(database)
    for turn in range(TURNS):
        at = now + timedelta(days=1, seconds=20 * turn)
        ids = list(rollups)
        for start in range(0, len(ids), BATCH):
            rows = []
            for service_id in ids[start : start + BATCH]:
                outcome = outcomes[service_id]
                rows.append(results.result_row(service_id, at, outcome))
                rollup = Rollup.from_list(rollups[service_id])
                rollup.add(outcome.status, outcome.response_us)
                rollups[service_id] = rollup.as_list()
            with database.write() as session:
                results.store_results(session, rows)
    return (_cpu_seconds(database) - before) / (SERVICES * TURNS) * 1e6


def _mebibytes(database: Database, now: datetime) -> float:
    """The room for a million results that come as they do: every service in its turn."""
    begin = now + timedelta(days=2)
    with database.write() as session:
        before = _size(session)
    for turn in range(ROWS // SERVICES):
        at = begin + timedelta(seconds=20 * turn)
        rows = [
            results.result_row(service_id, at, _outcome(service_id + turn))
            for service_id in range(1, SERVICES + 1)
        ]
        with database.write() as session:
            results.store_results(session, rows)
    with database.write() as session:
        return (_size(session) - before) / 2**20 / ROWS * 1_000_000


def _size(session: Session) -> float:
    if session.get_bind().dialect.name == "postgresql":
        size = "SELECT pg_total_relation_size('check_result')"
    else:
        size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return float(session.connection().execute(text(size)).scalar_one())


def _cpu_seconds(database: Database) -> float:
    """Of this process and, on PostgreSQL, of the server's processes for this database."""
    total = time.process_time()
    if database.is_sqlite:
        return total
    for process in psutil.process_iter(["cmdline", "name"]):
        if process.info["name"] == "postgres" and _belongs(process, database):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _belongs(process: psutil.Process, database: Database) -> bool:
    """Whether a server process works in the folder that the database's address names."""
    try:
        return Path(process.cwd()).name in database.url
    except psutil.Error:
        return False
