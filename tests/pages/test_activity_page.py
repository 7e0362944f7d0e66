"""The activity's page, and the part "History" of other pages."""

from pages.admin.activity import page
from pages.admin.activity.state import ActivityState
from pages.admin.host.state import HostPageState
from pages.admin.namespaces.state import NamespacesState
from tests import factories
from tests.pages.tab import open_tab
from tests.pages.test_admin import as_a_browser_sends, sign_in
from webmon.clock import utcnow
from webmon.commands.inventory import hosts
from webmon.db import Database
from webmon.domain.accounts.access import Role


def test_the_page_renders_without_a_database() -> None:
    assert "Editors and admins" in str(page.activity().render())


async def test_what_somebody_does_in_the_app_is_told_with_their_name(database: Database) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(NamespacesState, "load")
        await tab.send(NamespacesState, "open_new", thing="namespace", parent_id=0)
        typed = as_a_browser_sends(tab.shown["form"]) | {"name": "IATI", "slug": "iati"}
        await tab.send(NamespacesState, "save", form=typed)
        await tab.send(ActivityState, "load")
        [entry] = tab.shown["view"].found
        assert (entry.verb, entry.name, entry.way) == ("added", "IATI", "app")
        assert entry.actor == "editor@example.org" and "127.0.0.1" in entry.came_from
        for what, value, found in (("text", "iati", 1), ("thing", "host", 0), ("thing", 5, 1)):
            await tab.send(ActivityState, "look_for", what=what, value=value)
            assert len(tab.shown["view"].found) == found
        await tab.send(ActivityState, "look_for", what="view", value="x")
        await tab.send(ActivityState, "turn_to", before=entry.id)
        assert tab.shown["view"].found == ()


async def test_a_viewer_is_told_nothing(database: Database) -> None:
    with database.write() as session:
        host_id = factories.host(session).id
        hosts.delete_host(session, factories.host(session, "Old").id, actor=None, now=utcnow())
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(ActivityState, "load")
        assert tab.shown["view"].found == () and not tab.shown["view"].may_see
        tab.address = f"/host/?id={host_id}"
        await tab.send(HostPageState, "load")
        assert tab.shown["history"] == ()


async def test_a_hosts_page_tells_what_was_done_to_it(database: Database) -> None:
    with database.write() as session:
        host = factories.host(session)
        host_id = host.id
        fields = {"name": host.name, "namespace_id": host.namespace_id, "address": "b.example"}
        hosts.update_host(session, host.id, fields, actor=None, now=utcnow())
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        tab.address = f"/host/?id={host_id}"
        await tab.send(HostPageState, "load")
        [entry] = tab.shown["history"]
        assert entry.changes[0].field == "address" and entry.changes[0].after == "b.example"
