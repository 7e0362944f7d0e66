"""Alive, and ready."""

import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from webmon import db
from webmon.api import health, question
from webmon.clock import utcnow
from webmon.commands.checks.workers import tick
from webmon.db import Database


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(health.router)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        yield client


async def test_ready_while_a_worker_ticks(client: httpx.AsyncClient, database: Database) -> None:
    now = utcnow()
    with database.write() as session:
        tick(session, "old", now=now - timedelta(hours=1))
        tick(session, "here", now=now - timedelta(seconds=20))
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert set(answer.json()["checks"].values()) == {"ok"}


@pytest.mark.parametrize("silent_seconds", [None, 31])
async def test_not_ready_without_a_worker(
    client: httpx.AsyncClient, database: Database, silent_seconds: int | None
) -> None:
    if silent_seconds:
        with database.write() as session:
            tick(session, "silent", now=utcnow() - timedelta(seconds=silent_seconds))
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    why = "no worker has ticked in the last 30 seconds"
    assert (answer.json()["detail"], answer.json()["checks"]["worker"]) == (why, why)
    assert answer.json()["checks"]["database"] == "ok"


async def test_alive_but_not_ready_without_the_database(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    db.use(Database(f"sqlite:///{tmp_path}/empty.db"))
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the database cannot be reached"
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    db.current().dispose()


async def test_a_database_that_stays_silent_is_not_waited_for(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaks = threading.Event()
    monkeypatch.setattr(health, "worker_ticks", lambda *_, **__: speaks.wait(30))
    with monkeypatch.context() as patched:
        patched.setattr(question, "PATIENCE_SECONDS", 0.05)
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "the database does not answer",
    )
    speaks.set()
    assert (await client.get("/readyz")).status_code == 200
