"""The pages of channels and incidents without a browser: who may do what, and what is shown."""

from typing import Any

import pytest
from sqlmodel import select

from pages.admin.channels import channel_form as forms
from pages.admin.channels import page
from pages.admin.channels.state import ChannelsState
from pages.admin.incidents import page as incidents
from pages.admin.incidents.state import IncidentsState
from tests import factories
from tests.clock import MINUTE
from tests.outside import ALL_EVENTS, deliver, outside, see
from tests.pages.tab import Tab, open_tab
from tests.pages.test_admin import as_a_browser_sends, sign_in
from webmon import crypto
from webmon.clock import utcnow
from webmon.commands.validation import KEEP
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.checks.status import Status
from webmon.domain.notifications.messages import post
from webmon.models import Channel, Notification, Service
from webmon.notifiers import NOTIFIERS
from webmon.notifiers.base import NotifierError

__all__ = ["outside"]

HOOK = "https://hooks.slack.com/services/T0/B0/hidden"

ADMINISTERING: dict[str, dict[str, Any]] = {
    "open_form": {"thing": "channel", "row_id": 1},
    "open_new": {"thing": "channel", "parent_id": 0},
    "duplicate": {"thing": "channel", "row_id": 1},
    "choose_kind": {"kind": "email"},
    "close_form": {},
    "save": {"form": {}},
    "switch": {"channel_id": 1, "enabled": False},
    "try_again": {"channel_id": 1},
    "ask_delete": {"thing": "channel", "row_id": 1},
    "keep": {},
    "delete": {"form": {}},
    "undo_delete": {},
}
SENDING: dict[str, dict[str, Any]] = {
    "send_test": {"channel_id": 1},
    "ask_send_again": {"notification_id": 1},
    "send_asked": {},
}


def add_channel(database: Database, **fields: Any) -> int:
    with database.write() as session:
        return factories.channel(session, "ops", **fields).id


def stored(database: Database, name: str = "ops") -> Channel:
    with database.read() as session:
        return session.exec(select(Channel).where(Channel.name == name)).one()


def notifications(database: Database) -> list[Notification]:
    with database.read() as session:
        return list(session.exec(select(Notification).order_by(Notification.id)))


def go_down(database: Database) -> None:
    """A service of a host is down, and its channels have been told."""
    with database.write() as session:
        namespace = factories.namespace(session)
        host = factories.host(session, "Datastore", namespace_id=namespace.id)
        service_id = factories.service(session, "Website", host_id=host.id).id
    at = utcnow() - MINUTE
    see(database, Status.DOWN, service_id, at=at)
    deliver(database, at=at + MINUTE)


async def fill_in(tab: Tab, **typed: str) -> None:
    """Send the open form with these fields typed; None leaves a checkbox without its tick."""
    form = as_a_browser_sends(tab.shown["form"]) | typed
    await tab.send(ChannelsState, "save", form={k: v for k, v in form.items() if v is not None})


def test_the_pages_render_without_a_database() -> None:
    assert "Send a test" in str(page.channels().render())
    assert "Notified" in str(incidents.incidents().render())


async def test_an_anonymous_socket_sees_nothing(database: Database) -> None:
    add_channel(database)
    async with open_tab(None) as tab:
        for state, handler in ((ChannelsState, "load"), (IncidentsState, "load")):
            await tab.send(state, handler)
            assert tab.told("/login/")
    assert "ops" not in str(tab.shown)


