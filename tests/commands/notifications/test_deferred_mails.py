"""A recipient that the mail server deferred gets the mail later, even if the channel is changed."""

from tests.clock import MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_site, claim, compose, iati, rows, site
from tests.outside import outside, see
from webmon.commands.notifications import deferred_mails, receipts
from webmon.domain.checks.status import Status
from webmon.notifiers.base import Deferred, Receipt

__all__ = ["add_site", "iati", "outside", "site"]

BERT = Deferred(("bert@example.org", "dora@example.org"), "Subject: DOWN")


def due(database, at):
    with database.write() as session:
        return deferred_mails.claim(session, now=at)


def note(database, mail, waiting, at):
    with database.write() as session:
        deferred_mails.note(session, mail.id, waiting, now=at)


def test_who_is_put_off_is_tried_again_until_nobody_is(database, outside, site):
    add_channel(database)
    see(database, Status.DOWN, site, at=NOW)
    [lease] = claim(database, NOW + 3 * SECOND)
    sent = compose(database, lease, NOW + 3 * SECOND)
    at = NOW + 4 * SECOND
    with database.write() as session:
        receipts.note(session, sent, Receipt("<1@x>", "tried again", deferred=BERT), now=at)
    assert [row.delivery for row in rows(database)] == ["sent"]
    assert due(database, at) == []
    [mail] = due(database, at + 10 * SECOND)
    assert mail.deferred == BERT
    assert due(database, at + 11 * SECOND) == [], "another worker has it"
    note(database, mail, ["dora@example.org"], at + 12 * SECOND)
    [mail] = due(database, at + 1 * MINUTE)
    assert mail.deferred.recipients == ("dora@example.org",)
    note(database, mail, [], at + 1 * MINUTE)
    assert due(database, at + 1000 * MINUTE) == []


def test_after_a_day_nobody_waits_any_more(database, outside, site):
    channel = add_channel(database)
    with database.write() as session:
        deferred_mails.keep(session, channel, BERT, now=NOW)
    [mail] = due(database, NOW + 1 * MINUTE)
    note(database, mail, BERT.recipients, NOW + 1 * MINUTE)
    assert due(database, NOW + 1500 * MINUTE) == []
    assert due(database, NOW + 1600 * MINUTE) == []
