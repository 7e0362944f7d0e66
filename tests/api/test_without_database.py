"""The web process while the database is locked, full, broken or away: 503, and when to return."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from tests.api.apps import fresh_app
from webmon import db
from webmon.clock import utcnow
from webmon.commands.accounts import users
from webmon.commands.accounts.passwords import hash_password
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import COOKIE
from webmon.domain.plain_page import DATABASE_AWAY
from webmon.edge import Edge

EMAIL, PASSWORD = "anna@example.org", "correct horse battery"


async def admin(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("nobody is let in")


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Edge(admin, fresh_app()))
    async with httpx.AsyncClient(transport=transport, base_url="http://status.example") as client:
        yield client


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path, cheap_passwords: None, monkeypatch) -> Path:
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "webmon.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with database.write() as session:
        users.create_user(session, EMAIL, hash_password(PASSWORD), Role.EDITOR, now=utcnow())
    database.close()
    return path


@contextmanager
def locked(file: Path) -> Iterator[Database]:
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield Database(f"sqlite:///{file}")


@contextmanager
def full(file: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{file}")

    @event.listens_for(database.engine, "connect")
    def _leave_no_room(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")  # no more than there are

    fill(database)
    yield database


def fill(database: Database) -> None:
    """Use the room that is left in the pages of the failed attempts."""
    connection = database.engine.raw_connection()
    names = iter(range(10_000))
    for length in (2000, 200, 20, 1):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            while True:
                row = str(next(names)).zfill(length), 0, "2999-01-01", "2999-01-01"
                connection.execute("INSERT INTO login_attempts VALUES (?, ?, ?, ?)", row)
    connection.close()


@contextmanager
def broken(file: Path) -> Iterator[Database]:
    file.write_bytes(b"none of SQLite's" * 5000)
    yield Database(f"sqlite:///{file}")


@contextmanager
def without_tables(file: Path) -> Iterator[Database]:
    yield Database(f"sqlite:///{file.parent / 'empty.db'}")


@contextmanager
def away(_file: Path) -> Iterator[Database]:
    yield Database("postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.parametrize("state", [locked, full, broken, without_tables, away])
async def test_signing_in_and_out_is_503(
    browser: httpx.AsyncClient, file: Path, state: Callable[..., Any]
) -> None:
    with state(file) as database:
        db.use(database)
        browser.cookies.set(COOKIE, "a" * 43)
        html = {"accept": "text/html,*/*"}
        form = {"email": EMAIL, "password": PASSWORD}
        answers = [await browser.post("/auth/login", data=form, headers=html)]
        if state is not full:  # where there is no session, there is nothing to store
            answers += [await browser.post("/auth/logout", headers=html)]
        if state not in (full, locked):  # which can be read
            answers += [await browser.get("/admin/", headers=html)]
        for answer in answers:
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
            assert DATABASE_AWAY in answer.text
            assert "<h1>" in answer.text
        machine = await browser.post("/auth/login", data=form)
        assert (machine.status_code, machine.json()["detail"]) == (503, DATABASE_AWAY)
        database.dispose()


async def test_a_heartbeat_is_503_while_the_database_is_away(browser: httpx.AsyncClient, file):
    with away(file) as database:
        db.use(database)
        answer = await browser.get("/api/v1/heartbeats/some-token")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


async def test_a_heartbeat_does_not_wait_for_a_silent_database(
    browser: httpx.AsyncClient, file: Path, monkeypatch
) -> None:
    import threading

    from webmon.api import heartbeats

    speaks = threading.Event()
    monkeypatch.setattr(heartbeats, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(heartbeats, "_is_known", lambda _token: speaks.wait(30))
    answer = await browser.get("/api/v1/heartbeats/some-token")
    speaks.set()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
