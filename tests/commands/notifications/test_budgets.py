"""The monthly budget of a channel."""

from datetime import datetime

from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_site, iati, outbox
from tests.outside import deliver, outside, see
from webmon.commands.notifications import budgets
from webmon.domain.checks.status import Status
from webmon.models import Channel

__all__ = ["iati", "outside"]

UP, DOWN = Status.UP, Status.DOWN


def test_a_budget_is_warned_of_and_kept_and_begins_anew_with_the_month(database, outside, iati):
    channel_id = add_channel(database, "x", config={"monthly_budget": 5})
    add_channel(database, "ops", events=[])
    sites = [add_site(database, iati, f"H{number}") for number in range(4)]
    for minute, service_id in enumerate(sites):
        for status, offset in ((DOWN, 0), (UP, 5)):
            at = NOW + (minute * 10 + offset) * MINUTE
            see(database, status, service_id, at=at)
            deliver(database, at=at + 3 * SECOND)
    deliver(database, at=NOW + HOUR)
    assert len(outside.messages("x")) == 5
    suppressed = [row for row in outbox(database, channel_id) if row[1] == "suppressed"]
    assert suppressed[0] == ("up", "suppressed", "monthly budget of 5 posts is used up")
    assert [message.news[0].message for message in outside.messages("ops")] == [
        "The channel x has used 4 of its 5 posts of this month.",
        "The channel x has used 5 of its 5 posts of this month."
        " Nothing more is posted until next month.",
    ]
    with database.write() as session:
        session.get_one(Channel, channel_id).config = {"name": "x", "monthly_budget": 7}
    see(database, DOWN, sites[2], at=NOW + 2 * HOUR)
    for minute in range(2):
        deliver(database, at=NOW + 3 * HOUR + minute * MINUTE)
    assert [message.news[0].message for message in outside.messages("ops")][2:] == [
        "The channel x has used 6 of its 7 posts of this month."
    ]
    december = datetime.fromisoformat("2026-12-01T00:00:10+00:00")
    see(database, DOWN, sites[0], at=december)
    deliver(database, at=december + 3 * SECOND)
    assert len(outside.messages("x")) == 7


def test_the_config_of_a_kind_without_a_budget_is_not_read_in_a_transaction(database, monkeypatch):
    """Reading that of an Apprise channel loads the library, which takes a second."""
    monkeypatch.setattr(budgets, "read_definition", None)
    with database.write() as session:
        assert budgets.why_used_up(session, 1, "apprise", {"url": "json://h"}, now=NOW) == ""
