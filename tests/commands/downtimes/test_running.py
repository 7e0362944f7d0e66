"""Start, extend, finish, cancel: what people do while a downtime goes on."""

import pytest

from tests.clock import HOUR, MINUTE, NOW
from tests.downtimes import EDITOR, occurrences, plan, steps, times
from tests.outbox import iati, site
from webmon.commands.downtimes import life, running
from webmon.errors import Invalid, NotFound
from webmon.models import Host, Service

__all__ = ["iati", "site"]

DAY = 24 * HOUR


def do(database, command, *arguments, at=NOW):
    with database.write() as session:
        return command(session, *arguments, actor=EDITOR, now=at)


def only(database, downtime):
    return occurrences(database, downtime.id)[0].id


def test_an_emergency_begins_at_once_and_is_extended_and_finished(database, site):
    with database.write() as session:
        host = session.get_one(Host, session.get_one(Service, site).host_id)
        scope = {"namespace_id": host.namespace_id, "host_ids": [host.id]}
        found = running.start_now(session, scope, actor=EDITOR, now=NOW)
    assert found.title == "Emergency maintenance"
    assert times(database, found.id) == [(0 * HOUR, 30 * MINUTE, "started")]
    do(database, running.extend, only(database, found), 1800, at=NOW + MINUTE)
    assert times(database, found.id) == [(0 * HOUR, HOUR, "started")]
    do(database, running.finish, only(database, found), at=NOW + 40 * MINUTE)
    do(database, running.finish, only(database, found), at=NOW + 41 * MINUTE)
    assert times(database, found.id) == [(0 * HOUR, 40 * MINUTE, "finished")]
    assert steps(database) == ["started", "extended", "finished"]
    with pytest.raises(Invalid, match="over"):
        do(database, running.extend, only(database, found), 1800, at=NOW + 50 * MINUTE)


def test_what_was_planned_for_later_begins_now(database, site):
    later = plan(database, site, NOW + 2 * DAY)
    do(database, running.start_occurrence, only(database, later))
    assert times(database, later.id) == [(0 * HOUR, HOUR, "started")]
    with pytest.raises(Invalid, match="begun"):
        do(database, running.start_occurrence, only(database, later))


def test_time_goes_on_without_a_worker(database, site):
    found = plan(database, site, NOW + HOUR)
    with pytest.raises(Invalid, match="cancel it"):
        do(database, running.finish, only(database, found))
    do(database, running.finish, only(database, found), at=NOW + 90 * MINUTE)
    assert steps(database) == ["announced", "started", "finished"]


def test_what_was_told_of_is_told_when_it_is_cancelled(database, site):
    told, untold = plan(database, site, NOW + HOUR), plan(database, site, NOW + 2 * DAY)
    for each in (told, untold, untold):
        do(database, running.cancel_downtime, each.id)
    assert steps(database, told.id) == ["announced", "cancelled"]
    assert steps(database, untold.id) == ["(cancelled)"]


def test_a_series_keeps_what_it_has_had(database, site):
    series = plan(database, site, NOW - DAY, rrule="FREQ=DAILY;COUNT=4")
    assert [state for _, _, state in times(database, series.id)] == [
        "finished", "started", "scheduled", "scheduled",
    ]  # fmt: skip
    do(database, running.cancel_downtime, series.id)
    assert [state for _, _, state in times(database, series.id)] == ["finished"] + 3 * ["cancelled"]


def test_one_time_is_called_off(database, site):
    series = plan(database, site, NOW + HOUR, rrule="FREQ=DAILY;COUNT=3")
    do(database, running.skip_occurrence, series.id, NOW + HOUR)
    do(database, running.cancel_occurrence, occurrences(database, series.id)[2].id)
    do(database, running.cancel_occurrence, occurrences(database, series.id)[2].id)
    assert steps(database) == ["announced", "cancelled", "(cancelled)"]
    with pytest.raises(NotFound):
        do(database, running.cancel_occurrence, 99)


def test_a_series_with_long_pauses_always_has_its_next_time(database, site):
    made = plan(database, site, NOW + 100 * DAY, rrule="FREQ=MONTHLY;INTERVAL=6;COUNT=3")

    def ahead():
        return [(at.days, state) for at, _, state in times(database, made.id)]

    assert ahead() == [(100, "scheduled")]
    do(database, running.cancel_occurrence, only(database, made))
    assert ahead() == [(100, "cancelled"), (284, "scheduled")]
    with database.write() as session:
        life.advance(session, now=NOW + 284 * DAY)
    assert ahead() == [(100, "cancelled"), (284, "started"), (466, "scheduled")]
    do(database, running.cancel_downtime, made.id, at=NOW + 284 * DAY)
    assert [state for _, state in ahead()] == ["cancelled"] * 3
