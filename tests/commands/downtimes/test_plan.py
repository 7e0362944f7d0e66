"""Planning downtime, and changing what is planned."""

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from tests.downtimes import EDITOR, fields, occurrences, plan, steps, times
from tests.outbox import iati, site
from webmon.commands.downtimes import edit, running
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.inventory.hosts import delete_host
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Downtime, DowntimeOccurrence, Host, Namespace, Service, ServiceState
from webmon.queries.downtimes.windows import windows_at, windows_between

__all__ = ["iati", "site"]

DAY = 24 * HOUR
WEEKLY = {"rrule": "FREQ=WEEKLY"}


def covered(database, at):
    with database.read() as session:
        return sorted(windows_at(session, at))


def test_it_covers_the_services_of_its_hosts_while_it_lasts(database, site):
    with database.write() as session:
        host_id = session.get_one(Service, site).host_id
        beside = factories.service(session, "Database", host_id=host_id).id
        other = factories.service(session, "Other").id
    planned = plan(database, site, NOW + 2 * HOUR)
    assert planned.revision == 0
    assert times(database, planned.id) == [(2 * HOUR, 3 * HOUR, "scheduled")]
    assert covered(database, NOW + 2 * HOUR - MINUTE) == []
    assert covered(database, NOW + 2 * HOUR) == [site, beside]
    assert covered(database, NOW + 3 * HOUR) == []
    assert other not in covered(database, NOW + 2 * HOUR)
    alone = plan(database, site, NOW + DAY, host_ids=[], service_ids=[beside])
    assert covered(database, NOW + DAY) == [beside]
    with database.read() as session:
        found = windows_at(session, NOW + DAY, [beside])
        assert [each.downtime_id for each in found[beside]] == [alone.id]
        assert set(windows_between(session, NOW, NOW + 3 * DAY)) == {site, beside}
        assert windows_between(session, NOW, NOW + HOUR) == {}


def test_a_whole_namespace_may_be_covered(database, site):
    plan(database, site, NOW, host_ids=[], whole_namespace=True)
    assert covered(database, NOW) == [site]


