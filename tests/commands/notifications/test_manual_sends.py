"""Tests, and sending again: what somebody lets go out now."""

import pytest
from sqlmodel import select

from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import REFUSED, add_channel, add_site, iati, outbox, rows, site, state
from tests.outside import deliver, follow_up, outside, see
from webmon.commands.notifications import manual_sends
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Notification
from webmon.models.notifications import Delivery
from webmon.notifiers.base import NotifierError

__all__ = ["iati", "outside", "site"]

DOWN = Status.DOWN

EDITOR = Actor(1, "e@example.org", Role.EDITOR)


def test_a_test_goes_out_at_once_also_where_the_channel_is_off(database, outside, iati):
    channel_id = add_channel(database, enabled=False)
    with database.write() as session:
        manual_sends.send_test(session, channel_id, actor=EDITOR, now=NOW)
    deliver(database, at=NOW)
    assert outside.told() == ["test"]


def test_only_who_may_use_a_channel_sends_a_test(database, outside, iati):
    channel_id = add_channel(database, namespace_id=iati)
    everywhere = add_channel(database, "everywhere")
    viewer = Actor(1, "v@example.org", Role.VIEWER)
    stranger = Actor(1, "s@example.org", Role.EDITOR, frozenset({iati + 1}))
    own = Actor(1, "o@example.org", Role.EDITOR, frozenset({iati}))
    with database.write() as session:
        for actor, target in ((viewer, channel_id), (stranger, channel_id), (own, everywhere)):
            with pytest.raises((NotFound, PermissionDenied)):
                manual_sends.send_test(session, target, actor=actor, now=NOW)
        manual_sends.send_test(session, channel_id, actor=own, now=NOW)
        with pytest.raises(NotFound):
            manual_sends.send_test(session, 999, actor=own, now=NOW)


def test_a_message_is_sent_again_with_all_that_was_told_in_it(database, outside, iati):
    channel_id = add_channel(database)
    first = add_site(database, iati, "Datastore", "Website", "Database")
    see(database, DOWN, first, first + 1, at=NOW)
    with database.write() as session:
        found = session.exec(select(Notification)).first()
        with pytest.raises(Invalid, match="on its way"):
            manual_sends.send_again(session, found.id, actor=EDITOR, now=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        manual_sends.send_again(session, found.id, actor=EDITOR, now=NOW + MINUTE)
        with pytest.raises(NotFound):
            manual_sends.send_again(session, 999, actor=EDITOR, now=NOW)
    deliver(database, at=NOW + MINUTE)
    assert outside.told() == ["down Datastore.Website + down Datastore.Database"] * 2
    assert outbox(database, channel_id) == [("down", Delivery.SENT, "")] * 4


def test_what_was_sent_stays_as_it_is_stored(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    [sent] = rows(database)
    see(database, Status.UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + MINUTE + 4 * SECOND)
    for number in (1, 2):
        at = NOW + number * HOUR
        with database.write() as session:
            manual_sends.send_again(session, sent.id, actor=EDITOR, now=at)
        with database.write() as session, pytest.raises(Invalid, match="on its way"):
            manual_sends.send_again(session, sent.id, actor=EDITOR, now=at)
        deliver(database, at=at)
    first, recovery, *again = rows(database)
    assert (first.sent_at, first.attempts) == (sent.sent_at, 1)
    assert recovery.sent_at == NOW + MINUTE + 4 * SECOND
    assert [each.sent_at for each in again] == [NOW + HOUR, NOW + 2 * HOUR]
    assert [each.sequence for each in again] == [0, 1]
    assert not any(each.is_open for each in rows(database))


def test_an_outage_that_is_told_again_is_reminded_of_once(database, outside, site):
    channel_id = add_channel(database, reminder_every_seconds=4 * 3600)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        again = rows(database)[0].id
        manual_sends.send_again(session, again, actor=EDITOR, now=NOW + HOUR)
    deliver(database, at=NOW + HOUR)
    follow_up(database, at=NOW + 4 * HOUR + MINUTE)
    follow_up(database, at=NOW + 5 * HOUR + MINUTE)
    deliver(database, at=NOW + 5 * HOUR + MINUTE)
    assert [event for event, *_ in outbox(database, channel_id)] == ["down", "down", "reminder"]
    see(database, Status.UP, site, at=NOW + 6 * HOUR)
    deliver(database, at=NOW + 6 * HOUR + MINUTE)
    assert outside.told()[-1] == "up Datastore.Website"


# --- how a test ends


def test_a_test_that_fails_has_failed_and_changes_nothing_else(database, outside, iati):
    channel_id = add_channel(database)
    outside.failures["ops"] = REFUSED
    with database.write() as session:
        manual_sends.send_test(session, channel_id, actor=None, now=NOW)
    deliver(database, at=NOW)
    assert outbox(database) == [("test", "failed", "the server is busy")]
    assert state(database, channel_id).failures == 0


def test_a_test_that_is_told_to_wait_lets_the_rest_wait_too(database, outside, site):
    channel_id = add_channel(database)
    outside.failures["ops"] = NotifierError("slow down", retry_after_seconds=3600)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        manual_sends.send_test(session, channel_id, actor=None, now=NOW + MINUTE)
    deliver(database, at=NOW + MINUTE)
    assert state(database, channel_id).next_try_at == NOW + MINUTE + HOUR
    outside.failures.clear()
    deliver(database, at=NOW + HOUR)
    assert outside.told() == []
    deliver(database, at=NOW + MINUTE + HOUR)
    assert outside.told() == ["down Datastore.Website"]


def test_a_test_that_succeeds_sets_the_channel_free(database, outside, site):
    channel_id = add_channel(database)
    outside.failures["ops"] = NotifierError("slow down", retry_after_seconds=3600)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures.clear()
    with database.write() as session:
        manual_sends.send_test(session, channel_id, actor=None, now=NOW + MINUTE)
    deliver(database, at=NOW + MINUTE)
    assert outside.told() == ["test", "down Datastore.Website"]
