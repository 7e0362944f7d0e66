"""The activity's page, and the part "History" of other pages."""

from sqlmodel import select

from pages.admin.activity import page
from pages.admin.activity.state import ActivityState
from pages.admin.channels.state import ChannelsState
from pages.admin.downtimes.state import DowntimesState
from pages.admin.host.state import HostPageState
from pages.admin.namespaces.state import NamespacesState
from pages.admin.users.state import UsersState
from tests import factories
from tests.pages.tab import open_tab
from tests.pages.test_admin import as_a_browser_sends, sign_in
from webmon.clock import utcnow
from webmon.commands.accounts import users
from webmon.commands.downtimes.edit import edit_downtime
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.inventory import hosts
from webmon.commands.notifications import channels
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.models import DowntimeOccurrence

CHANNEL = {
    "name": "ops",
    "kind": "slack",
    "config": {"webhook_url": "https://hooks.slack.com/services/s3cret"},
}


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
        assert tab.shown["history"].found == ()


async def test_a_hosts_page_tells_what_was_done_to_it_and_puts_it_back(database: Database) -> None:
    with database.write() as session:
        host = factories.host(session, address="0.example")
        host_id = host.id
        fields = {"name": host.name, "namespace_id": host.namespace_id}
        for number in range(1, 13):
            wanted = fields | {"address": f"{number}.example"}
            hosts.update_host(session, host.id, wanted, actor=None, now=utcnow())
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        tab.address = f"/host/?id={host_id}"
        await tab.send(HostPageState, "load")
        history = tab.shown["history"]
        assert [len(history.found), history.found[0].changes[0].after] == [10, "12.example"]
        await tab.send(HostPageState, "turn_history", before=history.older)
        assert [each.changes[0].after for each in tab.shown["history"].found] == [
            *("2.example", "1.example")
        ]
        await tab.send(HostPageState, "put_back", entry_id=tab.shown["history"].found[0].id)
        assert tab.told("Address has been changed since")
        await tab.send(HostPageState, "put_back", entry_id=history.found[0].id)
        latest = tab.shown["history"].found[0].changes[0]
        assert (latest.before, latest.after) == ("12.example", "11.example")
        tab.address = f"/activity/?thing=host&id={host_id}"
        await tab.send(ActivityState, "load")
        assert len(tab.shown["view"].found) == 13
        tab.address = f"/activity/?thing=host&id={host_id + 1}"
        await tab.send(ActivityState, "load")
        assert tab.shown["view"].found == ()
        await tab.send(ActivityState, "look_for", what="thing", value="host")
        assert len(tab.shown["view"].found) == 13, "and of all hosts"


async def test_channels_people_and_downtimes_have_a_history(database: Database) -> None:
    cookie = sign_in(database, Role.ADMIN)
    now = utcnow()
    with database.write() as session:
        host = factories.host(session)
        channel = channels.create_channel(session, CHANNEL, actor=None, now=now)
        channels.switch_channel(session, channel.id, False, actor=None, now=now)
        ida = {"email": "ida@example.org", "role": "viewer"}
        user = users.invite_user(session, ida, actor=None, now=now)
        users.update_user(session, user.id, ida | {"role": "editor"}, actor=None, now=now)
        planned = {
            "namespace_id": host.namespace_id,
            "host_ids": [host.id],
            "title": "Moving",
            "starts_at": f"{now.year + 1}-01-01T12:00",
            "timezone": "UTC",
            "duration_seconds": 600,
        }
        downtime = plan_downtime(session, planned, actor=None, now=now)
        edit_downtime(session, downtime.id, planned | {"title": "M"}, actor=None, now=now)
        time = session.exec(select(DowntimeOccurrence.id)).one()
        ids = channel.id, user.id
    opened = (
        (ChannelsState, "toggle", {"channel_id": ids[0]}, ("enabled", "no", "yes")),
        (UsersState, "tell_history", {"user_id": ids[1]}, ("role", "editor", "viewer")),
        (DowntimesState, "open_time", {"occurrence_id": time}, ("title", "M", "Moving")),
    )
    async with open_tab(cookie) as tab:
        for state, handler, arguments, put_back in opened:
            tab.shown["history"] = None
            await tab.send(state, "load")
            await tab.send(state, handler, **arguments)
            edit, made = tab.shown["history"].found
            assert edit.can_put_back and not made.can_put_back
            await tab.send(state, "put_back", entry_id=edit.id)
            [change] = tab.shown["history"].found[0].changes
            assert (change.field, change.before, change.after) == put_back
            await tab.send(state, handler, **arguments)
            assert tab.shown["history"].found == (), "closed again"
