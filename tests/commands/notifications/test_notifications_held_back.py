"""What is held back: beside a critical service that is down, and of a service that flaps."""

import pytest

from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_service, iati, outbox, site
from tests.outside import ALL_EVENTS, deliver, follow_up, outside, see
from webmon.commands.inventory import services
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.domain.notifications.rules import QUIET, SUMMED_UP

__all__ = ["iati", "outside", "site"]

UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN

# --- critical services


def test_while_a_critical_service_is_down_the_others_are_not_told(database, outside, site):
    channel_id = add_channel(database)
    front = add_service(database, site, "Front", critical=True)
    see(database, DOWN, front, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Front"]
    assert ("down", "suppressed", "Front is critical and down") in outbox(database, channel_id)


def test_what_is_still_down_is_told_with_the_critical_services_recovery(database, outside, site):
    add_channel(database)
    front = add_service(database, site, "Front", critical=True)
    other = add_service(database, site, "Other")
    see(database, DOWN, front, at=NOW)
    see(database, DOWN, site, other, at=NOW + SECOND)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, UP, other, at=NOW + MINUTE)
    see(database, UP, front, at=NOW + 2 * MINUTE)
    follow_up(database, at=NOW + 2 * MINUTE + 2 * SECOND)
    deliver(database, at=NOW + 2 * MINUTE + 3 * SECOND)
    assert outside.told()[1:] == ["up Datastore.Front + down Datastore.Website"]
    see(database, UP, site, at=NOW + 3 * MINUTE)
    deliver(database, at=NOW + 3 * MINUTE + 3 * SECOND)
    assert outside.told()[2:] == ["up Datastore.Website"]


def test_what_was_told_before_the_critical_service_went_down_is_ended_all_the_same(
    database, outside, site
):
    add_channel(database)
    front = add_service(database, site, "Front", critical=True)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, DOWN, front, at=NOW + MINUTE)
    see(database, UP, site, at=NOW + 2 * MINUTE)
    deliver(database, at=NOW + 3 * MINUTE)
    assert outside.told()[1:] == ["down Datastore.Front + up Datastore.Website"]


def test_a_reminder_that_was_held_back_comes_with_the_critical_services_recovery(
    database, outside, site
):
    add_channel(database)
    front = add_service(database, site, "Front", critical=True)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, DOWN, front, at=NOW + 3 * HOUR)
    deliver(database, at=NOW + 3 * HOUR + 3 * SECOND)
    for minutes in range(4 * 60, 5 * 60, 10):
        follow_up(database, at=NOW + minutes * MINUTE)
        deliver(database, at=NOW + minutes * MINUTE)
    assert outside.told()[1:] == ["down Datastore.Front"]
    see(database, UP, front, at=NOW + 5 * HOUR)
    for seconds in range(0, 20, 2):
        follow_up(database, at=NOW + 5 * HOUR + seconds * SECOND)
        deliver(database, at=NOW + 5 * HOUR + seconds * SECOND)
    assert " + ".join(outside.told()[2:]) == "up Datastore.Front + reminder Datastore.Website"


@pytest.mark.parametrize("how", ["pause", "delete_service"])
def test_a_critical_service_that_is_no_longer_watched_holds_nothing_back(
    database, outside, site, how
):
    add_channel(database)
    front = add_service(database, site, "Front", critical=True)
    see(database, DOWN, front, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        getattr(services, how)(session, front, actor=None, now=NOW + MINUTE)
    follow_up(database, at=NOW + MINUTE + SECOND)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told()[1:] == ["up Datastore.Front + down Datastore.Website"]


def test_what_was_told_before_worse_news_was_held_back_is_ended(database, outside, site):
    add_channel(database, events=ALL_EVENTS)
    front = add_service(database, site, "Front", critical=True)
    see(database, DEGRADED, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, DOWN, front, at=NOW + MINUTE)
    see(database, DOWN, site, at=NOW + 2 * MINUTE)
    see(database, UP, site, at=NOW + 3 * MINUTE)
    deliver(database, at=NOW + 4 * MINUTE)
    assert outside.told() == [
        "degraded Datastore.Website",
        "down Datastore.Front + up Datastore.Website",
    ]


# --- flapping


def flap(database: Database, service_id: int, count: int, start=NOW):
    """``count`` changes, a minute apart, the first one to down; delivers after each."""
    for number in range(count):
        at = start + number * MINUTE
        see(database, (DOWN, UP)[number % 2], service_id, at=at)
        deliver(database, at=at + 5 * SECOND)


@pytest.mark.parametrize(("count", "settled"), [(9, "down"), (10, "up")])
def test_flapping_is_told_once_and_then_how_it_ended(database, outside, site, count, settled):
    channel_id = add_channel(database)
    see(database, UP, site, at=NOW - MINUTE)
    flap(database, site, count)
    assert [each.split()[0] for each in outside.told()[:7]] == [*["down", "up"] * 3, "flapping"]
    assert len(outside.received) == 7
    assert outbox(database, channel_id).count(("up", "suppressed", SUMMED_UP)) >= 1
    end = NOW + (count - 1) * MINUTE
    follow_up(database, at=end + QUIET - SECOND)
    deliver(database, at=end + QUIET)
    assert len(outside.received) == 7
    follow_up(database, at=end + QUIET)
    deliver(database, at=end + QUIET + 3 * SECOND)
    assert outside.told()[7:] == [f"{settled} Datastore.Website"]
    summary = outside.messages()[-1].news[0]
    assert summary.changes == count
    assert summary.since == end
    assert f"It changed {count} times" in summary.message
    assert "has stayed like this for 10 min" in summary.message


def test_an_outage_after_many_difficulties_is_flapping_only_for_who_heard_of_them(
    database, outside, site
):
    add_channel(database)
    add_channel(database, "all", events=ALL_EVENTS)
    see(database, UP, site, at=NOW - MINUTE)
    for minute in range(8):
        see(database, (DEGRADED, UP)[minute % 2], site, at=NOW + minute * MINUTE)
    see(database, DOWN, site, at=NOW + 8 * MINUTE)
    deliver(database, at=NOW + 9 * MINUTE)
    assert outside.told() == ["down Datastore.Website"]
    assert outside.told("all")[-1].endswith("flapping Datastore.Website")
    assert outside.messages("all")[-1].news[-1].changes == 7


def test_an_outage_that_flapping_ended_in_is_reminded_of_and_ended(database, outside, site):
    add_channel(database)
    see(database, UP, site, at=NOW - MINUTE)
    flap(database, site, 9)
    for at in (NOW + HOUR, NOW + 5 * HOUR + MINUTE):
        follow_up(database, at=at)
        deliver(database, at=at + 3 * SECOND)
    see(database, UP, site, at=NOW + 6 * HOUR)
    deliver(database, at=NOW + 6 * HOUR + 3 * SECOND)
    assert [each.split()[0] for each in outside.told()[7:]] == ["down", "reminder", "up"]
