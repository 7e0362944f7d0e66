"""How large the database is, and what it grows to."""

from tests import factories
from tests.clock import MINUTE, NOW
from webmon.commands.checks.results import milliseconds
from webmon.domain.history.rollups import Rollup
from webmon.models import CheckResult, Daily, ServiceState
from webmon.queries.system.storage import BYTES_PER_RESULT, shrinks, storage

TODAY = int(NOW.timestamp()) // 86_400


def test_growth_follows_from_the_checks_that_are_configured(session):
    factories.service(session, "a", interval_seconds=60)
    factories.service(session, "b", interval_seconds=3600)
    factories.service(session, "idle", interval_seconds=1, paused=True)
    view = storage(session, raw_days=30, now=NOW)
    bytes_each = BYTES_PER_RESULT[session.get_bind().dialect.name]
    assert view.growth_per_day == (1440 + 24) * bytes_each
    assert view.settles_at == 30 * view.growth_per_day
    assert view.size > 0


def test_results_are_counted_by_their_rollups_as_far_as_they_are_kept(session):
    service = factories.service(session)
    for days_ago, up in ((0, 10), (29, 20), (31, 400)):
        session.add(Daily(service_id=service.id, day=TODAY - days_ago, up=up, down=1))
    session.flush()
    assert storage(session, raw_days=30, now=NOW).results == 32


def test_the_results_of_the_present_hour_count_too(session):
    service = factories.service(session)
    session.add(Daily(service_id=service.id, day=TODAY, up=10))
    state = session.get(ServiceState, service.id)
    state.hour = TODAY * 24 + NOW.hour
    state.hourly = Rollup(up=4, down=2, answers=4, sum_us=4_000).as_list()
    session.flush()
    assert storage(session, raw_days=30, now=NOW).results == 16


def test_the_last_hour_of_a_service_that_was_paused_long_ago_does_not_count(session):
    hours = {"hour": (TODAY - 31) * 24, "hourly": Rollup(up=4).as_list()}
    factories.service(session, paused=True, **hours)
    assert storage(session, raw_days=30, now=NOW).results == 0


def test_the_oldest_result_is_found(session):
    assert storage(session, raw_days=30, now=NOW).since is None
    for name, minutes in (("a", 3), ("b", 5), ("c", 0)):
        service = factories.service(session, name)
        for ago in range(minutes):
            at_ms = milliseconds(NOW - ago * MINUTE)
            session.add(CheckResult(service_id=service.id, at_ms=at_ms, status=0))
    session.flush()
    assert storage(session, raw_days=30, now=NOW).since == NOW - 4 * MINUTE


def test_a_new_database_gives_room_back(session):
    assert shrinks(session)
