"""What the admin app shows of channels: how sending goes, what was told, what would be."""

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_service, add_site, iati, site
from tests.outside import deliver, outside, see
from webmon import config, crypto, doctor
from webmon.commands.notifications import channels, manual_sends
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import NotFound, PermissionDenied
from webmon.models import Channel, Namespace, Notification, User
from webmon.notifiers.base import NotifierError
from webmon.queries.notifications.channels import ChannelView, admin_channels, channel_form
from webmon.queries.notifications.deliveries import deliveries_of_channel, sent_test
from webmon.queries.notifications.previews import previews

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN
ADMIN = Actor(1, "a@example.org", Role.ADMIN)
HOOK = "https://hooks.slack.com/services/T0/B0/hidden"


def shown(database: Database, name: str = "ops", *, at=NOW, actor: Actor = ADMIN) -> ChannelView:
    with database.read() as session:
        view = admin_channels(session, actor=actor, now=at)
    return next(each for each in view.channels if each.name == name)


def told(database: Database, channel_id: int, *, actor: Actor = ADMIN, page: int = 1):
    with database.read() as session:
        return deliveries_of_channel(session, channel_id, actor=actor, page=page).deliveries


def test_a_channel_says_how_sending_goes(database, outside, site):
    add_channel(database)
    view = shown(database)
    assert (view.status, view.word, view.why) == ("unknown", "not used yet", "")
    assert view.events == "down, back online, reminder, planned downtime"
    assert view.reminder == "every 4h"

    outside.failures["ops"] = NotifierError("the server is busy")
    see(database, DOWN, site, at=NOW)
    assert shown(database).waiting == 1
    deliver(database, at=NOW + 3 * SECOND)
    view = shown(database)
    assert (view.status, view.word, view.why) == (
        "degraded",
        "tries again",
        "the server is busy",
    )
    assert view.next_try_at > (NOW + 3 * SECOND).isoformat()

    outside.failures.clear()
    deliver(database, at=NOW + HOUR)
    view = shown(database)
    assert (view.status, view.word, view.why, view.waiting) == ("up", "works", "", 0)


def test_a_channel_whose_only_test_has_failed_is_not_said_to_work(database, outside, iati):
    channel_id = add_channel(database)
    outside.failures["ops"] = NotifierError("connection refused")
    with database.write() as session:
        manual_sends.send_test(session, channel_id, actor=None, now=NOW)
    deliver(database, at=NOW)
    view = shown(database)
    assert (view.status, view.word) == ("unknown", "nothing sent yet")


def test_a_channel_whose_settings_are_wrong_stands_first_and_says_so(database, outside, site):
    add_channel(database, "zeta")
    add_channel(database, "alpha")
    outside.failures["zeta"] = NotifierError("the key is wrong", permanent=True)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.read() as session:
        names = [each.name for each in admin_channels(session, actor=ADMIN, now=NOW).channels]
    assert names == ["zeta", "alpha"]
    view = shown(database, "zeta")
    assert (view.status, view.word, view.why) == ("down", "stopped", "the key is wrong")


def test_a_channel_that_is_switched_off_or_unusable_says_so(database, outside, iati):
    add_channel(database, "off", enabled=False)
    add_channel(database, "broken", config={"unknown": 1})
    add_channel(database, "other", kind="pigeon")
    assert shown(database, "off").word == "switched off"
    assert shown(database, "broken").why.startswith("Its settings cannot be used")
    assert shown(database, "other").kind == "pigeon"


def test_the_administrators_channel_says_that_no_mail_server_is_set(database, monkeypatch):
    view = shown(database, "Administrators")
    assert (view.status, view.word) == ("down", "cannot send")
    assert "Set WEBMON_SMTP_URL" in view.why
    monkeypatch.setenv("WEBMON_SMTP_URL", "smtp://127.0.0.1")
    config.settings.cache_clear()
    assert shown(database, "Administrators").word == "not used yet"

    with database.write() as session:
        factories.namespace(session, "iati")
        di = factories.namespace(session, "di")
        of_both = factories.user(session, "a@example.org", unwanted_mails=["reminders"])
        factories.user(session, "b@example.org", namespace_ids=[di.id])
    view = shown(database, "Administrators")
    assert (view.status, view.word) == ("unknown", "not used yet")
    assert "about reminders in IATI:" in view.why
    with database.write() as session:
        session.get_one(User, of_both.id).unwanted_mails = ["outages", "reminders"]
    view = shown(database, "Administrators")
    assert (view.status, view.word) == ("degraded", "reaches nobody")
    assert "about outages and recoveries in IATI, nor about reminders in IATI:" in view.why
    with database.read() as session:
        page = admin_channels(session, actor=ADMIN, now=NOW)
        of_di = Actor(9, "d@example.org", Role.VIEWER, frozenset({di.id}))
        others = admin_channels(session, actor=of_di, now=NOW)
    assert page.headline == "1 channel reaches nobody"
    assert "IATI" not in str(others), "what another namespace lacks is its own business"
    [said] = [each for each in doctor.examine() if each.name == "channel Administrators"]
    assert said.is_hint and "reaches nobody: Nobody gets its mail about outages" in said.finding


