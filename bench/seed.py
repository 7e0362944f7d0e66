"""Fill a database with hosts and services to measure with."""

from typing import Any

from sqlalchemy import insert

from webmon import clock, crypto
from webmon.db import Database
from webmon.domain.checks.schedule import next_slot
from webmon.domain.checks.status import Status
from webmon.models import Host, Namespace, Service, ServiceState
from webmon.probes import PROBES


def seed(
    database: Database, services: int, *, url: str, interval_seconds: int, per_host: int = 10
) -> None:
    """``services`` of kind http looking at ``url``, evenly due over one interval."""
    now = clock.utcnow()
    config = crypto.seal(PROBES["http"].config.model_validate({"url": url, "verify_tls": True}))
    with database.write() as session:
        namespace = Namespace(slug="bench", name="Bench", created_at=now)
        session.add(namespace)
        session.flush()
        hosts = [
            {"id": n, "namespace_id": namespace.id, "name": f"Host {n:05}", "address": "127.0.0.1",
             "public": True, "created_at": now}
            for n in range(1, services // per_host + 1)
        ]  # fmt: skip
        session.execute(insert(Host), hosts)
        common: dict[str, Any] = {
            "kind": "http", "config": config, "interval_seconds": interval_seconds,
            "created_at": now,
        }  # fmt: skip
        rows = [
            {"id": n, "host_id": (n - 1) // per_host + 1, "name": f"Page {n}", **common}
            for n in range(1, services + 1)
        ]
        session.execute(insert(Service), rows)
        states = [
            {"service_id": n, "status": Status.UNKNOWN, "since": now, "up_since": now,
             "down_since": now, "next_check_at": next_slot(n, interval_seconds, now)}
            for n in range(1, services + 1)
        ]  # fmt: skip
        session.execute(insert(ServiceState), states)
