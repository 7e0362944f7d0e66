"""Many services and hosts changed at once: all or nothing, and how that is undone."""

import pytest
from sqlmodel import Session, col, select

from bench.seed import seed
from tests import factories
from tests.clock import MINUTE, NOW, SECOND
from webmon.clock import utcnow
from webmon.commands.inventory.bulk_changes import change_hosts, change_services, undo
from webmon.commands.inventory.services import update_service
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import Invalid, PermissionDenied
from webmon.models import Activity, Host, Incident, Service, ServiceState, StatusChange

EDITOR = Actor(1, "e@example.org", Role.EDITOR)
TCP = {"kind": "tcp", "config": {"port": 443}}


def ports(session: Session, count: int = 3, **fields: object) -> list[int]:
    host = factories.host(session)
    return [
        factories.service(session, f"Port {number}", host_id=host.id, **fields).id
        for number in range(count)
    ]


def of(session: Session, name: str, service_ids: list[int]) -> list[object]:
    session.expire_all()
    return [getattr(session.get_one(Service, each), name) for each in service_ids]


def test_a_field_is_set_in_all_and_undone(session: Session) -> None:
    ids = ports(session, next_check_at=NOW + 3000 * SECOND, interval_seconds=3600)
    session.get_one(Service, ids[0]).interval_seconds = 30
    done = change_services(session, ids, "interval_seconds", 300, actor=EDITOR, now=NOW)
    assert (done.count, of(session, "interval_seconds", ids)) == (3, [300, 300, 300])
    due = session.exec(select(ServiceState.next_check_at)).all()
    assert all(at is not None and NOW <= at < NOW + 5 * MINUTE for at in due)
    assert undo(session, done, actor=EDITOR, now=NOW) == (3, [])
    assert of(session, "interval_seconds", ids) == [30, 3600, 3600]


def test_what_somebody_changed_meanwhile_stays_and_is_named(session: Session) -> None:
    ids = ports(session)
    done = change_services(session, ids, "failures_to_down", 5, actor=EDITOR, now=NOW)
    fields = {**TCP, "name": "Other", "failures_to_down": 9}
    update_service(session, ids[1], fields, actor=None, now=NOW)
    assert undo(session, done, actor=EDITOR, now=NOW) == (2, ["Other"])
    assert of(session, "failures_to_down", ids) == [2, 9, 2]


def test_each_service_has_its_entry_in_the_activity(session: Session) -> None:
    ids = ports(session)
    done = change_services(session, ids, "failures_to_down", 5, actor=EDITOR, now=NOW)
    undo(session, done, actor=EDITOR, now=NOW)
    entries = session.exec(select(Activity).order_by(col(Activity.id))).all()
    assert [each.thing_id for each in entries] == ids + ids
    assert {each.verb for each in entries} == {"changed"}
    assert {each.actor for each in entries} == {EDITOR.email}
    assert all(each.namespace_id for each in entries)
    assert [each.changes for each in entries[2:4]] == [
        {"failures_to_down": [2, 5]},
        {"failures_to_down": [5, 2]},
    ]


def test_services_are_paused_and_go_on_as_they_were(session: Session) -> None:
    ids = ports(session, status=Status.DOWN)
    session.add(Incident(service_id=ids[0], opened_at=NOW - MINUTE))
    already = factories.service(session, "Old", paused=True, status=Status.PAUSED)
    session.flush()
    done = change_services(session, [*ids, already.id], "pause", actor=EDITOR, now=NOW)
    assert done.count == 3
    states = session.exec(select(ServiceState).order_by(col(ServiceState.service_id))).all()
    assert {(state.status, state.next_check_at) for state in states[:3]} == {(Status.PAUSED, None)}
    assert session.exec(select(Incident.resolved_at)).one() is not None
    assert len(session.exec(select(StatusChange)).all()) == 3
    assert undo(session, done, actor=EDITOR, now=NOW) == (3, [])
    assert of(session, "paused", [*ids, already.id]) == [False, False, False, True]


def test_hosts_are_moved_tagged_and_given_back(session: Session) -> None:
    one, two = factories.host(session, "One", tags=["a"]), factories.host(session, "Two")
    ids, before = [one.id, two.id], [one.namespace_id, two.namespace_id]
    tagged = change_hosts(session, ids, "add_tag", "web", actor=EDITOR, now=NOW)
    assert (one.tags, two.tags) == (["a", "web"], ["web"])
    assert undo(session, tagged, actor=EDITOR, now=NOW) == (2, [])
    assert (one.tags, two.tags) == (["a"], [])
    moved = change_hosts(session, ids, "namespace", before[1], actor=EDITOR, now=NOW)
    assert (moved.count, one.namespace_id) == (1, before[1])
    undo(session, moved, actor=EDITOR, now=NOW)
    assert [one.namespace_id, two.namespace_id] == before
    ann = factories.user(session, "ann@example.org", Role.EDITOR)
    actor = Actor(ann.id, ann.email, Role.EDITOR)
    deleted = change_hosts(session, ids, "delete", actor=actor, now=NOW)
    assert (deleted.count, session.exec(select(Host)).all()) == (2, [])
    assert undo(session, deleted, actor=actor, now=NOW + 10 * SECOND) == (2, [])
    assert [each.id for each in session.exec(select(Host).order_by(col(Host.id)))] == ids


@pytest.mark.parametrize(
    ("what", "value"),
    [("interval_seconds", 0), ("interval_seconds", None), ("retry_seconds", "x"), ("config", {})],
)
def test_a_wrong_value_changes_nothing(session: Session, what: str, value: object) -> None:
    ids = ports(session)
    with pytest.raises(Invalid):
        change_services(session, ids, what, value, actor=EDITOR, now=NOW)
    assert of(session, "revision", ids) == [1, 1, 1]


def test_a_name_that_is_taken_stops_the_whole_move(database: Database) -> None:
    with database.write() as session:
        one, two = factories.host(session, "One"), factories.host(session, "Two")
        third = factories.host(session, "Two ", namespace_id=one.namespace_id)
        third.name = "Two"
        ids, target = [one.id, two.id], one.namespace_id
        before = two.namespace_id
    with pytest.raises(Invalid, match="Two"), database.write() as session:
        change_hosts(session, ids, "namespace", target, actor=EDITOR, now=NOW)
    with database.read() as session:
        assert session.get_one(Host, ids[1]).namespace_id == before


def test_what_is_not_theirs_is_as_what_is_not_there(session: Session) -> None:
    ids = ports(session)
    foreign = factories.service(session, "Foreign")
    own = session.get_one(Host, session.get_one(Service, ids[0]).host_id).namespace_id
    limited = Actor(3, "l@example.org", Role.EDITOR, frozenset({own}))
    viewer = Actor(4, "v@example.org", Role.VIEWER)
    with pytest.raises(PermissionDenied):
        change_services(session, ids, "pause", actor=viewer, now=NOW)
    some = [*ids, foreign.id, 999]
    assert change_services(session, some, "pause", actor=limited, now=NOW).count == 3
    assert not session.get_one(Service, foreign.id).paused


def test_many_services_are_changed_in_one_go(database: Database) -> None:
    seed(database, 2500, url="http://127.0.0.1/", interval_seconds=3600)
    now = utcnow()
    for what, value in (("interval_seconds", 7), ("pause", None)):
        with database.write() as session:
            ids = list(range(1, 2501))
            done = change_services(session, ids, what, value, actor=EDITOR, now=now)
            assert done.count == 2500
