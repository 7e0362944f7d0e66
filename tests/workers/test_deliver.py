"""The worker's sending: side by side, finished or handed back on a stop, and never lost."""

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from sqlmodel import select

from tests.outbox import add_channel, add_site, iati
from tests.outside import outside, see
from webmon import clock
from webmon.commands.checks import backlog, workers
from webmon.commands.notifications import leases
from webmon.commands.notifications.manual_sends import send_test
from webmon.domain.checks.status import Status
from webmon.domain.notifications.grouping import WAIT
from webmon.models import Channel, ChannelState, Notification
from webmon.models.notifications import Delivery
from webmon.notifiers.base import NotifierError
from workers.deliver import Deliverer
from workers.pipeline import Pipeline

__all__ = ["iati", "outside"]


@pytest.fixture
async def pipeline(database):
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    yield pipeline
    await pipeline.stop(0)


@pytest.fixture
def deliverer(pipeline):
    return Deliverer(pipeline.in_database, "w1")


def owe(database, iati, *channels: str) -> None:
    """News that is due by now, for each of these channels."""
    for name in channels:
        add_channel(database, name)
    site = add_site(database, iati)
    see(database, Status.DOWN, site, at=clock.utcnow() - 10 * backlog.LATE)


def deliveries(database) -> list[Delivery]:
    with database.read() as session:
        return list(session.exec(select(Notification.delivery).order_by(Notification.id)))


async def until(condition, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_what_is_due_is_sent_and_the_channel_handed_back(database, outside, iati, deliverer):
    owe(database, iati, "ops")
    await deliverer.dispatch()
    await until(lambda: deliveries(database) == [Delivery.SENT])
    await until(lambda: not deliverer.outstanding)
    assert outside.told() == ["down Datastore.Website"]
    with database.read() as session:
        [state] = session.exec(select(ChannelState)).all()
    assert (state.worker_id, state.lease_until) == (None, None)


async def test_what_is_ready_before_the_next_tick_is_sent_when_it_is(
    database, outside, iati, deliverer
):
    add_channel(database)
    site = add_site(database, iati)
    see(database, Status.DOWN, site, at=clock.utcnow() - WAIT + timedelta(seconds=0.3))
    await deliverer.dispatch()
    await until(lambda: deliveries(database) == [Delivery.SENT])
    [message] = outside.messages()
    assert message.composed_at >= message.news[0].told_at + WAIT


async def test_what_is_ready_later_is_left_to_a_later_tick(database, outside, iati, deliverer):
    add_channel(database)
    see(database, Status.DOWN, add_site(database, iati), at=clock.utcnow())
    await deliverer.dispatch()
    await until(lambda: not deliverer.outstanding)
    assert deliveries(database) == [Delivery.QUEUED]


@pytest.mark.parametrize("takes_over", [True, False])
async def test_a_worker_that_stood_still_asks_whether_the_message_is_still_its_own(
    database, outside, iati, deliverer, monkeypatch, takes_over
):
    def stand_still(_kind: str) -> None:
        """Between composing and sending another worker may come."""
        if takes_over:
            with database.write() as session:
                leases.retire(session, "w1")
                assert leases.claim_channels(session, "w2", most=1, now=clock.utcnow())

    owe(database, iati, "ops")
    monkeypatch.setattr("workers.deliver.PROVEN_SECONDS", -1.0)
    monkeypatch.setattr("webmon.notifiers.prepare", stand_still)
    await deliverer.dispatch()
    await until(lambda: not deliverer.outstanding)
    assert outside.told() == ([] if takes_over else ["down Datastore.Website"])
    with database.read() as session:
        [state] = session.exec(select(ChannelState)).all()
    assert state.worker_id == ("w2" if takes_over else None)


async def test_a_slow_channel_delays_no_other(database, outside, iati, deliverer):
    release = threading.Event()
    outside.before_answer = lambda: release.wait(5) if outside.received[-1][0] == "slow" else None
    owe(database, iati, "slow", "quick")
    await deliverer.dispatch()
    await until(lambda: deliveries(database) == [Delivery.QUEUED, Delivery.SENT])
    await deliverer.dispatch()
    assert len(outside.received) == 2, "the slow one is not sent to twice"
    release.set()
    await until(lambda: deliveries(database) == [Delivery.SENT] * 2)


async def test_a_notifier_that_breaks_is_tried_again(database, outside, iati, deliverer, caplog):
    def broken():
        raise RuntimeError("boom")

    outside.before_answer = broken
    owe(database, iati, "ops")
    await deliverer.dispatch()
    await until(lambda: not deliverer.outstanding)
    with database.read() as session:
        [row] = session.exec(select(Notification)).all()
        [state] = session.exec(select(ChannelState)).all()
    assert (row.delivery, row.error) == (Delivery.QUEUED, "sending failed: RuntimeError")
    assert state.failures == 1
    assert "the notifier recorder failed" in caplog.text


async def test_after_a_test_that_is_told_to_wait_nothing_else_is_tried(
    database, outside, iati, deliverer
):
    outside.failures["ops"] = NotifierError("slow down", retry_after_seconds=3600)
    owe(database, iati, "ops")
    with database.write() as session:
        channel_id = session.exec(select(Channel.id).where(Channel.name == "ops")).one()
        send_test(session, channel_id, actor=None, now=clock.utcnow())
    await deliverer.dispatch()
    await until(lambda: not deliverer.outstanding)
    await deliverer.dispatch()
    with database.read() as session:
        rows = session.exec(select(Notification).order_by(Notification.id)).all()
    assert [(row.event, row.attempts) for row in rows] == [("down", 0), ("test", 1)]


async def test_a_stop_waits_for_the_send_under_way(database, outside, iati, deliverer):
    outside.before_answer = lambda: time.sleep(0.2)
    owe(database, iati, "ops")
    await deliverer.dispatch()
    await until(lambda: outside.received)
    await deliverer.stop(5)
    assert deliveries(database) == [Delivery.SENT]


async def test_what_does_not_end_within_the_grace_is_sent_again_by_the_next_worker(
    database, outside, iati, pipeline, deliverer
):
    release = threading.Event()
    outside.before_answer = lambda: release.wait(5)
    owe(database, iati, "ops")
    await deliverer.dispatch()
    await until(lambda: outside.received)
    began = time.monotonic()
    await deliverer.stop(0.1)
    assert time.monotonic() - began < 4, "the send takes 5 s"
    await pipeline.in_database(lambda session: workers.retire(session, "w1", now=clock.utcnow()))
    release.set()
    successor = Deliverer(pipeline.in_database, "w2")
    await successor.dispatch()
    await until(lambda: deliveries(database) == [Delivery.SENT])
    first, second = outside.messages()
    assert first == second
