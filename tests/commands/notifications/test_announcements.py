"""What each channel is told: once, and together what belongs together."""

from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_service, add_site, iati, outbox, site
from tests.outside import ALL_EVENTS, deliver, follow_up, outside, see
from webmon.commands.notifications import announcements
from webmon.domain.checks.status import Status
from webmon.models import Incident, Notification

__all__ = ["iati", "outside", "site"]

UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN


def test_an_outage_its_reminders_and_its_end_are_told_once_each(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    see(database, DOWN, site, at=NOW + SECOND)
    for seconds in range(8):
        deliver(database, at=NOW + seconds * SECOND)
    assert outside.told() == ["down Datastore.Website"]
    for minutes in range(0, 9 * 60, 30):
        at = NOW + minutes * MINUTE
        follow_up(database, at=at)
        deliver(database, at=at + 5 * SECOND)
    assert outside.told()[1:] == ["reminder Datastore.Website"] * 2
    see(database, UP, site, at=NOW + 9 * HOUR)
    for seconds in range(8):
        deliver(database, at=NOW + 9 * HOUR + seconds * SECOND)
    follow_up(database, at=NOW + 30 * HOUR)
    deliver(database, at=NOW + 31 * HOUR)
    assert outside.told()[3:] == ["up Datastore.Website"]
    up = outside.messages()[-1].news[0]
    assert (up.down_since, up.since, up.status) == (NOW, NOW + 9 * HOUR, UP)


def test_reminders_come_as_often_as_the_channel_wants_them(database, outside, site):
    add_channel(database, reminder_every_seconds=10)
    other = add_service(database, site, "SSH")
    see(database, DOWN, site, other, at=NOW)
    told_after = []
    for seconds in range(45):
        at = NOW + seconds * SECOND
        if seconds % 2:
            follow_up(database, at=at)
        before = len(outside.messages())
        deliver(database, at=at)
        told_after += [seconds] * (len(outside.messages()) - before)
    assert told_after == [3, 13, 23, 33, 43]
    assert outside.told()[-1] == "reminder Datastore.Website + reminder Datastore.SSH"
    follow_up(database, at=NOW + 51 * SECOND)
    see(database, UP, site, other, at=NOW + 52 * SECOND)  # while the next reminder waits
    deliver(database, at=NOW + 53 * SECOND)
    deliver(database, at=NOW + 55 * SECOND)
    assert outside.told()[5:] == ["up Datastore.Website + up Datastore.SSH"]


def test_news_go_out_three_seconds_after_they_arose(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 2.9 * SECOND)
    assert outside.told() == []
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website"]


def test_a_service_that_is_well_from_the_start_costs_no_statement(session, outside, monkeypatch):
    monkeypatch.setattr(session, "execute", None)
    seen = announcements.Occurrence(1, Status.UNKNOWN, UP, 1)
    announcements.announce(session, [seen], now=NOW)
    announcements.announce(session, [], now=NOW)


def test_news_go_to_the_channels_of_their_namespace_and_to_those_of_all(
    database, outside, iati, site
):
    with database.write() as session:
        di = factories.namespace(session, "di").id
    add_channel(database, "all")
    add_channel(database, "iati", namespace_id=iati)
    add_channel(database, "di", namespace_id=di)
    add_channel(database, "off", enabled=False)
    add_channel(database, "ups", events=["up"])
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert sorted(name for name, _ in outside.received) == ["all", "iati"]


def test_difficulties_are_opt_in_and_have_an_end(database, outside, site):
    add_channel(database, "all", events=ALL_EVENTS)
    add_channel(database, "usual")
    for minute, status in enumerate((UP, DEGRADED, UP)):
        see(database, status, site, at=NOW + minute * MINUTE)
        deliver(database, at=NOW + minute * MINUTE + 3 * SECOND)
    assert outside.told("all") == ["degraded Datastore.Website", "up Datastore.Website"]
    assert outside.told("usual") == []


def test_an_outage_that_ends_in_difficulties_is_told_as_that(database, outside, site):
    add_channel(database, "all", events=ALL_EVENTS)
    add_channel(database, "usual")
    for minute, status in enumerate((DOWN, DEGRADED, UP)):
        see(database, status, site, at=NOW + minute * MINUTE)
        deliver(database, at=NOW + minute * MINUTE + 3 * SECOND)
    assert outside.told("usual") == ["down Datastore.Website", "up Datastore.Website"]
    assert outside.told("all") == ["down Datastore.Website", *["up Datastore.Website"] * 2]
    told = [message.news[0].status for message in outside.messages("all")]
    assert told == [DOWN, DEGRADED, UP]


def test_a_channel_that_was_not_told_of_an_outage_is_not_told_of_its_end(database, outside, site):
    see(database, DOWN, site, at=NOW)
    channel_id = add_channel(database)
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told() == []
    [(event, delivery, reason)] = outbox(database, channel_id)
    assert (event, delivery) == ("up", "suppressed")
    assert reason == "this channel was never notified of the problem"


def test_incidents_are_named_in_the_news_and_in_the_rows(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    with database.read() as session:
        [incident] = session.exec(select(Incident)).all()
        rows = session.exec(select(Notification)).all()
    assert {row.incident_id for row in rows} == {incident.id}
    assert {row.cause for row in rows} == {f"incident:{incident.id}"}
    assert [message.news[0].incident for message in outside.messages()] == [incident.id] * 2
    assert outside.messages()[1].reply_to == "ref-1"


# --- together


def test_the_services_of_a_host_are_told_together(database, outside, iati):
    add_channel(database)
    first = add_site(database, iati, "Datastore", "Website", "Database")
    see(database, DOWN, first, at=NOW)
    see(database, DOWN, first + 1, at=NOW + 2 * SECOND)
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website + down Datastore.Database"]


def test_many_hosts_are_one_digest_and_stragglers_the_next(database, outside, iati):
    add_channel(database)
    ids = [add_site(database, iati, f"H{number}") for number in range(9)]
    see(database, DOWN, *ids[:7], at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert len(outside.received) == 1
    assert len(outside.messages()[0].news) == 7
    see(database, DOWN, ids[7], at=NOW + 5 * SECOND)
    see(database, DOWN, ids[8], at=NOW + 15 * SECOND)
    deliver(database, at=NOW + 20 * SECOND)
    assert len(outside.received) == 1
    for second in range(30, 40):
        deliver(database, at=NOW + second * SECOND)
    assert outside.told()[1:] == ["down H7.Website", "down H8.Website"]


def test_a_recovery_that_comes_before_its_outage_was_told_goes_out_with_it(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    see(database, UP, site, at=NOW + 2 * SECOND)
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website + up Datastore.Website"]
    deliver(database, at=NOW + HOUR)
    assert len(outside.received) == 1
