"""Planned downtime is left out of uptime and outages, as if that time were not there."""

from datetime import timedelta

from sqlmodel import select

from tests.clock import HOUR, MINUTE, NOW
from tests.downtimes import EDITOR, fields, pass_time, plan
from tests.outbox import add_channel, add_service, iati, site
from tests.outside import outside, see
from webmon.commands.backup.after_restore import prepare_restored
from webmon.commands.downtimes import edit, running
from webmon.commands.history.daily_uptime import settle_some
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.models import Daily, NoData
from webmon.queries.history.uptime import uptimes

__all__ = ["iati", "outside", "site"]

DAY = timedelta(days=1)


def watch(database: Database, service_id: int, begin, *statuses: Status) -> None:
    """One look every ten minutes."""
    for number, status in enumerate(statuses):
        see(database, status, service_id, at=begin + number * 10 * MINUTE)
    with database.write() as session:
        for each in session.exec(select(NoData)):
            session.delete(each)


def measured(database: Database, service_id: int, at) -> tuple[float, float, int]:
    """Uptime of 24 hours in percent, minutes down this month, number of outages."""
    with database.read() as session:
        found = uptimes(session, now=at)
        outages = found.outages[service_id]
        percent = found.services[service_id].percent_24h
        return round(percent, 3), outages.total_seconds / 60, outages.count


UP, DOWN = Status.UP, Status.DOWN


def test_what_is_down_in_it_does_not_count(database, site):
    watch(database, site, NOW, UP, UP, DOWN, DOWN, DOWN, UP, UP)
    end = NOW + HOUR
    assert measured(database, site, end) == (50.0, 30.0, 1)
    plan(database, site, NOW + 20 * MINUTE, duration_seconds=1200, at=end)
    assert measured(database, site, end) == (75.0, 10.0, 1)
    again = plan(database, site, NOW + 30 * MINUTE, duration_seconds=1200, at=end)
    assert measured(database, site, end) == (100.0, 0.0, 0)
    with database.write() as session:
        running.cancel_downtime(session, again.id, actor=EDITOR, now=end)
    assert measured(database, site, end) == (75.0, 10.0, 1)


def settled(database: Database, service_id: int) -> list[tuple[int, int]]:
    """Minutes observed and down, of each settled day."""
    with database.write() as session:
        settle_some(session, after=0, now=NOW + 2 * DAY)
    with database.read() as session:
        rows = session.exec(select(Daily).where(Daily.service_id == service_id).order_by(Daily.day))
        return [(round(each.observed_us / 6e7), round(each.down_us / 6e7)) for each in rows]


def test_days_that_are_settled_are_counted_again(database, site):
    watch(database, site, NOW, UP, DOWN, DOWN, UP)
    watch(database, site, NOW + 2 * DAY, UP)
    before = settled(database, site)
    assert before[0] == (14 * 60, 20)
    past = plan(database, site, NOW + 10 * MINUTE, duration_seconds=600, at=NOW + 2 * DAY)
    assert settled(database, site)[0] == (14 * 60 - 10, 10)
    with database.write() as session:
        running.cancel_downtime(session, past.id, actor=EDITOR, now=NOW + 2 * DAY)
    assert settled(database, site) == before


def test_a_settled_day_follows_a_time_that_is_moved_afterwards(database, site):
    watch(database, site, NOW, UP, DOWN, DOWN, UP)
    watch(database, site, NOW + 2 * DAY, UP)
    later = {"actor": EDITOR, "now": NOW + 2 * DAY}
    made = plan(
        database, site, NOW - DAY + 10 * MINUTE, duration_seconds=600, rrule="FREQ=DAILY",
        at=NOW + 2 * DAY,
    )  # fmt: skip
    slot_at = NOW + 10 * MINUTE
    assert settled(database, site)[0] == (14 * 60 - 10, 10)
    for begin, minutes, expected in ((NOW + HOUR, 30, (810, 20)), (slot_at, 20, (820, 0))):
        with database.write() as session:
            edit.edit_occurrence(
                session, made.id, slot_at, starts_at=begin, duration_seconds=60 * minutes, **later
            )
        assert settled(database, site)[0] == expected
    beside = add_service(database, site, "Database")
    with database.write() as session:
        other = fields(session, site, slot_at, duration_seconds=600, rrule="FREQ=DAILY")
        other |= {"host_ids": [], "service_ids": [beside]}
        edit.edit_following(session, made.id, slot_at, other, **later)
    assert settled(database, site)[0] == (14 * 60, 20)


def test_a_restored_database_tells_nothing_of_what_was_due(database, outside, site):
    add_channel(database)
    plan(database, site, NOW + 2 * DAY)
    with database.write() as session:
        prepare_restored(session, now=NOW + 3 * DAY)
    pass_time(database, NOW + 3 * DAY)
    assert outside.received == []
