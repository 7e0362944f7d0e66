"""Addresses of what is shown: a reload, Back or a link brings it back."""

import pytest

from pages.admin.channels.state import ChannelsState
from pages.admin.hosts.state import HostsState
from pages.admin.incidents.state import IncidentsState
from tests import factories
from tests.pages.tab import open_tab
from tests.pages.test_admin import add_service, sign_in
from webmon.clock import utcnow
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.checks.status import Status
from webmon.domain.ids import read_id
from webmon.models import Incident, ServiceState
from webmon.ui.addresses import query_of


def add_many(database: Database, count: int = 30) -> int:
    """So many hosts; returns the id of a service of the last one."""
    with database.write() as session:
        namespace_id = factories.namespace(session, "many").id
        for number in range(count):
            name = f"Host {number:02}"
            host = factories.host(session, name, namespace_id=namespace_id)
            service = factories.service(session, "Port", host_id=host.id)
        return service.id


@pytest.mark.parametrize(
    ("values", "query"),
    [
        ({}, ""),
        ({"search": "", "page": 1, "host": 0}, ""),
        ({"search": "a b&c=ä", "page": 2}, "?search=a%20b%26c%3D%C3%A4&page=2"),
        ({"search": '"</script>'}, "?search=%22%3C%2Fscript%3E"),
    ],
)
def test_an_address_names_what_is_not_shown_anyway(values: dict[str, object], query: str) -> None:
    assert query_of(values) == query


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1.5", "²", "9" * 30, str(2**31), "1 OR 1"])
def test_what_is_no_id_in_an_address_names_nothing(text: str) -> None:
    assert read_id(text) == 0


async def test_what_is_chosen_is_shown_in_the_address(database: Database) -> None:
    service_id = add_many(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "turn_to", page=2)
        assert tab.told("?page=2") and tab.told("pushState")
        await tab.send(HostsState, "toggle_detail", service_id=service_id)
        assert tab.told(f"?page=2&service={service_id}")
        await tab.send(HostsState, "choose_namespace", slug="many")
        assert tab.told(f"?namespace=many&service={service_id}")
        await tab.send(HostsState, "search_for", text="Host 1")
        assert tab.told("search=Host%201") and tab.told("replaceState")


async def test_an_address_brings_back_what_was_chosen(database: Database) -> None:
    add_many(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        tab.address = "/hosts/?namespace=many&search=Host&page=2"
        await tab.send(HostsState, "load")
        assert (tab.shown["namespace"], tab.shown["search"]) == ("many", "Host")
        assert tab.shown["summary"].page == 2
        tab.address = "/hosts/"
        await tab.send(HostsState, "load")
        assert (tab.shown["namespace"], tab.shown["search"]) == ("", "")
        assert tab.shown["summary"].page == 1


async def test_filters_order_and_opened_hosts_are_in_the_address(database: Database) -> None:
    add_many(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        tab.address = "/hosts/?status=unknown&kind=tcp&sort=name&open=3,x,5&tag=no"
        await tab.send(HostsState, "load")
        assert tab.shown["summary"].found == 0
        await tab.send(HostsState, "choose_tag", tag="")
        assert tab.told("?status=unknown&kind=tcp&sort=name&open=3%2C5")
        assert (tab.shown["sort"], tab.shown["summary"].last) == ("name", 25)
        await tab.send(HostsState, "show_all")
        host = tab.shown["hosts"][2]
        assert (host.id, host.is_open, tab.shown["hosts"][3].is_open) == (3, True, False)
        await tab.send(HostsState, "toggle_services", host_id=host.id)
        assert tab.told("?sort=name&open=5")


async def test_nothing_moves_while_somebody_is_in_the_list(database: Database) -> None:
    add_many(database, 3)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, "load")
        with database.write() as session:
            session.get_one(ServiceState, 3).status = Status.DOWN
        await tab.send(HostsState, "tick", held=True)
        assert [host.id for host in tab.shown["hosts"]] == [1, 2, 3]
        assert (tab.shown["hosts"][2].status, tab.shown["summary"].moves) == ("down", 1)
        assert tab.shown["worst"] == "down"
        await tab.send(HostsState, "reorder")
        assert [host.id for host in tab.shown["hosts"]] == [3, 1, 2]
        with database.write() as session:
            session.get_one(ServiceState, 2).status = Status.DEGRADED
            session.get_one(ServiceState, 3).status = Status.UP
        await tab.send(HostsState, "tick", held=False)
        assert [host.id for host in tab.shown["hosts"]] == [2, 1, 3]


async def test_an_opened_service_is_found_on_its_page(database: Database) -> None:
    service_id = add_many(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        tab.address = f"/hosts/?service={service_id}"
        await tab.send(HostsState, "load")
        assert tab.shown["summary"].page == 2 and tab.shown["detail"].id == service_id
        host = tab.shown["hosts"][-1]
        assert host.services[0].id == service_id
        tab.address = f"/hosts/?host={host.id}"
        await tab.send(HostsState, "load")
        assert (tab.shown["host"].id, tab.shown["detail"].id) == (host.id, 0)


@pytest.mark.parametrize("query", ["service=999", "host=x", "page=-3", "namespace=no&page=7"])
async def test_an_address_of_nothing_shows_the_room(database: Database, query: str) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        tab.address = f"/hosts/?{query}"
        await tab.send(HostsState, "load")
        assert tab.shown["loaded"] and not tab.told("error in Beaconry")


async def test_who_comes_back_from_another_room_finds_what_was_chosen(database: Database) -> None:
    add_many(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "search_for", text="Host 1")
        await tab.send(IncidentsState, "load")
        await tab.send(HostsState, "load")
        assert tab.shown["search"] == "Host 1" and tab.told("?search=Host%201")
        await tab.send(HostsState, "load")
        assert tab.shown["search"] == ""


async def test_incidents_and_channels_have_addresses_too(database: Database) -> None:
    service_id = add_service(database)
    with database.write() as session:
        at = utcnow()
        for _ in range(30):
            session.add(Incident(service_id=service_id, opened_at=at, resolved_at=at))
        channel_id = factories.channel(session, "ops").id
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        tab.address = "/incidents/?incident=2"
        await tab.send(IncidentsState, "load")
        assert tab.shown["detail"].id == 2
        tab.address = "/incidents/?show=open&page=9"
        await tab.send(IncidentsState, "load")
        assert tab.shown["only_open"] and (tab.shown["view"].page, tab.shown["detail"].id) == (1, 0)
        tab.address = f"/channels/?channel={channel_id}"
        await tab.send(ChannelsState, "load")
        assert tab.shown["told"].channel_id == channel_id
        tab.address = "/channels/"
        await tab.send(ChannelsState, "load")
        assert tab.shown["told"].channel_id == 0


async def test_an_address_begins_something_new_for_who_may(database: Database) -> None:
    add_many(database, 1)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        tab.address = "/hosts/?new=host&namespace=many"
        await tab.send(HostsState, "load")
        assert tab.told("?namespace=many") and tab.shown["form"].thing == "host"
        tab.address = "/hosts/?new=site"
        await tab.send(HostsState, "load")
        assert tab.shown["adding"] == "site"
        tab.address = "/channels/?new=channel"
        await tab.send(ChannelsState, "load")
        assert tab.shown["form"].thing != "channel"
