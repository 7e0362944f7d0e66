"""The worker keeps the uptime of the days that are over."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from tests.clock import HOUR, NOW
from tests.queries.histories import outage, watched
from webmon import clock
from webmon.commands.history import daily_uptime
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.domain.history.calendar import utc_day
from webmon.models import Daily, Service, ServiceState
from workers.settling import Settling

DAY = timedelta(days=1)
TODAY = utc_day(NOW)


@pytest.fixture(autouse=True)
def at_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "utcnow", lambda: NOW)


def kept(database: Database) -> dict[tuple[int, int], tuple[float, float]]:
    """Hours observed and hours down, by service and days ago."""
    with database.read() as session:
        rows = session.exec(select(Daily).where(col(Daily.observed_us).is_not(None)))
        return {
            (row.service_id, TODAY - row.day): (row.observed_us / 3.6e9, row.down_us / 3.6e9)
            for row in rows
        }


def services(database: Database, count: int, *, days: int) -> list[int]:
    """Services of some days, each down for three hours the day before yesterday."""
    with database.write() as session:
        down = outage(2 * DAY, 2 * DAY - 3 * HOUR)
        ids = [watched(session, *down, name=f"Service {n}").id for n in range(count)]
        session.exec(update(Service).values(created_at=NOW - days * DAY))
    return ids


async def test_each_day_that_is_over_is_kept(database: Database) -> None:
    [service_id] = services(database, 1, days=3)
    await Settling(database).settle()
    assert kept(database) == {
        (service_id, 3): (24, 0),
        (service_id, 2): (24, 3),
        (service_id, 1): (24, 0),
    }
    with database.read() as session:
        assert session.exec(select(ServiceState.settled_day)).one() == TODAY


async def test_many_services_with_a_long_past_are_done_step_by_step(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily_uptime, "SERVICES_AT_ONCE", 2)
    monkeypatch.setattr(daily_uptime, "DAYS_AT_ONCE", 3)
    ids = services(database, 5, days=10)
    await Settling(database).settle()
    assert kept(database) == {
        (service_id, ago): (24, 3 if ago == 2 else 0) for service_id in ids for ago in range(1, 11)
    }


async def test_the_next_day_is_added_to_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    [service_id] = services(database, 1, days=1)
    await Settling(database).settle()
    monkeypatch.setattr(clock, "utcnow", lambda: NOW + DAY)
    with database.write() as session:
        session.exec(update(ServiceState).values(observed_at=NOW + DAY, status=Status.UP))
    await Settling(database).settle()
    assert kept(database) == {(service_id, 1): (24, 0), (service_id, 0): (24, 0)}


async def test_what_is_counted_in_the_days_stays(database: Database) -> None:
    [service_id] = services(database, 1, days=1)
    with database.write() as session:
        session.add(Daily(service_id=service_id, day=TODAY - 1, up=7, answers=7, sum_us=70))
    await Settling(database).settle()
    with database.read() as session:
        [row] = session.exec(select(Daily))
    assert (row.up, row.answers, row.sum_us, row.observed_us) == (7, 7, 70, 24 * 3.6e9)


async def test_a_pass_that_is_stopped_leaves_the_rest(database: Database) -> None:
    services(database, 1, days=3)
    settler = Settling(database)
    settler.stop()
    await settler.settle()
    assert kept(database) == {}


async def test_a_stop_ends_the_pause_between_two_steps(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.settling.PAUSE_SECONDS", 60)
    services(database, 1, days=3)
    settler = Settling(database)
    under_way = asyncio.create_task(settler.settle())
    while not kept(database):
        await asyncio.sleep(0)
    settler.stop()
    async with asyncio.timeout(5):
        await under_way
