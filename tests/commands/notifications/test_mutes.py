"""A muted host or service: its bad news is not told, and why is stored; the mute ends by itself."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_service, iati, outbox, site
from tests.outside import ALL_EVENTS, deliver, follow_up, outside, see
from webmon.commands.notifications.mutes import end_mute, mute_host, mute_service
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Mute, Service
from webmon.notifiers.base import NotifierError

__all__ = ["iati", "outside", "site"]

UP, DOWN, DEGRADED, UNKNOWN = Status.UP, Status.DOWN, Status.DEGRADED, Status.UNKNOWN
EDITOR = Actor(1, "anna@example.org", Role.EDITOR)
WHY = "muted by anna@example.org: new disks"
TOLD_DOWN, TOLD_UP = "down Datastore.Website", "up Datastore.Website"


def mute(
    database: Database, service_id, until_at=None, *, at=NOW, reason="new disks", actor=EDITOR
):
    with database.write() as session:
        wanted = {"reason": reason, "until_at": until_at, "actor": actor, "now": at}
        return mute_service(session, service_id, **wanted).id


def mute_all(database: Database, service_id, until_at=None, *, at=NOW):
    with database.write() as session:
        host_id = session.get_one(Service, service_id).host_id
        wanted = {"reason": "new disks", "until_at": until_at, "actor": EDITOR, "now": at}
        return mute_host(session, host_id, **wanted).id


def ended(database: Database) -> list[tuple[datetime | None, str | None]]:
    with database.read() as session:
        rows = session.exec(select(Mute).order_by(Mute.id)).all()
        return [(each.ended_at, each.ended_by) for each in rows]


def test_an_outage_is_not_told_and_why_is_stored(database, outside, site):
    add_channel(database)
    mute(database, site, NOW + HOUR)
    see(database, DOWN, site, at=NOW + MINUTE)
    see(database, UP, site, at=NOW + 2 * MINUTE)
    deliver(database, at=NOW + 3 * MINUTE)
    assert outbox(database) == [
        ("down", "suppressed", WHY),
        ("up", "suppressed", f"its start was not announced: {WHY}"),
    ]
    assert outside.told() == []


def test_what_is_still_down_when_it_ends_is_told_then(database, outside, site):
    add_channel(database)
    mute_all(database, site, NOW + HOUR)
    see(database, DOWN, site, at=NOW + MINUTE)
    follow_up(database, at=NOW + HOUR - SECOND)
    deliver(database, at=NOW + HOUR - SECOND)
    assert outside.told() == []
    follow_up(database, at=NOW + HOUR)
    deliver(database, at=NOW + HOUR + 4 * SECOND)
    assert outside.told() == [TOLD_DOWN]
    assert ended(database) == [(NOW + HOUR, None)]


def test_it_can_be_ended_early(database, outside, site):
    add_channel(database)
    mute_id = mute(database, site, NOW + HOUR)
    see(database, DOWN, site, at=NOW + MINUTE)
    for minutes in (2, 3):  # the second time changes nothing
        with database.write() as session:
            end_mute(session, mute_id, actor=EDITOR, now=NOW + minutes * MINUTE)
    assert ended(database) == [(NOW + 2 * MINUTE, "anna@example.org")]
    follow_up(database, at=NOW + 3 * MINUTE)
    assert outbox(database)[-1] == ("down", "queued", "")


def test_the_end_of_an_outage_that_was_told_is_told(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    mute(database, site, NOW + 9 * HOUR, at=NOW + MINUTE)
    follow_up(database, at=NOW + 5 * HOUR)
    see(database, UP, site, at=NOW + 6 * HOUR)
    deliver(database, at=NOW + 7 * HOUR)
    assert outside.told() == [TOLD_DOWN, TOLD_UP], "and no reminder"


def test_reminders_go_on_when_it_ends(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    mute(database, site, NOW + 6 * HOUR, at=NOW + MINUTE)
    follow_up(database, at=NOW + 6 * HOUR - SECOND)
    follow_up(database, at=NOW + 6 * HOUR + MINUTE)
    deliver(database, at=NOW + 6 * HOUR + 2 * MINUTE)
    assert outside.told() == [TOLD_DOWN, "reminder Datastore.Website"]


def test_until_recovery_ends_with_it(database, outside, site):
    add_channel(database, events=ALL_EVENTS)
    see(database, DEGRADED, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    mute(database, site, at=NOW + MINUTE)
    for minutes, status in ((2, DOWN), (3, DEGRADED), (4, DOWN), (5, UNKNOWN), (6, DOWN)):
        see(database, status, site, at=NOW + minutes * MINUTE)
        follow_up(database, at=NOW + minutes * MINUTE + SECOND)
    assert ended(database) == [(None, None)]
    see(database, UP, site, at=NOW + 20 * MINUTE)
    follow_up(database, at=NOW + 21 * MINUTE)
    assert ended(database) == [(NOW + 21 * MINUTE, None)]
    see(database, DOWN, site, at=NOW + 5 * HOUR)
    assert outbox(database)[-1] == ("down", "queued", "")


def test_a_host_recovers_with_the_last_of_its_services(database, outside, site):
    shell = add_service(database, site, "Shell")
    see(database, DOWN, site, shell, at=NOW)
    mute_all(database, site, at=NOW + MINUTE)
    see(database, UP, site, at=NOW + 2 * MINUTE)
    follow_up(database, at=NOW + 3 * MINUTE)
    assert ended(database) == [(None, None)]
    see(database, UP, shell, at=NOW + 4 * MINUTE)
    follow_up(database, at=NOW + 5 * MINUTE)
    assert ended(database) == [(NOW + 5 * MINUTE, None)]


def test_only_what_is_muted_is_silent(database, outside, site):
    add_channel(database)
    shell = add_service(database, site, "Shell")
    mute(database, site, NOW + HOUR)
    see(database, DOWN, site, shell, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told() == ["down Datastore.Shell"]


def test_a_message_that_waits_for_its_channel_is_not_sent_either(database, outside, site):
    add_channel(database)
    outside.failures["ops"] = NotifierError("busy")
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    mute(database, site, NOW + HOUR, at=NOW + 5 * SECOND)
    outside.failures.clear()
    deliver(database, at=NOW + 30 * MINUTE)
    assert outside.told() == []
    assert outbox(database) == [("down", "suppressed", WHY)]
    follow_up(database, at=NOW + HOUR)
    deliver(database, at=NOW + HOUR + 4 * SECOND)
    assert outside.told() == [TOLD_DOWN]


def test_a_reminder_that_waits_comes_back_when_it_ends(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    follow_up(database, at=NOW + 5 * HOUR)
    mute(database, site, NOW + 6 * HOUR, at=NOW + 5 * HOUR)
    deliver(database, at=NOW + 5 * HOUR + 4 * SECOND)
    follow_up(database, at=NOW + 6 * HOUR - SECOND)
    assert outside.told() == [TOLD_DOWN]
    follow_up(database, at=NOW + 6 * HOUR + MINUTE)
    deliver(database, at=NOW + 6 * HOUR + 2 * MINUTE)
    assert outside.told() == [TOLD_DOWN, "reminder Datastore.Website"]


def test_the_same_again_changes_nothing_and_another_takes_its_place(database, site):
    first = mute(database, site, NOW + HOUR)
    assert mute(database, site, NOW + HOUR, at=NOW + SECOND) == first
    assert mute(database, site, NOW + 2 * HOUR, at=NOW + MINUTE) != first
    assert ended(database) == [(NOW + MINUTE, "anna@example.org"), (None, None)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": " \n"}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": None}, "reason"),
        ({"until_at": NOW}, "until_at"),
        ({"until_at": NOW - HOUR}, "until_at"),
        ({"until_at": NOW + timedelta(days=400)}, "until_at"),
        ({"until_at": None}, "until_at"),
    ],
)
def test_what_cannot_be_meant_is_refused(database, site, wrong, field):
    with pytest.raises(Invalid) as error:
        mute(database, site, **({"until_at": NOW + HOUR} | wrong))
    assert error.value.field == field
    assert ended(database) == []


def test_it_takes_an_editor_of_the_namespace(database, site):
    with database.write() as session:
        other = factories.namespace(session, "di").id
    mute_id = mute(database, site, NOW + HOUR)
    viewer = Actor(1, "b@example.org", Role.VIEWER)
    theirs = Actor(1, "c@example.org", Role.ADMIN, frozenset({other}))
    for actor in (viewer, theirs):
        with pytest.raises((NotFound, PermissionDenied)):
            mute(database, site, NOW + HOUR, actor=actor)
        with pytest.raises((NotFound, PermissionDenied)), database.write() as session:
            end_mute(session, mute_id, actor=actor, now=NOW)
    for wrong in (10**6, -1, None, "x"):
        with pytest.raises(NotFound):
            mute(database, wrong, NOW + HOUR)
        with pytest.raises(NotFound), database.write() as session:
            mute_host(session, wrong, reason="x", actor=EDITOR, now=NOW)
        with pytest.raises(NotFound), database.write() as session:
            end_mute(session, wrong, actor=EDITOR, now=NOW)
