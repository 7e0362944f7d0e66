"""Sending: leases, retries, what a crash leaves, budgets, and order."""

from datetime import datetime
from itertools import pairwise

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.commands.test_notifications import (
    add_channel,
    add_site,
    iati,
    owed,
    site,
)
from tests.outside import deliver, follow_up, outside, see
from webmon import config
from webmon.commands import (
    channel_leases,
    channels,
    composing,
    deliveries,
    follow_ups,
    leases,
    namespaces,
    notifications,
)
from webmon.db import Database
from webmon.domain.status import Status
from webmon.models import Channel, ChannelState, Namespace, Notification
from webmon.notifiers.base import NotifierError, Receipt

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN
REFUSED = NotifierError("the server is busy")
WRONG = NotifierError("the key is wrong", permanent=True)


def state(database: Database, channel_id: int) -> ChannelState:
    with database.read() as session:
        return session.get_one(ChannelState, channel_id)


def rows(database: Database) -> list[Notification]:
    with database.read() as session:
        return list(session.exec(select(Notification).order_by(Notification.id)))


def keep_trying(database: Database, begin: datetime, end: datetime) -> None:
    """Passes of the deliver job, each after the longest that a channel waits for its next try."""
    at = begin
    while at < end:
        deliver(database, at=at)
        at += 10 * MINUTE


def claim(database: Database, at: datetime = NOW, worker: str = "w") -> list[channel_leases.Lease]:
    with database.write() as session:
        return channel_leases.claim_channels(session, worker, most=10, now=at)


def compose(database: Database, lease, at: datetime = NOW):
    with database.write() as session:
        return composing.compose(session, lease, now=at)


# --- leases


def test_a_channel_is_sent_to_by_one_worker_at_a_time(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 3 * SECOND)
    assert claim(database, NOW + 4 * SECOND, "other") == []
    with database.write() as session:
        channel_leases.hand_back(session, lease)
    assert len(claim(database, NOW + 5 * SECOND, "other")) == 1


def test_channels_wait_for_a_free_sender_the_longest_waiting_first(database, outside, iati):
    for number, name in enumerate(("a", "b", "c")):
        channel_id = add_channel(database, name)
        with database.write() as session:
            at = NOW - number * SECOND
            notifications.send_test(session, channel_id, actor=None, now=at)
    with database.write() as session:
        taken = channel_leases.claim_channels(session, "w", most=2, now=NOW)
        names = {session.get_one(Channel, lease.channel_id).name for lease in taken}
        assert channel_leases.claim_channels(session, "w", most=0, now=NOW) == []
    assert names == {"b", "c"}


@pytest.mark.parametrize("how", ["lease ends", "worker is retired", "worker falls silent"])
def test_a_message_cut_off_is_sent_again_exactly_as_it_was(database, outside, site, how):
    channel_id = add_channel(database)
    with database.write() as session:
        leases.tick(session, "dead", now=NOW)
    see(database, DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 3 * SECOND, "dead")
    lost = compose(database, lease, NOW + 3 * SECOND)
    see(database, UP, site, at=NOW + 4 * SECOND)
    at = NOW + 15 * SECOND
    with database.write() as session:
        if how == "worker is retired":
            leases.retire(session, "dead", now=at)
        elif how == "worker falls silent":
            assert leases.retire_silent(session, asked_by="w", now=at) == ["dead"]
        else:
            at = NOW + channel_leases.LEASE + 5 * SECOND
    deliver(database, at=at)
    assert outside.messages()[0] == lost.message
    assert outside.told() == ["down Datastore.Website", "up Datastore.Website"]
    down, _up = rows(database)
    assert (down.attempts, down.error) == (2, composing.CUT_OFF)
    assert state(database, channel_id).worker_id is None


