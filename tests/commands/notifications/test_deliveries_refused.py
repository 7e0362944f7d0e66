"""What was refused is tried again, and told with what came after; wrong settings are not."""

from itertools import pairwise

import pytest

from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import (
    BUSY,
    REFUSED,
    WRONG,
    add_channel,
    add_service,
    add_site,
    claim,
    compose,
    iati,
    keep_trying,
    outbox,
    rows,
    site,
    state,
)
from tests.outside import deliver, follow_up, outside, see
from webmon.commands.notifications import channels, leases, receipts, reminders
from webmon.domain.checks.status import Status
from webmon.models import Channel
from webmon.notifiers.base import NotifierError

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN

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
            receipts.refused(session, composed[-1], REFUSED, now=at)
            leases.hand_back(session, lease)
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
    outside.failures["ops"] = BUSY
    see(database, DOWN, first, at=NOW)
    see(database, DOWN, second, at=NOW + 2 * HOUR)
    keep_trying(database, NOW, NOW + 23 * HOUR)
    assert outside.told("other") == []
    keep_trying(database, NOW + 23 * HOUR, NOW + 28 * HOUR)
    because = "not taken within 24 hours: the server is busy"
    assert outbox(database, channel_id) == [("down", "failed", because)] * 2
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
def test_a_channel_told_of_an_outage_is_told_its_end_though_a_reminder_was_not_sent(
    database, outside, site, how
):
    channel_id = add_channel(database, config={"monthly_budget": 2})
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures = {"ops": WRONG} if how == "refused" else {}
    with database.write() as session:
        channel = session.get_one(Channel, channel_id)
        channel.config = {"name": "ops", "monthly_budget": 1 if how == "used up" else 9}
        reminders.remind(session, now=NOW + 5 * HOUR)
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


@pytest.mark.parametrize("mended", ["by its settings", "by the other side"])
def test_the_end_of_what_was_told_is_told_once_the_channel_works_again(
    database, outside, site, mended
):
    channel_id = add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures["ops"] = WRONG
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outbox(database, channel_id)[-1] == ("up", "failed", "the key is wrong")
    outside.failures.clear()
    deliver(database, at=NOW + HOUR)
    assert outside.told() == ["down Datastore.Website"], "nobody has tried again"
    if mended == "by its settings":
        with database.write() as session:
            channels.try_channel_again(session, channel_id, actor=None, now=NOW + 2 * HOUR)
    else:
        see(database, DOWN, add_service(database, site, "SSH"), at=NOW + 2 * HOUR)
    deliver(database, at=NOW + 2 * HOUR + 3 * SECOND)
    deliver(database, at=NOW + 3 * HOUR)
    assert outside.told()[-1] == "up Datastore.Website"
    assert outside.told().count("up Datastore.Website") == 1


@pytest.mark.parametrize("missing", ["its beginning", "nothing since"])
def test_an_end_that_nobody_waits_for_is_not_told_late(database, outside, site, missing):
    channel_id = add_channel(database)
    outside.failures["ops"] = WRONG
    see(database, DOWN, site, at=NOW)
    if missing == "its beginning":
        see(database, UP, site, at=NOW + SECOND)
    else:
        outside.failures.clear()
        deliver(database, at=NOW + 3 * SECOND)
        outside.failures["ops"] = WRONG
        see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    outside.failures.clear()
    if missing == "nothing since":
        see(database, DOWN, site, at=NOW + 3 * MINUTE)
    with database.write() as session:
        channels.try_channel_again(session, channel_id, actor=None, now=NOW + HOUR)
    deliver(database, at=NOW + HOUR)
    assert "up" not in " ".join(outside.told())


# --- wrong settings


def test_wrong_settings_end_the_message_mark_the_channel_and_are_told_once(database, outside, iati):
    channel_id = add_channel(database, "wrong")
    add_channel(database, "other", events=[])
    first, second = (add_site(database, iati, name) for name in ("A", "B"))
    outside.failures["wrong"] = WRONG
    see(database, DOWN, first, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert outbox(database, channel_id) == [("down", "failed", "the key is wrong")]
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
