"""The worker makes trials: what it answers is what a check after saving says."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlmodel import select

from bench.processes import free_port
from pages.admin.channels.state import ChannelsState
from pages.admin.hosts.state import HostsState
from tests import factories
from tests.notifiers.webhook_server import WebhookServer
from tests.pages.tab import Tab, open_tab
from tests.pages.test_admin import as_a_browser_sends, sign_in
from webmon import config
from webmon.commands.checks.look import look
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.models import CheckResult, Notification, Service, StatusChange, Trial
from webmon.queries.inventory.definitions import services_of
from workers.pipeline import Pipeline
from workers.trials import Trials


@pytest.fixture
async def trials(database: Database) -> AsyncIterator[Trials]:
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    yield Trials(pipeline.in_database)
    await pipeline.stop(0)


async def tried(tab: Tab, state: Any, typed: dict[str, str], trials: Trials, **more: str) -> Any:
    """What the form shows once the worker has answered."""

    async def work() -> None:
        for _ in range(100):
            await asyncio.sleep(0.05)
            await trials.dispatch()

    worker = asyncio.create_task(work())
    await tab.send(state, "try_out", form=typed, told_at=more.get("told_at", ""))
    worker.cancel()
    return tab.shown["trial"]


async def test_a_service_is_tried_in_its_form(database: Database, trials: Trials) -> None:
    with database.write() as session:
        host_id = factories.host(session, "Datastore", address="127.0.0.1").id
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    open_port = str(server.sockets[0].getsockname()[1])
    async with server, open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "open_new", thing="service", parent_id=host_id)
        await tab.send(HostsState, "choose_kind", kind="tcp")
        typed = as_a_browser_sends(tab.shown["form"])
        await tab.send(HostsState, "try_out", form=typed, told_at="")
        assert tab.shown["mistake"].control == "config.port"
        closed = await tried(tab, HostsState, typed | {"config.port": str(free_port())}, trials)
        assert (closed.word, closed.is_over) == ("down", True) and "refused" in closed.message
        typed |= {"config.port": open_port}
        found = await tried(tab, HostsState, typed, trials)
        assert found.word == "up" and "Connect" in [each.name for each in found.phases]
        with database.read() as session:
            for model in (Service, StatusChange, CheckResult, Notification):
                assert session.exec(select(model)).all() == []
            assert session.exec(select(Trial)).one().definition is None
        await tab.send(HostsState, "save", form=typed | {"name": "Port"})
        assert tab.told("Port is saved.") and tab.shown["trial"].id == 0
        with database.read() as session:
            [saved] = services_of(session, "Datastore", "Port")
        outcome = await look(saved)
        said = [each.rpartition(", in ")[0] for each in (outcome.message, found.message)]
        assert outcome.status.value == found.status and said[0] == said[1] != ""


async def test_a_channel_is_tried_in_its_form(database: Database, trials: Trials) -> None:
    with WebhookServer() as hook:
        async with open_tab(sign_in(database, Role.ADMIN)) as tab:
            await tab.send(ChannelsState, "load")
            await tab.send(ChannelsState, "open_new", thing="channel", parent_id=0)
            await tab.send(ChannelsState, "choose_kind", kind="webhook")
            typed = as_a_browser_sends(tab.shown["form"]) | {"config.url": hook.hook_url}
            found = await tried(tab, ChannelsState, typed, trials)
        assert (found.status, found.message) == ("up", "The test was sent.")
        assert [each["event"] for each in hook.contents] == ["test"]
    with database.read() as session:
        assert session.exec(select(Notification)).all() == []


async def test_what_would_be_public_is_shown_before(
    database: Database, trials: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setattr(config.settings(), "x_api_url", nowhere)
    keys = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(ChannelsState, "load")
        await tab.send(ChannelsState, "open_new", thing="channel", parent_id=0)
        await tab.send(ChannelsState, "choose_kind", kind="twitter")
        typed = as_a_browser_sends(tab.shown["form"]) | {f"config.{each}": "k" for each in keys}
        await tab.send(ChannelsState, "try_out", form=typed, told_at="")
        asked = tab.shown["trial"]
        assert "this is a test of our status messages" in asked.question
        with database.read() as session:
            assert session.exec(select(Trial)).all() == []
        found = await tried(tab, ChannelsState, typed, trials, told_at=asked.told_at)
    assert found.question == "" and found.message.startswith("The test was not sent: X")
