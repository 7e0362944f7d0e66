"""Hosts, services and channels are duplicated: a filled form, blank secrets, a thing of its own."""

from typing import Any

import pytest
from sqlmodel import select

from pages.admin.channels.state import ChannelsState
from pages.admin.hosts.state import HostsState
from tests import factories
from tests.pages.tab import Tab, open_tab
from tests.pages.test_admin import as_a_browser_sends, private_key, sign_in
from webmon import crypto
from webmon.clock import utcnow
from webmon.commands.checks.heartbeats import prepare
from webmon.commands.notifications.channels import create_channel
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.copies import at_address, copy_name
from webmon.models import Channel, Heartbeat, Host, Service
from webmon.probes.ssh_access import SshAccess

HOOK = {"name": "ops", "kind": "webhook", "config": {"url": "https://a.example", "secret": "s3"}}


@pytest.fixture
def host_id(database: Database) -> int:
    ssh = crypto.seal(SshAccess(user="webmon", private_key=private_key()))  # type: ignore[arg-type]
    page = {"url": "https://a.example/tools", "contains": "ready"}
    login = {"host": "a.example", "user": "u", "password": "hidden", "database": "d"}
    with database.write() as session:
        host = factories.host(session, "Datastore", address="a.example", ssh=ssh, tags=["old"])
        own = {"host_id": host.id, "public": False}
        factories.service(session, "Website", kind="http", config=page, **own, critical=True)
        factories.service(session, "Database", kind="postgres", config=login, **own)
        job = factories.service(session, "Job", kind="heartbeat", config={"every": "1h"}, **own)
        prepare(session, job, now=utcnow())
        return host.id


async def duplicated(tab: Tab, state: Any, thing: str, row_id: int) -> dict[str, str]:
    await tab.send(state, "load")
    await tab.send(state, "duplicate", thing=thing, row_id=row_id)
    return as_a_browser_sends(tab.shown["form"])


def named(database: Database, model: Any, name: str) -> Any:
    with database.read() as session:
        return session.exec(select(model).where(model.name == name)).one()


async def test_a_copied_host_has_copies_of_its_services_but_no_secret(
    database: Database, host_id: int
) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        raw = await duplicated(tab, HostsState, "host", host_id)
        form = tab.shown["form"]
        assert (raw["name"], raw["tags"], raw["ssh.user"]) == ("Datastore copy", "old", "webmon")
        assert (form.id, form.draft) == (0, f"host:0:0:{host_id}")
        assert not any(each.is_set for each in form.fields())
        assert form.note == (
            "Secrets are not copied. Type again: Private key."
            " Not copied, because they hold secrets: Database."
        )
        await tab.send(HostsState, "save", form=raw)
        assert "private_key" in tab.shown["mistake"].message
        raw |= {"address": "b.example", "ssh.private_key": private_key()}
        await tab.send(HostsState, "save", form=raw)
        assert tab.told("Datastore copy is saved.")
    copy = named(database, Host, "Datastore copy")
    assert copy.id != host_id and copy.revision == 1 and crypto.unseal(copy.ssh)["private_key"]
    with database.read() as session:
        own = session.exec(select(Service).where(Service.host_id == copy.id)).all()
        page, job = sorted(own, key=lambda each: each.kind != "http")
        assert page.config == {"url": "https://b.example/tools", "contains": "ready"}
        assert page.critical and not page.public
        tokens = session.exec(select(Heartbeat)).all()
        assert len(tokens) == 2 and session.get_one(Heartbeat, job.id)
        assert len({str(each.token) for each in tokens}) == 2


async def test_a_copied_service_stands_beside_the_other(database: Database, host_id: int) -> None:
    stored = named(database, Service, "Database")
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        tab.address = f"/hosts/?duplicate=service.{stored.id}"
        await tab.send(HostsState, "load")
        raw, form = as_a_browser_sends(tab.shown["form"]), tab.shown["form"]
        assert (raw["name"], form.parent, form.id) == ("Database copy", host_id, 0)
        assert (raw["config.user"], raw["config.password"]) == ("u", "")
        assert "Type again: Password." in form.note
        await tab.send(HostsState, "save", form=raw | {"config.password": "other"})
        assert tab.told("Database copy is saved.")
        await tab.send(
            HostsState, "reopen", thing="service", row_id=0, parent_id=0, copied=stored.id
        )
        assert tab.shown["form"].title == "Copy of Database"
    copy = named(database, Service, "Database copy")
    assert copy.id != stored.id and crypto.unseal(copy.config)["password"] == "other"
    assert named(database, Service, "Database").config == stored.config


async def test_a_channel_is_duplicated_but_not_the_administrators(database: Database) -> None:
    with database.write() as session:
        hook = create_channel(session, HOOK, actor=None, now=utcnow()).id
        own = session.exec(select(Channel.id).where(Channel.built_in)).first()
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        raw = await duplicated(tab, ChannelsState, "channel", hook)
        assert (raw["name"], raw["config.url"], raw["config.secret"]) == ("ops copy", "", "")
        assert "Type again" in tab.shown["form"].note
        await tab.send(ChannelsState, "save", form=raw | {"config.url": "https://b.example"})
        assert tab.told("ops copy is saved.")
        await tab.send(ChannelsState, "duplicate", thing="channel", row_id=own)
        assert tab.told("cannot be duplicated")
    assert "secret" not in named(database, Channel, "ops copy").config


def test_a_copy_has_a_name_that_fits_and_looks_at_the_new_address() -> None:
    assert copy_name("x" * 100) == "x" * 95 + " copy"
    config = {"url": "http://u@A.example:8080/a?b", "in": {"host": "a.example"}, "n": 1, "s": "a"}
    moved = {"url": "http://u@[::1]:8080/a?b", "in": {"host": "::1"}, "n": 1, "s": "a"}
    assert at_address(config, "a.example", "::1") == moved
    assert at_address(config, "", "::1") == config
    assert at_address({"url": "http://[a.example"}, "a.example", "b") == {
        "url": "http://[a.example"
    }
