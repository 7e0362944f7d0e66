"""Two people edit one row at the same time: nothing is lost, and the second is told."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlmodel import select

from pages.admin.channels.state import ChannelsState
from pages.admin.downtimes.state import DowntimesState
from pages.admin.hosts.state import HostsState
from pages.admin.namespaces.state import NamespacesState
from pages.admin.users.state import UsersState
from tests import factories
from tests.clock import NOW
from tests.pages.tab import Tab, open_tab
from tests.pages.test_admin import as_a_browser_sends, sign_in
from webmon.clock import utcnow
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.notifications.channels import create_channel
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.models import Channel, Downtime, DowntimeOccurrence, Host, Namespace, Service, User

HOOK = {"name": "ops", "kind": "webhook", "config": {"url": "https://a.example", "secret": "s3"}}

CASES: dict[str, tuple[Any, Any, dict[str, str], dict[str, str], list[tuple[str, str, str]]]] = {
    "host": (
        HostsState,
        Host,
        {"address": "b.example"},
        {"name": "Store"},
        [("Address", "a.example", "b.example")],
    ),
    "service": (
        HostsState,
        Service,
        {"interval_seconds": "5m", "critical": "on"},
        {"name": "Other port"},
        [("Check every", "1m", "5m"), ("Critical: takes the host down", "no", "yes")],
    ),
    "namespace": (
        NamespacesState,
        Namespace,
        {"timezone": "Europe/London"},
        {"name": "Aid"},
        [("Timezone", "UTC", "Europe/London")],
    ),
    "channel": (
        ChannelsState,
        Channel,
        {"reminder_every_seconds": "1h", "events.degraded": "on"},
        {"name": "hooks"},
        [("Remind every", "4h", "1h"), ("Something has difficulties", "no", "yes")],
    ),
    "user": (
        UsersState,
        User,
        {"role": "editor", "email": "b@example.org"},
        {"shown_name": "Bea"},
        [
            ("E-mail address", "a@example.org", "b@example.org"),
            ("May do", "Viewer: sees everything", "Editor: also changes what is watched"),
        ],
    ),
    "downtime": (
        DowntimesState,
        Downtime,
        {"duration_seconds": "2h"},
        {"title": "Move"},
        [("Length", "1h", "2h")],
    ),
}
NAMES = {"user": ("shown_name", "name"), "downtime": ("title", "title")}
"""What the form and the table call the field that the second changes, where it is no name."""


def planned(host: Host) -> dict[str, Any]:
    return {
        "namespace_id": host.namespace_id,
        "host_ids": [host.id],
        "title": "Upgrade",
        "starts_at": f"{utcnow().year + 1}-06-01T12:00",
        "timezone": "UTC",
        "duration_seconds": 3600,
    }


@pytest.fixture
def stored(database: Database) -> dict[str, int]:
    with database.write() as session:
        host = factories.host(session, "Datastore", address="a.example")
        service = factories.service(session, "Port", host_id=host.id)
        channel = create_channel(session, HOOK, actor=None, now=NOW)
        user = factories.user(session, "a@example.org", Role.VIEWER)
        session.flush()
        downtime = plan_downtime(session, planned(host), actor=None, now=utcnow())
        ids = {"host": host.id, "service": service.id, "channel": channel.id}
        ids |= {"user": user.id, "downtime": downtime.id}
        return ids | {"namespace": host.namespace_id}


def values(database: Database, model: Any, row_id: int) -> dict[str, Any]:
    with database.read() as session:
        row: dict[str, Any] = session.get_one(model, row_id).model_dump()
        return row


async def opened(tab: Tab, state: Any, thing: str, row_id: int) -> dict[str, str]:
    await tab.send(state, "load")
    await tab.send(state, "open_form", thing=thing, row_id=row_id)
    return as_a_browser_sends(tab.shown["form"])


def told(tab: Tab) -> list[tuple[str, str, str]]:
    return [(each.label, each.before, each.after) for each in tab.shown["others"]]


@pytest.mark.parametrize("thing", CASES)
async def test_the_second_is_told_and_both_edits_are_kept(
    database: Database, stored: Mapping[str, int], thing: str
) -> None:
    state, model, first, second, changes = CASES[thing]
    row_id, cookie = stored[thing], sign_in(database, Role.ADMIN)
    async with open_tab(cookie) as one, open_tab(cookie) as two:
        theirs = await opened(one, state, thing, row_id)
        mine = await opened(two, state, thing, row_id)
        await one.send(state, "save", form=theirs | first)
        before = values(database, model, row_id)
        await two.send(state, "save", form=mine | second)
        assert told(two) == changes and two.shown["form"].is_late
        assert values(database, model, row_id) == before
        await two.send(state, "save", form=mine | second)
        assert two.told("is saved.") and two.shown["others"] == ()
    after = values(database, model, row_id)
    field, column = NAMES.get(thing, ("name", "name"))
    assert after[column] == second[field] and after["revision"] == before["revision"] + 1
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {column, "revision", "config", "changed_at"}


async def test_the_second_may_take_what_the_first_has_saved(
    database: Database, stored: Mapping[str, int]
) -> None:
    cookie = sign_in(database, Role.ADMIN)
    async with open_tab(cookie) as one, open_tab(cookie) as two:
        theirs = await opened(one, HostsState, "host", stored["host"])
        mine = await opened(two, HostsState, "host", stored["host"])
        await one.send(HostsState, "save", form=theirs | {"name": "Store"})
        await two.send(HostsState, "save", form=mine | {"name": "Shop"})
        [change] = two.shown["others"]
        assert (change.before, change.after, change.typed) == ("Datastore", "Store", "Shop")
        await two.send(HostsState, "take_stored")
        form = two.shown["form"]
        assert as_a_browser_sends(form)["name"] == "Store" and not form.is_late
        await two.send(HostsState, "save", form=as_a_browser_sends(form))
        assert two.told("Store is saved.")


@pytest.mark.parametrize("thing", ["host", "service"])
async def test_a_form_outlives_a_deletion_that_is_undone(
    database: Database, stored: Mapping[str, int], thing: str
) -> None:
    cookie = sign_in(database, Role.EDITOR)
    async with open_tab(cookie) as one, open_tab(cookie) as two:
        await two.send(HostsState, "load")
        await two.send(HostsState, "toggle_services", host_id=stored["host"])
        mine = await opened(two, HostsState, thing, stored[thing])
        assert not two.shown.get("form_apart")
        await one.send(HostsState, "load")
        await one.send(HostsState, "ask_delete", thing="host", row_id=stored["host"])
        await one.send(HostsState, "delete", form={})
        await two.send(HostsState, "tick")
        assert two.shown["form_apart"] and two.shown["form"].id == stored[thing]
        await two.send(HostsState, "open_new", thing="host", parent_id=0)
        assert not two.shown["form_apart"]
        await two.send(HostsState, "close_form")
        assert not two.shown["form_apart"]
        await one.send(HostsState, "undo_delete")
        await two.send(HostsState, "reorder")
        await opened(two, HostsState, thing, stored[thing])
        await one.send(HostsState, "ask_delete", thing="host", row_id=stored["host"])
        await one.send(HostsState, "delete", form={})
        await two.send(HostsState, "save", form=mine | {"name": "Kept"})
        assert two.told("does not exist") and two.shown["form"].id == stored[thing]
        await one.send(HostsState, "undo_delete")
        await two.send(HostsState, "save", form=mine | {"name": "Kept"})
        assert two.told("Kept is saved.") and not two.shown["form_apart"]


async def test_one_time_of_a_downtime_keeps_what_both_have_changed(
    database: Database, stored: Mapping[str, int]
) -> None:
    cookie = sign_in(database, Role.ADMIN)
    with database.read() as session:
        wanted = select(DowntimeOccurrence).where(
            DowntimeOccurrence.downtime_id == stored["downtime"]
        )
        time = session.exec(wanted).one().id
    async with open_tab(cookie) as one, open_tab(cookie) as two:
        theirs = await opened(one, DowntimesState, "time", time)
        mine = await opened(two, DowntimesState, "time", time)
        await one.send(DowntimesState, "save", form=theirs | {"message": "Be patient."})
        await two.send(DowntimesState, "save", form=mine | {"title": "Move"})
        assert told(two) == [("Message", "nothing", "Be patient.")]
        await two.send(DowntimesState, "save", form=mine | {"title": "Move"})
    after = values(database, DowntimeOccurrence, time)
    assert (after["title"], after["message"]) == ("Move", "Be patient.")


async def test_what_the_form_does_not_show_is_nobodys_business(
    database: Database, stored: Mapping[str, int]
) -> None:
    """Another address of the host has its services looked at again: that is no edit of theirs."""
    cookie = sign_in(database, Role.ADMIN)
    async with open_tab(cookie) as one, open_tab(cookie) as two:
        mine = await opened(two, HostsState, "service", stored["service"])
        theirs = await opened(one, HostsState, "host", stored["host"])
        await one.send(HostsState, "save", form=theirs | {"address": "b.example"})
        await two.send(HostsState, "save", form=mine | {"name": "Other port"})
        assert two.told("Other port is saved.")


async def test_a_pause_is_not_undone_by_a_form(
    database: Database, stored: Mapping[str, int]
) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        typed = await opened(tab, HostsState, "service", stored["service"])
        await tab.send(HostsState, "pause", service_id=stored["service"])
        await tab.send(HostsState, "save", form=typed | {"name": "Other port"})
        assert told(tab) == [("Paused", "no", "yes")]
        await tab.send(HostsState, "save", form=typed | {"name": "Other port"})
    assert values(database, Service, stored["service"])["paused"] is True


async def test_a_secret_is_never_shown_and_asked_about(
    database: Database, stored: Mapping[str, int]
) -> None:
    """Nobody can see whether the other replaced it too."""
    cookie = sign_in(database, Role.ADMIN)
    async with open_tab(cookie) as one, open_tab(cookie) as two:
        theirs = await opened(one, ChannelsState, "channel", stored["channel"])
        mine = await opened(two, ChannelsState, "channel", stored["channel"])
        await one.send(ChannelsState, "save", form=theirs | {"config.secret": "n3w"})
        await two.send(ChannelsState, "save", form=mine | {"config.secret": "0wn"})
        assert two.shown["form"].is_late and told(two) == []
        assert "0wn" not in str(two.shown) and "n3w" not in str(two.shown)
        await two.send(ChannelsState, "save", form=mine | {"config.secret": "0wn"})
        assert two.told("ops is saved.")