def test_the_month_s_budget_is_shown(database, outside, site):
    add_channel(database, config={"monthly_budget": 2})
    assert (shown(database).budget, shown(database).is_budget_short) == (
        "0 of 2 posts this month",
        False,
    )
    for number, status in enumerate((DOWN, UP)):
        see(database, status, site, at=NOW + number * MINUTE)
        deliver(database, at=NOW + number * MINUTE + 5 * SECOND)
    view = shown(database)
    assert (view.budget, view.is_budget_short) == ("2 of 2 posts this month", True)
    assert (view.word, view.why) == ("stopped", "The monthly budget is used up.")


def test_who_sees_and_may_change_which_channel(database, outside, iati):
    with database.write() as session:
        other = factories.namespace(session, "di").id
    for name, namespace_id in (("ours", iati), ("theirs", other), ("all", None)):
        add_channel(database, name, namespace_id=namespace_id)
    limited = Actor(1, "b@example.org", Role.ADMIN, frozenset({iati}))
    with database.read() as session:
        view = admin_channels(session, actor=limited, now=NOW)
    assert [(each.name, each.can_edit) for each in view.channels] == [
        ("all", False),
        ("ours", True),
    ]
    assert (view.can_add, view.all_namespaces, view.namespaces) == (True, False, ((iati, "IATI"),))
    editor = Actor(2, "c@example.org", Role.EDITOR)
    ours = shown(database, "ours", actor=editor)
    assert (ours.can_edit, ours.can_send) == (False, True)
    viewer = Actor(3, "d@example.org", Role.VIEWER)
    ours = shown(database, "ours", actor=viewer)
    assert (ours.can_edit, ours.can_send) == (False, False)


def test_the_form_holds_no_secret(database):
    with database.write() as session:
        fields = {"name": "ops", "kind": "slack", "config": {"webhook_url": HOOK}}
        row = channels.create_channel(session, fields, actor=None, now=NOW)
        form = channel_form(session, row.id, actor=ADMIN)
        assert form.secrets == {"webhook_url"}
        assert "hidden" not in repr(form)
        assert "hidden" not in repr(admin_channels(session, actor=ADMIN, now=NOW))
        for role in (Role.EDITOR, Role.VIEWER):
            with pytest.raises(PermissionDenied):
                channel_form(session, row.id, actor=Actor(1, "x@example.org", role))
        with pytest.raises(NotFound):
            channel_form(session, 10**12, actor=ADMIN)


# --- what was told


