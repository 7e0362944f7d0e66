"""Sending: leases, what a crash leaves, order, and what is forgotten."""

import pytest

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import (
    REFUSED,
    WRONG,
    add_channel,
    add_site,
    claim,
    compose,
    iati,
    rows,
    site,
    state,
)
from tests.outside import deliver, outside, see
from webmon import config
from webmon.commands.checks import workers
from webmon.commands.history import retention
from webmon.commands.inventory import namespaces
from webmon.commands.notifications import leases as channel_leases
from webmon.commands.notifications import manual_sends, next_message, receipts
from webmon.domain.checks.status import Status
from webmon.models import Channel, Namespace
from webmon.notifiers.base import NotifierError, Receipt

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN

# --- leases


def test_a_channel_is_sent_to_by_one_worker_at_a_time(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 3 * SECOND)
    assert claim(database, NOW + 4 * SECOND, "other") == []
    with database.write() as session:
        channel_leases.hand_back(session, lease)
    assert len(claim(database, NOW + 5 * SECOND, "other")) == 1


def test_channels_wait_for_a_free_sender_the_longest_waiting_first(database, outside, iati):
    for number, name in enumerate(("a", "b", "c")):
        channel_id = add_channel(database, name)
        with database.write() as session:
            at = NOW - number * SECOND
            manual_sends.send_test(session, channel_id, actor=None, now=at)
    with database.write() as session:
        taken = channel_leases.claim_channels(session, "w", most=2, now=NOW)
        names = {session.get_one(Channel, lease.channel_id).name for lease in taken}
        assert channel_leases.claim_channels(session, "w", most=0, now=NOW) == []
    assert names == {"b", "c"}


@pytest.mark.parametrize("how", ["lease ends", "worker is retired", "worker falls silent"])
def test_a_message_cut_off_is_sent_again_exactly_as_it_was(database, outside, site, how):
    channel_id = add_channel(database)
    with database.write() as session:
        workers.tick(session, "dead", now=NOW)
    see(database, DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 3 * SECOND, "dead")
    lost = compose(database, lease, NOW + 3 * SECOND)
    see(database, UP, site, at=NOW + 4 * SECOND)
    at = NOW + 15 * SECOND
    with database.write() as session:
        if how == "worker is retired":
            workers.retire(session, "dead", now=at)
        elif how == "worker falls silent":
            assert workers.retire_silent(session, asked_by="w", now=at) == ["dead"]
        else:
            at = NOW + channel_leases.LEASE + 5 * SECOND
    deliver(database, at=at)
    assert outside.messages()[0] == lost.message
    assert outside.told() == ["down Datastore.Website", "up Datastore.Website"]
    down, _up = rows(database)
    assert (down.attempts, down.error) == (2, next_message.CUT_OFF)
    assert state(database, channel_id).worker_id is None


def test_that_a_message_may_have_arrived_twice_is_said_even_if_it_was_refused_after(
    database, outside, site
):
    add_channel(database)
    with database.write() as session:
        workers.tick(session, "dead", now=NOW)
    see(database, DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 3 * SECOND, "dead")
    compose(database, lease, NOW + 3 * SECOND)
    with database.write() as session:
        workers.retire(session, "dead", now=NOW + 15 * SECOND)
    outside.failures["ops"] = REFUSED
    deliver(database, at=NOW + 15 * SECOND)
    outside.failures.clear()
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told() == ["down Datastore.Website + up Datastore.Website"]
    assert [each.error for each in rows(database)] == [next_message.CUT_OFF, ""]


def test_a_message_whose_answer_was_lost_may_have_arrived_twice_and_says_so(
    database, outside, site
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    outside.failures["ops"] = NotifierError("the connection was lost", may_have_arrived=True)
    deliver(database, at=NOW + 3 * SECOND)
    outside.failures["ops"] = REFUSED
    deliver(database, at=NOW + MINUTE)
    outside.failures.clear()
    see(database, UP, site, at=NOW + 2 * MINUTE)
    deliver(database, at=NOW + 3 * MINUTE)
    assert [each.error for each in rows(database)] == [next_message.NO_ANSWER, ""]


def test_a_receiver_that_has_got_it_already_ends_the_doubt(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    outside.failures["ops"] = NotifierError("the connection was lost", may_have_arrived=True)
    deliver(database, at=NOW + 3 * SECOND)
    [lease] = claim(database, NOW + MINUTE)
    again = compose(database, lease, NOW + MINUTE)
    receipt = Receipt(note="X already has this post", had_before=True)
    with database.write() as session:
        receipts.delivered(session, again, receipt, now=NOW + MINUTE)
    assert [each.error for each in rows(database)] == ["X already has this post"]


def test_a_worker_that_has_lost_its_lease_composes_nothing_and_refuses_nothing(
    database, outside, site
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 3 * SECOND, "slow")
    lost = compose(database, lease, NOW + 3 * SECOND)
    later = NOW + channel_leases.LEASE + 5 * SECOND
    [new] = claim(database, later, "quick")
    assert compose(database, lease, later) is None
    with database.write() as session:
        receipts.refused(session, lost, WRONG, now=later)
    again = compose(database, new, later)
    assert again.message == lost.message
    with database.write() as session:
        receipts.delivered(session, lost, Receipt("late"), now=later)
    assert compose(database, new, later) is None
    assert [row.reference for row in rows(database)] == ["late"]


# --- order, time, and retention


def test_texts_speak_the_namespaces_time_and_link_to_its_page(database, outside, iati, monkeypatch):
    monkeypatch.setenv("WEBMON_BASE_URL", "https://status.example.org")
    config.settings.cache_clear()
    with database.write() as session:
        london = factories.namespace(session, "uk", timezone="Europe/London").id
    add_channel(database)
    see(database, DOWN, add_site(database, london), at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    [message] = outside.messages()
    assert message.timezone == "Europe/London"
    assert message.status_url == "https://status.example.org/status/?namespace=uk"


def test_a_message_links_to_the_page_of_its_namespace_as_it_is_called_now(
    database, outside, iati, site
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    with database.write() as session:
        session.get_one(Namespace, iati).slug = "aid"
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.messages()[0].status_url.endswith("/status/?namespace=aid")
    with database.write() as session:
        namespaces.delete_namespace(session, iati, actor=None, now=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.messages()[1].status_url.endswith("/status/")


def test_only_what_is_old_and_settled_is_forgotten(database, outside, iati):
    add_channel(database)
    first, second = (add_site(database, iati, name) for name in ("A", "B"))
    see(database, DOWN, first, second, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, UP, first, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    with database.write() as session:
        assert retention.forget_old(session, before=NOW) == 0
        assert retention.forget_old(session, before=NOW + HOUR) == 2
        assert retention.forget_old(session, before=NOW + HOUR) == 0
    [kept] = rows(database)
    assert kept.payload["host"] == "B", "its end is still to be told"
