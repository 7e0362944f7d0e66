"""The clock is set while messages wait: nothing is lost, told twice, or late because of it."""

from datetime import datetime, timedelta

import pytest

from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import (
    BUSY,
    REFUSED,
    add_channel,
    add_service,
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
from webmon.commands.notifications import clock_steps, leases, receipts
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.domain.notifications.rules import MOST_CHANGES, QUIET
from webmon.notifiers.base import NotifierError, Receipt

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN
DAY = 24 * HOUR
LATER = NOW + 2 * HOUR
"""What the clock shows before it is set back, by an hour or all the way."""


def set_back(database: Database, now: datetime, by: timedelta = HOUR) -> None:
    for realign in (clock_steps.realign_messages, clock_steps.realign_leases):
        with database.write() as session:
            realign(session, now=now, back=by)


def set_forward(database: Database, now: datetime) -> None:
    set_back(database, now, timedelta(0))


# --- forward


def test_a_day_that_did_not_pass_is_not_counted_as_a_day_of_trying(database, outside, site):
    add_channel(database)
    outside.failures["ops"] = REFUSED
    see(database, DOWN, site, at=NOW)
    for minute in range(5):
        deliver(database, at=NOW + minute * MINUTE + 5 * SECOND)
    set_forward(database, NOW + DAY)
    for minute in range(0, 60, 10):
        deliver(database, at=NOW + DAY + minute * MINUTE)
    assert outbox(database) == [("down", "queued", "")]
    outside.failures.clear()
    deliver(database, at=NOW + DAY + HOUR)
    assert outside.told() == ["down Datastore.Website"]


def test_a_day_in_which_no_worker_ran_is_not_counted_either(database, outside, site):
    add_channel(database)
    outside.failures["ops"] = REFUSED
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * DAY)
    deliver(database, at=NOW + 6 * DAY)
    assert outbox(database) == [("down", "queued", "")]


def test_a_wait_that_the_other_side_asked_for_counts_in_full(database, outside, site):
    add_channel(database)
    outside.failures["ops"] = NotifierError("slow down", retry_after_seconds=25 * 3600)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 5 * SECOND)
    assert outbox(database) == [("down", "queued", "")]
    deliver(database, at=NOW + 26 * HOUR)
    assert outbox(database) == [("down", "failed", "not taken within 24 hours: slow down")]


def test_what_came_later_has_its_own_day(database, outside, site):
    other = add_service(database, site, "Search")
    add_channel(database)
    outside.failures["ops"] = BUSY
    see(database, DOWN, site, at=NOW)
    keep_trying(database, NOW, NOW + 23 * HOUR)
    see(database, DOWN, other, at=NOW + 23 * HOUR)
    keep_trying(database, NOW + 23 * HOUR, NOW + 27 * HOUR)
    because = "not taken within 24 hours: the server is busy"
    assert outbox(database) == [("down", "failed", because), ("down", "queued", "")]


def test_a_day_forward_reminds_once(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 5 * SECOND)
    set_forward(database, NOW + DAY)
    for minute in range(0, 60, 10):
        follow_up(database, at=NOW + DAY + minute * MINUTE)
        deliver(database, at=NOW + DAY + minute * MINUTE + 5 * SECOND)
    assert outside.told() == ["down Datastore.Website", "reminder Datastore.Website"]


def test_a_worker_does_not_take_from_itself_what_it_is_sending(database, outside, site):
    channel_id = add_channel(database)
    see(database, DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 5 * SECOND)
    assert compose(database, lease, NOW + 5 * SECOND) is not None
    set_forward(database, NOW + DAY)
    with database.write() as session:
        again = leases.claim_channels(session, "w", most=9, now=NOW + DAY, under_way={channel_id})
    assert again == []


# --- back