@pytest.mark.parametrize("handler", [*ADMINISTERING, *SENDING])
async def test_a_viewer_changes_and_sends_nothing(database: Database, outside, handler) -> None:
    add_channel(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(ChannelsState, handler, **(ADMINISTERING | SENDING)[handler])
        assert tab.told("You may not do this.")
    assert stored(database).enabled and not notifications(database)


@pytest.mark.parametrize("handler", ADMINISTERING)
async def test_an_editor_changes_no_channel(database: Database, outside, handler) -> None:
    add_channel(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(ChannelsState, handler, **ADMINISTERING[handler])
        assert tab.told("You may not do this.")
    assert stored(database).enabled


async def test_a_channel_is_added_edited_and_its_secret_never_comes_back(
    database: Database,
) -> None:
    with database.write() as session:
        namespace_id = factories.namespace(session).id
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(ChannelsState, "load")
        await tab.send(ChannelsState, "open_new", thing="channel", parent_id=0)
        await fill_in(tab, name="chat")
        assert tab.shown["mistake"].control == "config.webhook_url"
        await tab.send(ChannelsState, "save", form={"name": "chat", "config.webhook_url": HOOK})
        assert tab.shown["mistake"].control == "events.down"
        await fill_in(
            tab,
            **{
                "name": "chat",
                "namespace_id": str(namespace_id),
                "reminder_every_seconds": "1d",
                "config.webhook_url": HOOK,
                "events.degraded": "on",
                "events.up": None,
            },
        )
        assert tab.told("chat is saved.")
        row = stored(database, "chat")
        assert row.events == ["down", "reminder", "degraded", "downtime"]
        assert (row.namespace_id, row.reminder_every_seconds) == (namespace_id, 24 * 3600)
        assert crypto.unseal(row.config) == {"webhook_url": HOOK}

        await tab.send(ChannelsState, "switch", channel_id=row.id, enabled=False)
        await tab.send(ChannelsState, "open_form", thing="channel", row_id=row.id)
        form = tab.shown["form"]
        secret = next(each for each in form.fields() if each.name == "config.webhook_url")
        assert (secret.value, secret.is_set) == ("", True)
        await fill_in(tab, name="talk", **{"events.up": "on"})
        row = stored(database, "talk")
        assert (row.id, row.enabled) == (row.id, False)
        assert "up" in row.events
        assert crypto.unseal(row.config) == {"webhook_url": HOOK}
        assert "hidden" not in str(tab.shown)


async def test_of_the_administrators_channel_there_is_little_to_choose(database: Database) -> None:
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(ChannelsState, "load")
        [shown] = tab.shown["channels"]
        assert (shown.built_in, shown.word) == (True, "cannot send")
        assert "WEBMON_SMTP_URL" in shown.why
        await tab.send(ChannelsState, "open_form", thing="channel", row_id=shown.id)
        form = tab.shown["form"]
        assert [field.name for field in form.sections[0].fields] == ["reminder_every_seconds"]
        await fill_in(tab, reminder_every_seconds="2h", **{"events.down": None})
        assert "must include down" in tab.shown["mistake"].message.lower()
        await fill_in(tab, reminder_every_seconds="2h")
        assert stored(database, "Administrators").reminder_every_seconds == 7200
        for handler, payload in (
            ("switch", {"channel_id": shown.id, "enabled": False}),
            ("delete", {"form": {}}),
        ):
            await tab.send(ChannelsState, "ask_delete", thing="channel", row_id=shown.id)
            await tab.send(ChannelsState, handler, **payload)
            assert tab.told("someone must always be notified")


async def test_a_test_is_queued_and_followed_to_its_end(database: Database, outside) -> None:
    channel_id = add_channel(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(ChannelsState, "load")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pages.admin.channels.state.FOLLOW_SECONDS", (0.01,))
            await tab.send(ChannelsState, "send_test", channel_id=channel_id)
        assert tab.shown["test"].text == "The test waits for the worker."
        assert outside.received == [], "the web process only queues"
        deliver(database, at=utcnow())
        await tab.send(ChannelsState, "tick")
        assert tab.shown["test"].text.startswith("The test was sent, ")
        assert len(outside.received) == 1


async def test_a_test_in_public_is_shown_before(database: Database, outside) -> None:
    channel_id = add_channel(database, kind="billboard")
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(ChannelsState, "load")
        await tab.send(ChannelsState, "send_test", channel_id=channel_id)
        question = tab.shown["send_question"]
        assert question.is_public and "this is a test of our status messages" in question.text
        await tab.send(ChannelsState, "send_nothing")
        await tab.send(ChannelsState, "send_asked")
        assert not notifications(database)
        await tab.send(ChannelsState, "send_test", channel_id=channel_id)
        question = tab.shown["send_question"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pages.admin.channels.state.FOLLOW_SECONDS", (0.01,))
            await tab.send(ChannelsState, "send_asked")
        deliver(database, at=utcnow())
    [(_, message)] = outside.received
    assert post(message) == question.text


async def test_what_is_over_by_now_is_not_told_by_accident(database: Database, outside) -> None:
    channel_id = add_channel(database, kind="billboard")
    go_down(database)
    with database.read() as session:
        service_id = session.exec(select(Service.id)).one()
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(IncidentsState, "load")
        await open_incident(tab, 1)
        sent = next(each for each in tab.shown["detail"].deliveries if each.channel == "ops")
        await tab.send(IncidentsState, "ask_send_again", notification_id=sent.id)
        assert tab.shown["send_question"].over == ""
        see(database, Status.UP, service_id, at=utcnow())
        before = len(notifications(database))
        await tab.send(IncidentsState, "send_asked")
        question = tab.shown["send_question"]
        assert question.over == "Website on Datastore is up by now." and question.is_public
        assert tab.told("look again") and len(notifications(database)) == before
        await tab.send(IncidentsState, "send_asked")
        assert tab.told("Queued to be sent again.")
    again = notifications(database)[-1]
    assert (again.channel_id, again.cause) == (channel_id, f"again:{sent.id}")


async def test_what_failed_is_shown_and_sent_again(database: Database, outside) -> None:
    channel_id = add_channel(database)
    outside.failures["ops"] = NotifierError("the key is wrong", permanent=True)
    go_down(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(ChannelsState, "load")
        assert tab.shown["headline"] == "2 channels cannot send"
        await tab.send(ChannelsState, "toggle", channel_id=channel_id)
        [failed] = tab.shown["told"].deliveries
        assert (failed.word, failed.why) == ("failed", "the key is wrong")
        outside.failures.clear()
        await tab.send(ChannelsState, "ask_send_again", notification_id=failed.id)
        assert not tab.shown["send_question"].is_public
        await tab.send(ChannelsState, "send_asked")
        assert tab.told("Queued to be sent again.")
        assert tab.shown["told"].deliveries[0].word == "waits"
        deliver(database, at=utcnow())
        await tab.send(ChannelsState, "tick")
        assert tab.shown["told"].deliveries[0].word == "sent"
        await tab.send(ChannelsState, "toggle", channel_id=channel_id)
        assert tab.shown["told"].channel_id == 0


async def test_an_open_channel_shows_its_texts(database: Database) -> None:
    with database.write() as session:
        hook = {"webhook_url": HOOK}
        config = crypto.seal(NOTIFIERS["slack"].config.model_validate(hook))
        channel_id = factories.channel(session, "ops", kind="slack").id
        session.get_one(Channel, channel_id).config = config
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(ChannelsState, "load")
        await tab.send(ChannelsState, "toggle", channel_id=channel_id)
        assert [each.event for each in tab.shown["previews"]][:2] == ["down", "back online"]
        assert "hidden" not in str(tab.shown)


async def test_a_channel_is_deleted_after_a_question(database: Database, outside) -> None:
    channel_id = add_channel(database)
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(ChannelsState, "load")
        await tab.send(ChannelsState, "toggle", channel_id=channel_id)
        await tab.send(ChannelsState, "ask_delete", thing="channel", row_id=channel_id)
        assert tab.shown["doomed"].question == "Delete the channel ops and its messages?"
        await tab.send(ChannelsState, "keep")
        await tab.send(ChannelsState, "delete", form={})
        assert len(tab.shown["channels"]) == 2
        await tab.send(ChannelsState, "ask_delete", thing="channel", row_id=channel_id)
        await tab.send(ChannelsState, "delete", form={})
        assert tab.shown["gone"].told == "ops is deleted."
        assert [each.name for each in tab.shown["channels"]] == ["Administrators"]
        assert tab.shown["told"].channel_id == 0


@pytest.mark.parametrize("wrong", ["x", None, -1, 10**30, [1], {"a": 1}])
async def test_arguments_of_another_kind_are_refused_in_words(
    database: Database, outside, wrong
) -> None:
    channel_id = add_channel(database)
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(ChannelsState, "load")
        await tab.send(ChannelsState, "toggle", channel_id=channel_id)
        for handler, name in (
            ("turn_to", "page"),
            ("toggle", "channel_id"),
            ("send_test", "channel_id"),
            ("ask_send_again", "notification_id"),
            ("try_again", "channel_id"),
            ("choose_kind", "kind"),
            ("save", "form"),
        ):
            await tab.send(ChannelsState, handler, **{name: wrong})
            assert not tab.told("error in Beaconry"), handler
        for handler, row in (
            ("open_form", "row_id"),
            ("open_new", "parent_id"),
            ("ask_delete", "row_id"),
        ):
            for payload in ({"thing": "channel", row: wrong}, {"thing": wrong, row: 1}):
                await tab.send(ChannelsState, handler, **payload)
                assert not tab.told("error in Beaconry"), handler
    assert not notifications(database)


@pytest.mark.parametrize("kind", NOTIFIERS)
def test_the_form_of_every_kind_reads_back_what_it_shows(kind: str) -> None:
    form = forms.new_channel(((1, "IATI"),), for_all=True)
    form = forms.with_kind(form, kind)
    model = NOTIFIERS[kind].config
    shown = {each.name.split(".")[1] for each in form.fields() if each.name.startswith("config.")}
    assert shown == set(model.model_fields)
    fields = forms.CHANNEL.read(form, as_a_browser_sends(form) | {"name": "It"})
    assert (fields["name"], fields["kind"]) == ("It", kind)
    assert fields["events"] == ["down", "up", "reminder", "downtime"]
    assert fields["reminder_every_seconds"] == 4 * 3600
    assert "namespace_id" not in fields, "every namespace"
    told = {name: value for name, value in fields["config"].items() if value is not KEEP}
    assert set(told) <= set(model.model_fields)


@pytest.mark.parametrize(("kind", "word"), [("webhook", "JSON"), ("email", "HTML")])
def test_what_a_kind_sends_is_written_as_it_is_called(kind: str, word: str) -> None:
    form = forms.new_channel(((1, "IATI"),), for_all=True)
    fields = forms.with_kind(form, kind).fields()
    assert word in next(each.help for each in fields if each.name == "kind")


# --- incidents


async def open_incident(tab, incident_id) -> None:
    tab.address = f"/incidents/?incident={incident_id}"
    await tab.send(IncidentsState, "load")


async def test_an_incident_shows_who_was_told_and_who_was_not(database: Database, outside) -> None:
    add_channel(database)
    go_down(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(IncidentsState, "load")
        view = tab.shown["view"]
        assert (view.headline, view.status) == ("1 service is down", "down")
        [incident] = view.groups[0].parts
        assert (incident.host, incident.service) == ("Datastore", "Website")
        await open_incident(tab, incident.id)
        told = {each.channel: (each.word, each.why) for each in tab.shown["detail"].deliveries}
        assert told == {
            "Administrators": ("not sent", "WEBMON_SMTP_URL is not set"),
            "ops": ("sent", ""),
        }
        sent = next(each for each in tab.shown["detail"].deliveries if each.channel == "ops")
        await tab.send(IncidentsState, "ask_send_again", notification_id=sent.id)
        question = tab.shown["send_question"]
        assert question.over == "" and "Datastore – Website is down" in question.text
        await tab.send(IncidentsState, "send_asked")
        words = [(each.event, each.word) for each in tab.shown["detail"].deliveries]
        assert words == [("down", "not sent"), ("down", "sent"), ("down (again)", "waits")]
        await open_incident(tab, "")
        assert tab.shown["detail"].id == 0


async def test_what_somebody_writes_is_shown_and_told(database: Database, outside) -> None:
    add_channel(database, events=ALL_EVENTS)
    go_down(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(IncidentsState, "load")
        await open_incident(tab, 1)
        for wrong in ({"text": " "}, {"text": 3}, {}, None):
            await tab.send(IncidentsState, "write_update", form=wrong)
            assert tab.shown["mistake"].startswith("Must ")
        await tab.send(IncidentsState, "write_update", form={"text": "The disk is full"})
        assert tab.told("Published")
        assert tab.shown["mistake"] == ""
        assert "The disk is full" in [each.what for each in tab.shown["detail"].timeline]
        [waiting] = [each for each in tab.shown["detail"].deliveries if each.word == "waits"]
        assert (waiting.channel, waiting.event) == ("ops", "incident update")
    deliver(database, at=utcnow() + MINUTE)
    assert outside.told()[-1] == "incident_update Datastore.Website"


async def test_an_editor_takes_an_incident(database: Database) -> None:
    go_down(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(IncidentsState, "load")
        assert tab.shown["view"].groups[0].parts[0].can_acknowledge
        for wrong in (None, "x", {}, 10**30, [None], [{}], ["x"], [10**30]):
            await tab.send(IncidentsState, "acknowledge", incident_ids=wrong)
            assert not tab.told("error in Beaconry")
        await tab.send(IncidentsState, "acknowledge", incident_ids=[1])
        [incident] = tab.shown["view"].groups[0].parts
        assert "@" in incident.acknowledged_by and incident.acknowledged_at
        assert not incident.can_acknowledge


async def test_an_editor_mutes_and_ends_it(database: Database) -> None:
    go_down(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await open_incident(tab, 1)
        for wrong in (None, {}, {"reason": " "}, {"reason": 3, "what": {}, "until": []}):
            await tab.send(IncidentsState, "mute", form=wrong)
            assert tab.shown["mute_mistake"].startswith("Must ")
        for what in ("service", "host"):
            form = {"reason": "new disks", "what": what, "until": "1h"}
            await tab.send(IncidentsState, "mute", form=form)
            assert tab.told("Muted.")
        assert [each.what for each in tab.shown["detail"].mutes] == [
            "Datastore / Website",
            "Datastore",
        ]
        for mute_id in (None, "x", 10**30, 1, 2):
            await tab.send(IncidentsState, "end_mute", mute_id=mute_id)
            assert not tab.told("error in Beaconry")
        assert tab.shown["detail"].mutes == ()


async def test_the_filters_stand_in_the_address(database: Database) -> None:
    go_down(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        tab.address = "/incidents/?show=open&namespace=nothing&host=x&incident=1"
        await tab.send(IncidentsState, "load")
        assert tab.shown["rest"] == "show=open&namespace=nothing&"
        assert (tab.shown["view"].found, tab.shown["detail"].id) == (0, 1)


async def test_a_viewer_of_incidents_sends_nothing(database: Database, outside) -> None:
    add_channel(database)
    go_down(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(IncidentsState, "load")
        await open_incident(tab, 1)
        assert not any(each.can_send_again for each in tab.shown["detail"].deliveries)
        await tab.send(IncidentsState, "ask_send_again", notification_id=1)
        assert tab.told("You may not do this.")
        assert not tab.shown["detail"].can_write
        await tab.send(IncidentsState, "write_update", form={"text": "The disk is full"})
        assert tab.told("You may not do this.")
        for wrong in (None, "x", 10**30):
            await open_incident(tab, wrong)
            await tab.send(IncidentsState, "turn_to", page=wrong)
            assert not tab.told("error in Beaconry")


async def test_where_nothing_was_down_the_page_says_so(database: Database) -> None:
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(IncidentsState, "load")
    assert (tab.shown["view"].headline, tab.shown["view"].found) == ("Nothing is down", 0)
