"""What the server keeps for tabs: dropped with the session, the rights, and time."""

import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from redis.asyncio import Redis
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State
from sqlalchemy import update

from bench.processes import free_port
from tests.product import eventually
from webmon import db
from webmon.clock import utcnow
from webmon.commands.accounts import logins, users
from webmon.commands.accounts.passwords import HashedPassword
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.sessions import token_hash
from webmon.models import User
from webmon.queries.accounts import actor_for_token
from webmon.ui.states import kept_states
from webmon.ui.states.kept_states import Owner, claim, drop_stale


@dataclass
class App:
    """What is used of a Reflex app."""

    state_manager: Any = field(default_factory=StateManagerMemory)
    connected: dict[str, str] = field(default_factory=dict)

    @property
    def event_namespace(self) -> SimpleNamespace:
        return SimpleNamespace(token_to_sid=self.connected)

    async def use(self, key: str, owner: Owner | None) -> None:
        """A tab's event, as the middleware sees it."""
        async with self.state_manager.modify_state(token_of(key)) as state:
            state.is_hydrated = True
            assert owner is None or claim(key, owner)

    async def keeps(self, key: str) -> bool:
        """Whether there is still what the tab left."""
        return bool((await self.state_manager.get_state(token_of(key))).is_hydrated)


def token_of(key: str) -> BaseStateToken:
    return BaseStateToken(ident=key, cls=State)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_states, "_kept", {})


@pytest.fixture
async def app() -> AsyncIterator[App]:
    app = App()
    yield app
    await app.state_manager.close()


def sign_in(database: Database, email: str = "anna@example.org") -> Owner:
    with database.write() as session:
        user = users.create_user(
            session, email, HashedPassword("-"), Role.EDITOR, namespaces=(), now=utcnow()
        )
        return owner_of(database, logins.open_session(session, user, now=utcnow()), session)


def owner_of(database: Database, token: str, session: Any) -> Owner:
    actor = actor_for_token(session, token, now=utcnow())
    assert actor is not None
    return Owner(token_hash(token), actor)


def log_out(database: Database, owner: Owner) -> None:
    with database.write() as session:
        users.end_sessions(session, owner.actor.user_id)


def change_role(database: Database, owner: Owner) -> None:
    with database.write() as session:
        session.execute(update(User).values(role=Role.VIEWER))


def limit(database: Database, owner: Owner) -> None:
    with database.write() as session:
        session.execute(update(User).values(limited=True))


def disable(database: Database, owner: Owner) -> None:
    with database.write() as session:
        users.disable_user(
            session, users.id_of(session, owner.actor.email), actor=None, now=utcnow()
        )


def change_password(database: Database, owner: Owner) -> None:
    with database.write() as session:
        users.set_password(
            session,
            users.id_of(session, owner.actor.email),
            HashedPassword("new"),
            actor=None,
            now=utcnow(),
        )


CHANGES = [log_out, change_role, limit, disable, change_password]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("connected", [True, False])
async def test_what_was_kept_goes_with_the_session_and_the_rights(
    database: Database, app: App, change: Any, connected: bool
) -> None:
    owner = sign_in(database)
    await app.use("tab", owner)
    app.connected = {"tab": "sid"} if connected else {}
    await drop_stale(app)
    assert await app.keeps("tab")
    change(database, owner)
    await drop_stale(app)
    assert not await app.keeps("tab")


@pytest.fixture
def sqlite(sqlite_template: Any, tmp_path: Any) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/webmon.db")
    (tmp_path / "webmon.db").write_bytes(sqlite_template.read_bytes())
    db.use(database)
    yield database
    database.dispose()


async def test_a_tab_is_of_one_owner_only(sqlite: Database) -> None:
    anna, ben = sign_in(sqlite), sign_in(sqlite, "ben@example.org")
    assert claim("tab", anna) and claim("tab", anna)
    assert not claim("tab", ben)
    demoted = Actor(anna.actor.user_id, anna.actor.email, Role.VIEWER)
    assert not claim("tab", Owner(anna.session, demoted))


async def test_of_the_tabs_that_were_left_the_latest_are_kept(sqlite: Database, app: App) -> None:
    owner = sign_in(sqlite)
    tabs = [f"tab-{number:03}" for number in range(300)]
    for tab in tabs:
        await app.use(tab, owner)
    app.connected = {tabs[0]: "sid"}
    await drop_stale(app)
    left = sorted(app.state_manager.states)
    assert left == [tabs[0], *tabs[-kept_states.MOST_LEFT :]]


async def test_a_tab_that_was_left_long_ago_is_dropped(
    sqlite: Database, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    await app.use("tab", sign_in(sqlite))
    monkeypatch.setattr(kept_states, "KEPT_SECONDS", 0.0)
    await drop_stale(app)
    assert not app.state_manager.states


async def test_a_state_without_an_owner_is_dropped_once_its_socket_is_gone(
    sqlite: Database, app: App
) -> None:
    """A client that opens sockets and never sends an event."""
    await app.use("tab", None)
    app.connected = {"tab": "sid"}
    await drop_stale(app)
    assert app.state_manager.states
    app.connected = {}
    await drop_stale(app)
    assert not app.state_manager.states


async def test_a_state_in_use_is_dropped_afterwards(sqlite: Database, app: App) -> None:
    owner = sign_in(sqlite)
    await app.use("tab", owner)
    log_out(sqlite, owner)
    async with app.state_manager.modify_state(token_of("tab")):
        await drop_stale(app)
        assert app.state_manager.states
    await drop_stale(app)
    assert not app.state_manager.states


@asynccontextmanager
async def redis_client(folder: Any) -> AsyncIterator[Redis]:
    """A client of a Redis server of its own."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        async with Redis(port=port) as client:
            eventually(lambda: socket.create_connection(("127.0.0.1", port)).close() or True)
            yield client
    finally:
        process.terminate()
        process.wait()


async def test_redis_forgets_too(sqlite: Database, tmp_path: Any) -> None:
    async with redis_client(tmp_path) as client:
        app = App(StateManagerRedis(client))
        owner, other = sign_in(sqlite), sign_in(sqlite, "ben@example.org")
        await app.use("tab", owner)
        await app.use("other", other)
        assert await app.keeps("tab")
        log_out(sqlite, owner)
        await drop_stale(app)
        assert not await app.keeps("tab")
        assert await app.keeps("other")
        assert not [key for key in await client.keys() if key.startswith(b"tab")]
        await app.state_manager.close()