def test_what_waits_to_be_sent_does_not_wait_for_the_old_time(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=LATER)
    set_back(database, NOW + HOUR)
    deliver(database, at=NOW + HOUR + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website"]


@pytest.mark.parametrize("by", [HOUR, timedelta(0)], ids=["known", "while nobody ran"])
def test_a_channel_that_failed_is_tried_when_it_would_have_been(database, outside, site, by):
    channel_id = add_channel(database)
    outside.failures["ops"] = NotifierError("slow down", retry_after_seconds=300)
    see(database, DOWN, site, at=LATER)
    deliver(database, at=LATER + 5 * SECOND)
    set_back(database, NOW + HOUR + MINUTE, by)
    outside.failures.clear()
    deliver(database, at=NOW + HOUR + 5 * MINUTE + 6 * SECOND)
    assert outside.told() == ["down Datastore.Website"]
    assert state(database, channel_id).failures == 0


def test_a_long_wait_that_was_asked_for_ends_when_it_would_have(database, outside, site):
    add_channel(database)
    outside.failures["ops"] = NotifierError("slow down", retry_after_seconds=2 * 3600)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 5 * SECOND)
    outside.failures.clear()
    set_back(database, NOW + 30 * MINUTE)  # it was half past eleven
    deliver(database, at=NOW + 59 * MINUTE)
    assert outside.told() == []
    deliver(database, at=NOW + HOUR + 6 * SECOND)
    assert outside.told() == ["down Datastore.Website"]


def test_a_message_under_way_is_not_sent_by_another_worker(database, outside, site):
    channel_id = add_channel(database)
    see(database, DOWN, site, at=LATER)
    [lease] = claim(database, LATER + 5 * SECOND)
    outgoing = compose(database, lease, LATER + 5 * SECOND)
    now = NOW + HOUR + 6 * SECOND
    set_back(database, now)
    assert claim(database, now, "other") == []
    with database.write() as session:
        receipts.delivered(session, outgoing, Receipt(), now=now + SECOND)
        leases.hand_back(session, lease)
    deliver(database, at=now + MINUTE, worker="other")
    assert outside.told() == []
    assert outbox(database) == [("down", "sent", "")]
    assert state(database, channel_id).lease_until is None


def test_what_a_dead_worker_held_is_free_after_the_usual_time(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=LATER)
    claim(database, LATER + 5 * SECOND)
    now = NOW + HOUR + 6 * SECOND
    set_back(database, now)
    deliver(database, at=now + leases.LEASE + SECOND, worker="other")
    assert outside.told() == ["down Datastore.Website"]


def test_more_of_the_same_waits_for_no_message_of_the_old_time(database, outside, site):
    other = add_service(database, site, "Search")
    add_channel(database)
    see(database, DOWN, site, at=LATER)
    deliver(database, at=LATER + 5 * SECOND)
    now = NOW + HOUR + MINUTE
    set_back(database, now)
    see(database, DOWN, other, at=now)
    deliver(database, at=now + MINUTE)
    assert outside.told() == ["down Datastore.Website", "down Datastore.Search"]


@pytest.mark.parametrize("hours", [0.1, 1.5, 3])
def test_reminders_keep_their_distance(database, outside, site, hours):
    """Told at noon; the clock is set back after so many hours."""
    add_channel(database)
    see(database, DOWN, site, at=LATER)
    deliver(database, at=LATER + 5 * SECOND)
    set_back(database, LATER + (hours - 1) * HOUR)
    at = LATER + (hours - 1) * HOUR
    while at < LATER + 9 * HOUR - MINUTE:
        follow_up(database, at=at)
        deliver(database, at=at + 5 * SECOND)
        at += 5 * MINUTE
    reminded = [message.news[0].told_at for message in outside.messages()[1:]]
    assert len(reminded) == 2
    assert reminded[0] - (LATER + 3 * HOUR) < 6 * MINUTE
    assert 4 * HOUR <= reminded[1] - reminded[0] < 4 * HOUR + 11 * MINUTE


def test_a_reminder_is_never_further_away_than_the_channel_wants(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=LATER)
    deliver(database, at=LATER + 5 * SECOND)
    set_back(database, NOW, timedelta(0))  # while nobody ran
    assert rows(database)[0].remind_at == NOW + 4 * HOUR


def test_the_end_of_flapping_is_told_when_it_has_been_quiet(database, outside, site):
    add_channel(database)
    for change in range(MOST_CHANGES + 2):
        see(database, (UP, DOWN)[change % 2], site, at=LATER + change * MINUTE)
        deliver(database, at=LATER + change * MINUTE + 40 * SECOND)
    assert outside.told()[-1] == "flapping Datastore.Website"
    now = LATER + 10 * MINUTE - HOUR
    set_back(database, now)
    follow_up(database, at=now + QUIET - SECOND)
    deliver(database, at=now + QUIET)
    assert outside.told()[-1] == "flapping Datastore.Website"
    follow_up(database, at=now + QUIET)
    deliver(database, at=now + QUIET + 5 * SECOND)
    assert outside.told()[-1] == "down Datastore.Website"
    assert "has stayed like this for 10 min" in outside.messages()[-1].news[0].message