def test_that_a_message_may_have_arrived_twice_is_said_even_if_it_was_refused_after(
    database, outside, site
):
    add_channel(database)
    with database.write() as session:
        leases.tick(session, "dead", now=NOW)
    see(database, DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 3 * SECOND, "dead")
    compose(database, lease, NOW + 3 * SECOND)
    with database.write() as session:
        leases.retire(session, "dead", now=NOW + 15 * SECOND)
    outside.failures["ops"] = REFUSED
    deliver(database, at=NOW + 15 * SECOND)
    outside.failures.clear()
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told() == ["down Datastore.Website + up Datastore.Website"]
    assert [each.error for each in rows(database)] == [composing.CUT_OFF, ""]


def test_a_message_whose_answer_was_lost_may_have_arrived_twice_and_says_so(
    database, outside, site
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    outside.failures["ops"] = NotifierError("the connection broke off", may_have_arrived=True)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures["ops"] = REFUSED
    deliver(database, at=NOW + MINUTE)
    outside.failures.clear()
    see(database, UP, site, at=NOW + 2 * MINUTE)
    deliver(database, at=NOW + 3 * MINUTE)
    assert [each.error for each in rows(database)] == [composing.NO_ANSWER, ""]


def test_a_receiver_that_has_got_it_already_ends_the_doubt(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    outside.failures["ops"] = NotifierError("the connection broke off", may_have_arrived=True)
    deliver(database, at=NOW + 3 * SECOND)
    [lease] = claim(database, NOW + MINUTE)
    again = compose(database, lease, NOW + MINUTE)
    receipt = Receipt(note="X has got this post already", had_before=True)
    with database.write() as session:
        deliveries.delivered(session, again, receipt, now=NOW + MINUTE)
    assert [each.error for each in rows(database)] == ["X has got this post already"]


def test_a_worker_that_has_lost_its_lease_composes_nothing_and_refuses_nothing(
    database, outside, site
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 3 * SECOND, "slow")
    lost = compose(database, lease, NOW + 3 * SECOND)
    later = NOW + channel_leases.LEASE + 5 * SECOND
    [new] = claim(database, later, "quick")
    assert compose(database, lease, later) is None
    with database.write() as session:
        deliveries.refused(session, lost, WRONG, now=later)
    again = compose(database, new, later)
    assert again.message == lost.message
    with database.write() as session:
        deliveries.delivered(session, lost, Receipt("late"), now=later)
    assert compose(database, new, later) is None
    assert [row.reference for row in rows(database)] == ["late"]


# --- refused


def test_what_was_refused_is_tried_again_at_growing_distances(database, outside, site):
    channel_id = add_channel(database)
    outside.failures["ops"] = REFUSED
    see(database, DOWN, site, at=NOW)
    at, waits = NOW + 3 * SECOND, []
    for _ in range(10):
        deliver(database, at=at)
        waits.append((state(database, channel_id).next_try_at - at).total_seconds())
        deliver(database, at=at + SECOND)
        at = state(database, channel_id).next_try_at
    assert 5 <= waits[0] <= 6
    assert all(1.6 <= after / before <= 2.4 for before, after in pairwise(waits[:7]))
    assert waits[-1] == 600
    [row] = rows(database)
    assert (row.attempts, row.error, row.delivery.value) == (10, "the server is busy", "queued")
    outside.failures.clear()
    deliver(database, at=at)
    assert outside.told() == ["down Datastore.Website"]
    assert state(database, channel_id).failures == 0


def test_the_server_says_when_to_try_again(database, outside, site):
    channel_id = add_channel(database)
    outside.failures["ops"] = NotifierError("slow down", retry_after_seconds=900)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert state(database, channel_id).next_try_at == NOW + 903 * SECOND


def test_a_channel_that_fails_delays_no_other(database, outside, site):
    add_channel(database, "broken")
    add_channel(database, "ops")
    outside.failures["broken"] = REFUSED
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website"]


def test_an_outage_and_its_end_that_could_not_be_told_are_one_message(database, outside, site):
    add_channel(database)
    outside.failures["ops"] = REFUSED
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, UP, site, at=NOW + MINUTE)
    outside.failures.clear()
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told() == ["down Datastore.Website + up Datastore.Website"]
    assert not outside.messages()[0].is_late


def test_the_same_message_tried_again_is_the_same_until_it_is_late(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    composed = []
    for at in (NOW + 3 * SECOND, NOW + MINUTE, NOW + HOUR, NOW + 2 * HOUR):
        [lease] = claim(database, at)
        composed.append(compose(database, lease, at))
        with database.write() as session:
            deliveries.refused(session, composed[-1], REFUSED, now=at)
            channel_leases.hand_back(session, lease)
    first, second, third, fourth = (each.message for each in composed)
    assert first == second
    assert third == fourth
    assert (first.is_late, third.is_late) == (False, True)
    assert first.key == third.key


def test_after_six_hours_a_channel_gets_everything_in_order_and_marked_late(
    database, outside, iati
):
    add_channel(database)
    first, second = (add_site(database, iati, name) for name in ("A", "B"))
    outside.failures["ops"] = REFUSED
    for minute, (status, service_id) in enumerate(
        [(DOWN, first), (DOWN, second), (UP, first), (DOWN, first)]
    ):
        see(database, status, service_id, at=NOW + minute * 10 * MINUTE)
        deliver(database, at=NOW + minute * 10 * MINUTE + 5 * SECOND)
    outside.failures.clear()
    deliver(database, at=NOW + 6 * HOUR)
    assert outside.told() == ["down A.Website + up A.Website + down A.Website", "down B.Website"]
    assert all(message.is_late for message in outside.messages())


def test_what_was_not_taken_within_a_day_has_failed_and_the_admins_are_told_once(
    database, outside, iati
):
    channel_id = add_channel(database)
    add_channel(database, "other", events=[])
    first, second = (add_site(database, iati, name) for name in ("A", "B"))
    outside.failures["ops"] = REFUSED
    see(database, DOWN, first, at=NOW)
    see(database, DOWN, second, at=NOW + 2 * HOUR)
    keep_trying(database, NOW, NOW + 23 * HOUR)
    assert outside.told("other") == []
    keep_trying(database, NOW + 23 * HOUR, NOW + 28 * HOUR)
    because = "not taken within 24 hours: the server is busy"
    assert owed(database, channel_id) == [("down", "failed", because)] * 2
    assert outside.told("other") == ["monitor"]
    assert outside.messages("other")[0].news[0].message == (
        f"The channel ops does not get through: {because}"
    )


def test_a_channel_that_works_again_is_reminded_of_what_it_never_heard(database, outside, site):
    add_channel(database)
    outside.failures["ops"] = WRONG
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures.clear()
    follow_up(database, at=NOW + 5 * HOUR)
    deliver(database, at=NOW + 5 * HOUR + 3 * SECOND)
    assert outside.told() == ["reminder Datastore.Website"]
    see(database, UP, site, at=NOW + 6 * HOUR)
    deliver(database, at=NOW + 6 * HOUR + 3 * SECOND)
    assert outside.told()[1:] == ["up Datastore.Website"]


@pytest.mark.parametrize("how", ["refused", "used up", "off"])
def test_whoever_was_told_of_an_outage_hears_its_end_though_a_reminder_was_not_sent(
    database, outside, site, how
):
    channel_id = add_channel(database, config={"monthly_budget": 2})
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures = {"ops": WRONG} if how == "refused" else {}
    with database.write() as session:
        channel = session.get_one(Channel, channel_id)
        channel.config = {"name": "ops", "monthly_budget": 1 if how == "used up" else 9}
        follow_ups.remind(session, now=NOW + 5 * HOUR)
        channel.enabled = how != "off"
    deliver(database, at=NOW + 5 * HOUR + 3 * SECOND)
    outside.failures = {}
    with database.write() as session:
        channel = session.get_one(Channel, channel_id)
        channel.config, channel.enabled = {"name": "ops"}, True
    assert rows(database)[-1].delivery in ("failed", "suppressed")
    follow_up(database, at=NOW + 9 * HOUR + 3 * SECOND)
    deliver(database, at=NOW + 9 * HOUR + 6 * SECOND)
    see(database, UP, site, at=NOW + 10 * HOUR)
    deliver(database, at=NOW + 10 * HOUR + 3 * SECOND)
    assert outside.told() == [
        "down Datastore.Website",
        "reminder Datastore.Website",
        "up Datastore.Website",
    ]


@pytest.mark.parametrize("events", [["down", "up"], ["down", "up", "reminder"]])
def test_an_outage_that_could_not_be_told_is_told_with_its_end(database, outside, site, events):
    add_channel(database, events=events)
    outside.failures["ops"] = WRONG
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures.clear()
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + MINUTE + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website + up Datastore.Website"]
    assert [each.delivery.value for each in rows(database)] == ["sent", "sent"]
    see(database, DOWN, site, at=NOW + HOUR)
    deliver(database, at=NOW + 2 * HOUR)
    assert outside.told()[1:] == ["down Datastore.Website"]


def test_a_channel_that_is_mended_is_told_at_once_of_what_lasts(database, outside, site):
    channel_id = add_channel(database)
    outside.failures["ops"] = WRONG
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures.clear()
    follow_up(database, at=NOW + MINUTE)
    with database.write() as session:
        channels.try_channel_again(session, channel_id, actor=None, now=NOW + MINUTE)
    follow_up(database, at=NOW + MINUTE)
    deliver(database, at=NOW + MINUTE + SECOND)
    assert outside.told() == ["reminder Datastore.Website"]
    follow_up(database, at=NOW + 2 * HOUR)
    deliver(database, at=NOW + 2 * HOUR + 3 * SECOND)
    assert len(outside.messages()) == 1


# --- wrong settings


def test_wrong_settings_end_the_message_mark_the_channel_and_are_told_once(database, outside, iati):
    channel_id = add_channel(database, "wrong")
    add_channel(database, "other", events=[])
    first, second = (add_site(database, iati, name) for name in ("A", "B"))
    outside.failures["wrong"] = WRONG
    see(database, DOWN, first, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert owed(database, channel_id) == [("down", "failed", "the key is wrong")]
    marked = state(database, channel_id)
    assert (marked.stopped_at, marked.last_error) == (NOW + 3 * SECOND, "the key is wrong")
    see(database, DOWN, second, at=NOW + MINUTE)
    for minute in range(1, 60):
        deliver(database, at=NOW + minute * MINUTE + 5 * SECOND)
    assert outside.told("other") == ["monitor"]
    waiting = rows(database)[-1]
    assert (waiting.delivery.value, waiting.error) == ("queued", "the key is wrong")
    assert 5 < waiting.attempts < 15, "tried, and not hammered"
    outside.failures.clear()
    deliver(database, at=NOW + 2 * HOUR)
    assert outside.told("wrong") == ["down B.Website"]
    assert state(database, channel_id).stopped_at is None


def test_a_configuration_that_cannot_be_used_is_wrong_settings(database, outside, site):
    add_channel(database, config={"surprise": 1})
    add_channel(database, "unheard", kind="unheard-of")
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert [row.delivery.value for row in rows(database)[:2]] == ["failed", "failed"]
    reasons = {row.reason for row in rows(database)[:2]}
    assert "unknown kind of channel: unheard-of" in reasons
    assert any(each.startswith("the channel's configuration cannot be used") for each in reasons)


# --- tests


def test_a_test_that_fails_has_failed_and_changes_nothing_else(database, outside, iati):
    channel_id = add_channel(database)
    outside.failures["ops"] = REFUSED
    with database.write() as session:
        notifications.send_test(session, channel_id, actor=None, now=NOW)
    deliver(database, at=NOW)
    assert owed(database) == [("test", "failed", "the server is busy")]
    assert state(database, channel_id).failures == 0


def test_a_test_that_is_told_to_wait_lets_the_rest_wait_too(database, outside, site):
    channel_id = add_channel(database)
    outside.failures["ops"] = NotifierError("slow down", retry_after_seconds=3600)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        notifications.send_test(session, channel_id, actor=None, now=NOW + MINUTE)
    deliver(database, at=NOW + MINUTE)
    assert state(database, channel_id).next_try_at == NOW + MINUTE + HOUR
    outside.failures.clear()
    deliver(database, at=NOW + HOUR)
    assert outside.told() == []
    deliver(database, at=NOW + MINUTE + HOUR)
    assert outside.told() == ["down Datastore.Website"]


def test_a_test_that_succeeds_sets_the_channel_free(database, outside, site):
    channel_id = add_channel(database)
    outside.failures["ops"] = NotifierError("slow down", retry_after_seconds=3600)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures.clear()
    with database.write() as session:
        notifications.send_test(session, channel_id, actor=None, now=NOW + MINUTE)
    deliver(database, at=NOW + MINUTE)
    assert outside.told() == ["test", "down Datastore.Website"]


# --- the monthly budget


def test_a_budget_is_warned_of_and_kept_and_begins_anew_with_the_month(database, outside, iati):
    channel_id = add_channel(database, "x", config={"monthly_budget": 5})
    add_channel(database, "ops", events=[])
    sites = [add_site(database, iati, f"H{number}") for number in range(4)]
    for minute, service_id in enumerate(sites):
        for status, offset in ((DOWN, 0), (UP, 5)):
            at = NOW + (minute * 10 + offset) * MINUTE
            see(database, status, service_id, at=at)
            deliver(database, at=at + 3 * SECOND)
    deliver(database, at=NOW + HOUR)
    assert len(outside.messages("x")) == 5
    suppressed = [row for row in owed(database, channel_id) if row[1] == "suppressed"]
    assert suppressed[0] == ("up", "suppressed", "monthly budget of 5 posts is used up")
    assert [message.news[0].message for message in outside.messages("ops")] == [
        "The channel x has used 4 of its 5 posts of this month.",
        "The channel x has used 5 of its 5 posts of this month."
        " Nothing more is posted there until the next one.",
    ]
    with database.write() as session:
        session.get_one(Channel, channel_id).config = {"name": "x", "monthly_budget": 7}
    see(database, DOWN, sites[2], at=NOW + 2 * HOUR)
    for minute in range(2):
        deliver(database, at=NOW + 3 * HOUR + minute * MINUTE)
    assert [message.news[0].message for message in outside.messages("ops")][2:] == [
        "The channel x has used 6 of its 7 posts of this month."
    ]
    december = datetime.fromisoformat("2026-12-01T00:00:10+00:00")
    see(database, DOWN, sites[0], at=december)
    deliver(database, at=december + 3 * SECOND)
    assert len(outside.messages("x")) == 7


# --- order, time, and retention


def test_texts_speak_the_namespaces_time_and_link_to_its_page(database, outside, iati, monkeypatch):
    monkeypatch.setenv("WEBMON_BASE_URL", "https://status.example.org")
    config.settings.cache_clear()
    with database.write() as session:
        london = factories.namespace(session, "uk", timezone="Europe/London").id
    add_channel(database)
    see(database, DOWN, add_site(database, london), at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    [message] = outside.messages()
    assert message.timezone == "Europe/London"
    assert message.status_url == "https://status.example.org/status/?namespace=uk"


def test_a_message_links_to_the_page_of_its_namespace_as_it_is_called_now(
    database, outside, iati, site
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    with database.write() as session:
        session.get_one(Namespace, iati).slug = "aid"
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.messages()[0].status_url.endswith("/status/?namespace=aid")
    with database.write() as session:
        namespaces.delete_namespace(session, iati, actor=None, now=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.messages()[1].status_url.endswith("/status/")


def test_only_what_is_old_and_settled_is_forgotten(database, outside, iati):
    add_channel(database)
    first, second = (add_site(database, iati, name) for name in ("A", "B"))
    see(database, DOWN, first, second, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, UP, first, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    with database.write() as session:
        assert follow_ups.forget_old(session, before=NOW) == 0
        assert follow_ups.forget_old(session, before=NOW + HOUR) == 2
        assert follow_ups.forget_old(session, before=NOW + HOUR) == 0
    [kept] = rows(database)
    assert kept.payload["host"] == "B", "its end is still owed"