def test_a_series_has_rows_for_some_weeks_and_at_least_one(database, site):
    weekly = plan(database, site, NOW + HOUR, **WEEKLY)
    assert len(occurrences(database, weekly.id)) == 5
    yearly = plan(database, site, NOW - DAY, rrule="FREQ=YEARLY")
    assert [start for start, _, _ in times(database, yearly.id)] == [-DAY, 364 * DAY]
    ended = plan(database, site, NOW - 3 * DAY, rrule="FREQ=DAILY;COUNT=2")
    assert {state for _, _, state in times(database, ended.id)} == {"finished"}
    assert steps(database, ended.id) == ["(started)", "(finished)"] * 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"starts_at": "2026-12-01T10:00", "duration_seconds": None, "ends_at": "2026-12-01T09:00"},
         "ends_at"),
        ({"duration_seconds": 0}, "duration_seconds"),
        ({"duration_seconds": None}, "duration_seconds"),
        ({"duration_seconds": 400 * 86400}, "duration_seconds"),
        ({"ends_at": "2026-12-01T09:00"}, "ends_at"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"rrule": "FREQ=SECONDLY;BYSECOND=1"}, "rrule"),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rrule"),
        ({"announce_before": [-60]}, "announce_before"),
        ({"announce_before": [0]}, "announce_before"),
        ({"announce_before": [86400 * 31]}, "announce_before"),
        ({"announce_before": list(range(1, 20))}, "announce_before"),
        ({"host_ids": []}, "host_ids"),
        ({"host_ids": [99]}, "host_ids"),
        ({"service_ids": [99]}, "service_ids"),
        ({"channel_ids": [99]}, "channel_ids"),
        ({"namespace_id": 99}, "namespace_id"),
        ({"title": " "}, "title"),
        ({"finish_when_up": 0}, "finish_when_up"),
        ({"audience": {"asked": "everyone"}}, "audience"),
        ({"audience": {"started": "nobody"}}, "audience.started"),
        ({"color": "red"}, "color"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_changes_nothing(database, site, changed, field):
    with pytest.raises(Invalid) as refused:
        plan(database, site, NOW + HOUR, **changed)
    assert refused.value.field == field
    with database.read() as session:
        assert session.exec(select(Downtime)).all() == []


def test_a_host_of_another_namespace_is_out_of_scope(database, site):
    with database.write() as session:
        other = factories.host(session, "Elsewhere").id
    with pytest.raises(Invalid, match="host_ids: has something"):
        plan(database, site, NOW + HOUR, host_ids=[other])


def test_the_timezone_is_the_namespaces_unless_one_is_named(database, site):
    with database.write() as session:
        session.exec(select(Namespace)).one().timezone = "America/New_York"
    found = plan(database, site, NOW, timezone=None)
    assert found.timezone == "America/New_York"
    assert times(database, found.id)[0][0] == 5 * HOUR


def test_editors_plan_within_their_namespaces(database, site):
    with database.read() as session:
        here = session.exec(select(Namespace.id)).one()
    plan(database, site, NOW, actor=Actor(2, "bo@example.org", Role.EDITOR, frozenset({here})))
    for actor in (
        Actor(2, "bo@example.org", Role.EDITOR, frozenset({here + 1})),
        Actor(2, "bo@example.org", Role.VIEWER),
    ):
        with pytest.raises(PermissionDenied):
            plan(database, site, NOW, actor=actor)


def change(database, downtime, site, starts_at, *, at=NOW, how=edit.edit_downtime, **changed):
    with database.write() as session:
        wanted = fields(session, site, starts_at, **changed)
        return how(session, downtime.id, wanted, actor=EDITOR, now=at)


def test_all_of_it_is_changed(database, site):
    once = plan(database, site, NOW + 2 * DAY)
    changed = change(database, once, site, NOW + 3 * DAY, title="Move")
    assert (changed.title, changed.revision) == ("Move", 1)
    assert times(database, once.id) == [(3 * DAY, 3 * DAY + HOUR, "scheduled")]
    assert steps(database) == ["(rescheduled)"]
    change(database, once, site, NOW - DAY)
    assert times(database, once.id) == [(-DAY, HOUR - DAY, "finished")]
    change(database, once, site, NOW + 3 * DAY)
    assert times(database, once.id) == [(3 * DAY, 3 * DAY + HOUR, "scheduled")]
    series = change(database, once, site, NOW + 4 * DAY, **WEEKLY)
    assert [start for start, _, _ in times(database, series.id)][:2] == [4 * DAY, 11 * DAY]
    with database.write() as session, pytest.raises(Invalid, match="in the meantime"):
        wanted = fields(session, site, NOW)
        edit.edit_downtime(session, once.id, wanted, actor=EDITOR, now=NOW, revision=1)
    with database.write() as session, pytest.raises(NotFound):
        edit.edit_downtime(session, 99, wanted, actor=EDITOR, now=NOW)


def test_an_announced_time_of_a_series_moves_with_it(database, site):
    series = plan(database, site, NOW + HOUR, **WEEKLY)
    assert steps(database) == ["announced"]
    change(database, series, site, NOW + 2 * HOUR, **WEEKLY)
    assert [start for start, _, _ in times(database, series.id)][:2] == [
        2 * HOUR,
        7 * DAY + 2 * HOUR,
    ]
    assert steps(database) == ["announced", "rescheduled"]
    change(database, series, site, NOW - 9 * DAY, rrule="FREQ=DAILY;COUNT=2")
    assert steps(database)[2:] == ["cancelled"]


def test_this_and_all_that_follow_become_their_own(database, site):
    series = plan(database, site, NOW + 2 * DAY, **WEEKLY)
    with database.write() as session:
        wanted = fields(session, site, NOW + 9 * DAY + HOUR, **WEEKLY)
        slot_at = NOW + 9 * DAY
        follower = edit.edit_following(session, series.id, slot_at, wanted, actor=EDITOR, now=NOW)
    assert times(database, series.id) == [(2 * DAY, 2 * DAY + HOUR, "scheduled")]
    assert times(database, follower.id)[0][0] == 9 * DAY + HOUR
    with database.read() as session:
        assert session.get_one(Downtime, series.id).rrule == "FREQ=WEEKLY;UNTIL=20261125T100000Z"
    with database.write() as session:
        wanted = fields(session, site, NOW + 3 * DAY)
        same = edit.edit_following(session, series.id, NOW + 2 * DAY, wanted, actor=EDITOR, now=NOW)
    assert same.id == series.id


def test_one_time_is_changed_alone(database, site):
    series = plan(database, site, NOW + 2 * DAY, **WEEKLY)
    with database.write() as session:
        edit.edit_occurrence(
            session, series.id, NOW + 9 * DAY, starts_at=NOW + 10 * DAY, duration_seconds=60,
            title="Longer", actor=EDITOR, now=NOW,
        )  # fmt: skip
        far = NOW + 100 * 7 * DAY + 2 * DAY
        running.skip_occurrence(session, series.id, far, actor=EDITOR, now=NOW)
    assert times(database, series.id)[1] == (10 * DAY, 10 * DAY + MINUTE, "scheduled")
    assert times(database, series.id)[-1][2] == "skipped"
    with database.write() as session, pytest.raises(Invalid, match="does not occur"):
        running.skip_occurrence(session, series.id, NOW, actor=EDITOR, now=NOW)


def test_a_settled_day_is_counted_again(database, site):
    with database.write() as session:
        session.get_one(ServiceState, site).settled_day = 30000
    past = plan(database, site, NOW - 5 * DAY)

    def settled():
        with database.write() as session:
            day = session.get_one(ServiceState, site).settled_day
            session.get_one(ServiceState, site).settled_day = 30000
            return (
                30000 if day == 30000 else (NOW.date() - NOW.date().fromordinal(719163)).days - day
            )

    assert settled() == 5
    change(database, past, site, NOW - 3 * DAY)
    assert settled() == 5
    with database.write() as session:
        running.cancel_downtime(session, past.id, actor=EDITOR, now=NOW)
    assert settled() == 3
    plan(database, site, NOW + DAY)
    assert settled() == 30000


def test_it_goes_with_its_host(database, site):
    plan(database, site, NOW)
    with database.write() as session:
        delete_host(session, session.exec(select(Host.id)).one(), actor=None, now=NOW)
    assert covered(database, NOW) == []


def test_a_key_is_given_once(database, site):
    plan(database, site, NOW, key="upgrade")
    with pytest.raises(Invalid, match="key"):
        plan(database, site, NOW, key="upgrade")


def test_something_else_is_no_scope(database, site):
    with database.write() as session, pytest.raises(Invalid, match="title"):
        plan_downtime(session, {}, actor=None, now=NOW)
    with database.read() as session:
        assert session.exec(select(DowntimeOccurrence)).all() == []