def test_what_went_out_together_is_one_message(database, outside, site):
    channel_id = add_channel(database)
    others = [add_service(database, site, name) for name in ("Search", "Shell", "Disk", "Mail")]
    see(database, DOWN, site, *others, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    [view] = told(database, channel_id)
    assert view.about == "Datastore / Website, Datastore / Search, Datastore / Shell and 2 more"
    assert (view.event, view.word, view.status, view.attempts) == ("down", "sent", "up", 1)
    assert view.at == (NOW + 4 * SECOND).isoformat()
    assert view.can_send_again


def test_what_waits_says_why_and_until_when(database, outside, site):
    channel_id = add_channel(database)
    see(database, DOWN, site, at=NOW)
    [view] = told(database, channel_id)
    assert (view.word, view.why, view.attempts) == ("waits", "", 0)
    assert view.next_try_at == (NOW + 3 * SECOND).isoformat()
    assert not view.can_send_again
    outside.failures["ops"] = NotifierError("busy", retry_after_seconds=600)
    deliver(database, at=NOW + 3 * SECOND)
    [view] = told(database, channel_id)
    assert (view.word, view.why, view.attempts) == ("waits", "busy", 1)
    assert view.next_try_at >= (NOW + 603 * SECOND).isoformat()


def test_what_failed_or_was_suppressed_says_why(database, outside, site):
    channel_id = add_channel(database, config={"monthly_budget": 1})
    outside.failures["ops"] = NotifierError("the key is wrong", permanent=True)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    [failed] = told(database, channel_id)
    assert (failed.word, failed.why, failed.can_send_again) == ("failed", "the key is wrong", True)
    outside.failures.clear()
    with database.write() as session:
        manual_sends.send_again(session, failed.id, actor=ADMIN, now=NOW + MINUTE)
    deliver(database, at=NOW + MINUTE)
    see(database, UP, site, at=NOW + HOUR)
    deliver(database, at=NOW + HOUR + 5 * SECOND)
    suppressed, sent = told(database, channel_id)
    assert sent.word == "sent"
    assert suppressed.word == "not sent"
    assert suppressed.why == "monthly budget of 1 posts is used up"


def test_what_was_told_is_paged_newest_first(database, outside, iati):
    channel_id = add_channel(database)
    with database.write() as session:
        for number in range(25):
            at = NOW + number * SECOND
            manual_sends.send_test(session, channel_id, actor=None, now=at)
    with database.read() as session:
        first = deliveries_of_channel(session, channel_id, actor=ADMIN)
        second = deliveries_of_channel(session, channel_id, actor=ADMIN, page=2)
    assert (len(first.deliveries), first.has_more) == (20, True)
    assert (len(second.deliveries), second.has_more, second.page) == (5, False, 2)
    assert first.deliveries[0].at > second.deliveries[0].at


def test_a_channel_for_all_shows_nobody_another_s_namespace(database, outside, site, iati):
    channel_id = add_channel(database)
    with database.write() as session:
        other = factories.namespace(session, "di").id
    see(database, DOWN, add_site(database, other, "Secret"), site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    limited = Actor(1, "b@example.org", Role.VIEWER, frozenset({iati}))
    assert [each.about for each in told(database, channel_id, actor=limited)] == [
        "Datastore / Website"
    ]
    with database.write() as session:
        session.get_one(Channel, channel_id).namespace_id = other
    with pytest.raises(NotFound):
        told(database, channel_id, actor=limited)


# --- tests


def test_a_test_is_followed_from_the_queue_to_its_end(database, outside, iati):
    channel_id = add_channel(database)

    def ask(at) -> int:
        with database.write() as session:
            return manual_sends.send_test(session, channel_id, actor=ADMIN, now=at)

    def result(notification_id: int):
        with database.read() as session:
            return sent_test(session, notification_id, actor=ADMIN)

    first = ask(NOW)
    assert (result(first).text, result(first).is_over) == ("The test waits for the worker.", False)
    deliver(database, at=NOW + 0.4 * SECOND)
    assert result(first).text == "The test was sent, 0.4 s after it was asked for."
    assert (result(first).status, result(first).is_over) == ("up", True)
    outside.failures["ops"] = NotifierError("busy")
    second = ask(NOW + MINUTE)
    deliver(database, at=NOW + MINUTE)
    assert (result(second).status, result(second).text) == ("down", "The test was not sent: busy")
    assert result(10**12).status == ""


# --- previews


def test_a_preview_speaks_of_a_service_of_the_namespace(database, outside, site, iati):
    with database.write() as session:
        session.get_one(Namespace, iati).timezone = "Europe/London"
        keys = dict.fromkeys(
            ("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "hidden"
        )
        fields = {"name": "x", "kind": "twitter", "namespace_id": iati, "config": keys}
        fields["events"] = ["down", "up", "reminder", "downtime", "incident_update"]
        row = channels.create_channel(session, fields, actor=None, now=NOW)
        found = previews(session, row.id, actor=ADMIN, now=NOW)
        assert "hidden" not in repr(found)
    assert [each.event for each in found] == [
        "down",
        "back online",
        "reminder",
        "planned downtime",
        "incident update",
    ]
    for each in found:
        weight, most = each.counted.split(" of ")
        assert 0 < int(weight) <= int(most) == 280
        assert not each.is_too_long
    assert "Datastore" in found[0].text
    assert "Website" in found[0].text
    assert "Website: We have found the cause" in found[-1].text


def test_a_preview_without_any_service_takes_names_for_an_example(database):
    with database.write() as session:
        fields = {"name": "ops", "kind": "slack", "config": {"webhook_url": HOOK}}
        row = channels.create_channel(session, fields, actor=None, now=NOW)
        found = previews(session, row.id, actor=ADMIN, now=NOW)
        assert "Datastore" in found[0].text
        assert found[0].counted == ""
        row.config = {"webhook_url": {crypto.SEALED: "of another key"}}
        session.flush()
        assert previews(session, row.id, actor=ADMIN, now=NOW) == ()


def test_nothing_is_queued_by_looking(database, outside, site):
    channel_id = add_channel(database)
    with database.read() as session:
        previews(session, channel_id, actor=ADMIN, now=NOW)
    with database.read() as session:
        assert session.exec(select(Notification)).all() == []
