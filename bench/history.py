"""A history to read: millions of raw results, the roll-ups of them, and what changed meanwhile.

The databases make the rows themselves; sent one by one they would take most of an hour.
"""

import json
import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text, update

from webmon.commands.history.daily_uptime import settle_some
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.domain.history.rollups import Rollup
from webmon.models import Incident, NoData, Service, ServiceState, StatusChange
from webmon.models.columns import table

DAYS = 90
RAW_DAYS = 30
OUTAGES = 6
"""Per service within 90 days, one every two weeks: more than most have."""
GAPS = 6
"""Times within 90 days at which no worker ran, for twenty minutes."""

SERIES = {
    True: "WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series"
    " WHERE n + 1 < :count) ",
    False: "WITH series AS (SELECT generate_series(0, :count - 1) AS n) ",
}
"""The numbers from 0 on; SQLite or not."""

RAW = """INSERT INTO check_result (service_id, at_ms, status, response_us, first_byte_us)
SELECT service.id, :begin + n * CAST(:step AS BIGINT), 0,
 20000 + (n * 7919 + service.id * 104729) % 90000, 15000 + (n * 7919) % 60000
 FROM service CROSS JOIN series ORDER BY 1, 2"""

ROLLED = """INSERT INTO {table} (service_id, {key}, up, degraded, down, unknown, answers, sum_us,
 min_us, max_us, sketch)
SELECT service.id, :first + n, :checks, 0, 0, 0, :checks, :checks * (60000 + service.id * 50),
 20000, 109999, :sketch FROM service CROSS JOIN series ORDER BY 1, 2"""


def fill(database: Database, *, services: int, raw: int, now: datetime) -> None:
    """``raw`` results of the last 30 days, 90 days of roll-ups and changes, for every service."""
    per_service = raw // services
    step = timedelta(days=RAW_DAYS) / per_service
    begin = now - timedelta(days=RAW_DAYS)
    _series(database, RAW, per_service, begin=_ms(begin), step=round(step.total_seconds() * 1000))
    hours, checks = DAYS * 24, round(timedelta(hours=1) / step)
    sketch = json.dumps(_sketch(checks))
    last_hour = int(now.timestamp()) // 3600
    _series(
        database,
        ROLLED.format(table="hourly", key="hour"),
        hours,
        first=last_hour - hours,
        checks=checks,
        sketch=sketch,
    )
    _series(
        database,
        ROLLED.format(table="daily", key="day"),
        DAYS + 1,
        first=last_hour // 24 - DAYS,
        checks=checks * 24,
        sketch=sketch,
    )
    _happenings(database, services, now)
    _settle(database, now)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))


def _settle(database: Database, now: datetime) -> None:
    """As the worker does after each midnight."""
    with database.write() as session:
        session.execute(update(table(Service)).values(created_at=now - timedelta(days=DAYS)))
    after: int | None = 0
    while after is not None:
        with database.write() as session:
            after = settle_some(session, after=after, now=now)


def _sketch(results: int) -> dict[str, int]:
    """The histogram of as many answers as there are in an hour."""
    rollup = Rollup()
    for n in range(results):
        rollup.add(Status.UP, 20_000 + n * 7919 % 90_000)
    return rollup.sketch


def _series(database: Database, statement: str, count: int, **values: Any) -> None:
    with database.write() as session:
        rows = _placed(SERIES[database.is_sqlite], statement)
        session.execute(text(rows), {"count": count, **values})


def _placed(series: str, statement: str) -> str:
    """SQLite and PostgreSQL both take a WITH before the SELECT of an INSERT."""
    return statement.replace("\nSELECT", f"\n{series}SELECT", 1)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _happenings(database: Database, services: int, now: datetime) -> None:
    dice = random.Random(4)
    begin = now - timedelta(days=DAYS)
    gaps = [
        (at := begin + timedelta(days=DAYS) * dice.random(), at + timedelta(minutes=20))
        for _ in range(GAPS)
    ]
    changes: list[dict[str, Any]] = []
    for service_id in range(1, services + 1):
        for at in sorted(begin + timedelta(days=DAYS) * dice.random() for _ in range(OUTAGES)):
            until = at + timedelta(minutes=5 + 60 * dice.random())
            changes.append(_change(service_id, at, Status.UP, Status.DOWN))
            changes.append(_change(service_id, until, Status.DOWN, Status.UP))
    changes.sort(key=lambda change: change["at"])  # as they would have been recorded
    with database.write() as session:
        session.execute(insert(table(StatusChange)), changes)
        session.execute(insert(table(Incident)), _incidents(changes))
        session.execute(
            insert(table(NoData)),
            [
                {"service_id": n, "began_at_ms": _ms(began), "ended_at_ms": _ms(ended)}
                for n in range(1, services + 1)
                for began, ended in gaps
            ],
        )
        session.execute(
            update(table(ServiceState)).values(
                status=Status.UP, since=begin, observed_at=now, last_checked_at=now, up_count=9
            )
        )


def _change(service_id: int, at: datetime, before: Status, after: Status) -> dict[str, Any]:
    return {
        "service_id": service_id,
        "at": at,
        "decided_at": at + timedelta(seconds=10),
        "from_status": before,
        "to_status": after,
        "message": "answered with 503 Service Unavailable",
        "evidence": {"status_code": 503, "phases": {"connect_us": 800}, "body": "x" * 400},
    }


def _incidents(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    opened: dict[int, datetime] = {}
    found = []
    for change in changes:
        service_id, at = change["service_id"], change["at"]
        if change["to_status"] is Status.DOWN:
            opened.setdefault(service_id, at)
        elif service_id in opened:
            began = opened.pop(service_id)
            length = (at - began).total_seconds()
            found.append(
                {
                    "service_id": service_id,
                    "opened_at": began,
                    "resolved_at": at,
                    "duration_seconds": length,
                    "message": change["message"],
                }
            )
    return found
