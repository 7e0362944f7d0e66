"""Every channel is told every outage and its end in order, for any sequence of events.

The generated histories mix changes of services, two workers that die between any two statements,
that are overtaken while they send, and channels that refuse, or take a message and say nothing.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlmodel import Session, col, delete, select

from tests import factories
from tests.clock import MINUTE, NOW
from tests.examples import up_to
from tests.outside import ALL_EVENTS, Outside, deliver, follow_up, outside, see
from webmon.commands.checks import workers
from webmon.commands.inventory import services
from webmon.commands.notifications import leases as channel_leases
from webmon.commands.notifications import next_message, receipts
from webmon.commands.notifications.incident_updates import write_update
from webmon.commands.notifications.next_message import Outgoing
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.domain.notifications import rules
from webmon.domain.notifications.news import Event, Message
from webmon.models import Channel, ChannelState, Host, Incident, Namespace, Service, ServiceState
from webmon.notifiers import NOTIFIERS
from webmon.notifiers.base import NotifierError, Receipt, blocking

__all__ = ["outside"]

CHANNELS = ("ops", "mail")
WORKERS = ("w1", "w2")


class Crash(Exception):
    """The process ends here."""


@dataclass
class World:
    """An installation, its clock, and what the channels have really received."""

    database: Database
    outside: Outside
    service_ids: list[int] = field(default_factory=list)
    now: datetime = NOW
    under_way: dict[str, Outgoing] = field(default_factory=dict)
    repeatable: Counter[tuple[str, Any]] = field(default_factory=Counter)
    """How often each piece of news may have arrived once more than it should."""
    steps_left: int | None = None
    last_sent: tuple[str, Message] | None = None

    def step(self, *_arguments: Any) -> None:
        """A point at which the process may end."""
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                self.steps_left = None
                raise Crash

    @contextmanager
    def dying(self, after: int | None) -> Iterator[None]:
        """Die after so many statements, commits and sends; None: do not."""
        self.steps_left, self.last_sent = after, None
        try:
            yield
        except Crash:
            if self.last_sent is not None and not self.is_noted(self.last_sent[1]):
                self.may_repeat(*self.last_sent)
        self.steps_left = None

    def is_noted(self, message: Message) -> bool:
        """Whether the database knows that the message was taken."""
        with self.database.read() as session:
            keys = session.exec(select(ChannelState.message_key)).all()
        return message.key not in keys

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def change(self, number: int, status: Status, dies_after: int | None) -> None:
        with self.dying(dies_after):
            see(self.database, status, self.service_ids[number], at=self.now)
        self.pass_time(0.01)  # no two results of a service at the same instant

    def write(self, number: int) -> None:
        """Somebody writes about the incident that is open, if there is one."""
        with self.database.write() as session:
            is_open = col(Incident.resolved_at).is_(None)
            ours = Incident.service_id == self.service_ids[number]
            incident_id = session.exec(select(Incident.id).where(is_open, ours)).first()
            if incident_id is not None:
                actor = Actor(1, "anna@example.org", Role.EDITOR)
                write_update(session, incident_id, "It is seen to.", actor=actor, now=self.now)
        self.pass_time(0.01)

    def deliver(self, worker: str, dies_after: int | None) -> None:
        if worker in self.under_way:
            return
        with self.dying(dies_after):
            deliver(self.database, at=self.now, worker=worker)

    def follow_up(self, dies_after: int | None) -> None:
        with self.dying(dies_after):
            follow_up(self.database, at=self.now)

    def refuse(self, name: str, is_refusing: bool) -> None:
        self.outside.failures.pop(name, None)
        if is_refusing:
            self.outside.failures[name] = NotifierError("busy")

    def restart(self, worker: str) -> None:
        """The worker is known to have ended."""
        self.under_way.pop(worker, None)
        with self.database.write() as session:
            workers.retire(session, worker, now=self.now)

    def begin_slowly(self, worker: str) -> None:
        """The worker sends a message, and has not noted yet that it was taken."""
        if worker in self.under_way:
            return
        with self.database.write() as session:
            taken = channel_leases.claim_channels(session, worker, most=1, now=self.now)
            outgoing = next_message.compose(session, taken[0], now=self.now) if taken else None
        if outgoing is not None:
            self.under_way[worker] = outgoing
            name = outgoing.config["name"]
            self.outside.received.append((name, outgoing.message))
            self.may_repeat(name, outgoing.message)

    def finish_slowly(self, worker: str) -> None:
        outgoing = self.under_way.pop(worker, None)
        if outgoing is not None:
            with self.database.write() as session:
                receipts.delivered(session, outgoing, Receipt(), now=self.now)
                channel_leases.hand_back(session, outgoing.lease)

    def may_repeat(self, name: str, message: Message) -> None:
        self.repeatable.update((name, identity(each)) for each in message.news)

    def come_to_rest(self) -> None:
        """Everything works again, and time passes."""
        for worker in WORKERS:
            self.restart(worker)
        self.outside.failures.clear()
        for _ in range(10):
            self.pass_time(180)
            follow_up(self.database, at=self.now)
            deliver(self.database, at=self.now, worker="last")


def identity(news: Any) -> Any:
    return news.incident, news.event, news.told_at


SERVICES = st.integers(0, 2)
DIES = st.none() | st.none() | st.integers(0, 25)
WHO = st.sampled_from(WORKERS)


def change(*statuses: Status) -> Any:
    return st.tuples(st.just("change"), SERVICES, st.sampled_from(statuses), DIES)


PASS_TIME = st.tuples(
    st.just("pass_time"), st.sampled_from([1.0, 3.0, 10.0, 31.0, 130.0, 700.0, 15e3])
)
DELIVER = st.tuples(st.just("deliver"), WHO, DIES)
ACTIONS = (
    change(Status.DOWN),
    change(Status.UP),
    change(Status.DOWN, Status.UP),
    st.tuples(st.just("write"), SERVICES),
    PASS_TIME,
    PASS_TIME,
    DELIVER,
    DELIVER,
    st.tuples(st.just("follow_up"), DIES),
    st.tuples(st.just("refuse"), st.sampled_from(CHANNELS), st.booleans()),
    st.tuples(st.just("restart"), WHO),
    st.tuples(st.just("begin_slowly"), WHO),
    st.tuples(st.just("finish_slowly"), WHO),
)
MORE = (
    change(Status.DEGRADED),
    st.tuples(st.sampled_from(["pause", "resume"]), SERVICES),
)


def histories(*actions: Any) -> Any:
    """Long ones: little happens in a short one."""
    return st.lists(st.sampled_from(actions).flatmap(lambda each: each), min_size=40, max_size=80)


@pytest.fixture
def make_world(database: Database, outside: Outside, monkeypatch):
    """A new world for each history, in one database."""
    worlds: list[World] = []
    listeners = (
        ("before_cursor_execute", lambda *_: worlds[-1].step()),
        (
            "commit",
            lambda *_: worlds[-1].step(),
        ),
    )
    for name, listener in listeners:
        event.listen(database.engine, name, listener)

    def send(config, message, around):
        world = worlds[-1]
        world.step()
        receipt = outside.send(config, message, around)
        world.last_sent = config.name, message
        world.step()
        return receipt

    patched = NOTIFIERS["recorder"]
    monkeypatch.setitem(
        NOTIFIERS,
        "recorder",
        type(patched)(patched.title, patched.config, blocking(send), patched.preview),
    )

    def make(**critical: Any) -> World:
        outside.received.clear()
        outside.failures.clear()
        world = World(database, outside)
        worlds.append(world)
        with database.write() as session:
            _empty(session)
            host = factories.host(session)
            names = ("Front", "Website", "Database")
            made = [factories.service(session, each, host_id=host.id) for each in names]
            made[0].critical = bool(critical)
            world.service_ids = [each.id for each in made]
            for name in CHANNELS:
                factories.channel(session, name, events=ALL_EVENTS)
        for service_id in world.service_ids:
            see(database, Status.UP, service_id, at=world.now - MINUTE)
        return world

    yield make
    for name, listener in listeners:
        event.remove(database.engine, name, listener)


def _empty(session: Session) -> None:
    for model in (Channel, Namespace, Host):
        session.exec(delete(model))


def given_histories(database: Database) -> settings:
    """Most on SQLite: PostgreSQL locks otherwise, but what follows from events is the same."""
    return settings(
        max_examples=up_to(12 if database.is_sqlite else 4),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking these takes minutes
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def test_every_outage_and_every_end_is_told_once_and_in_order(database, make_world, monkeypatch):
    monkeypatch.setattr(rules, "MOST_CHANGES", 10_000)

    @given_histories(database)
    @given(histories(*ACTIONS))
    def check(history):
        world = make_world()
        for name, *arguments in history:
            getattr(world, name)(*arguments)
        world.come_to_rest()
        with world.database.read() as session:
            incidents = session.exec(select(Incident).order_by(Incident.id)).all()
        for channel in CHANNELS:
            heard = [each for message in world.outside.messages(channel) for each in message.news]
            _assert_nothing_twice(world, channel, heard)
            _assert_complete_and_in_order(incidents, heard)

    check()


def _assert_nothing_twice(world: World, channel: str, heard: list[Any]) -> None:
    for key, count in Counter(map(identity, heard)).items():
        assert count <= 1 + world.repeatable[channel, key], key


def _assert_complete_and_in_order(incidents, heard: list[Any]) -> None:
    first_heard = list(dict.fromkeys((each.incident, each.event) for each in heard))
    place = {key: number for number, key in enumerate(first_heard)}
    last_of_service: dict[int, int] = {}
    for incident in incidents:
        down = place[incident.id, Event.DOWN]
        assert down > last_of_service.get(incident.service_id, -1)
        up = place.get((incident.id, Event.UP), len(place))
        for between in (Event.REMINDER, Event.INCIDENT_UPDATE):
            at = place.get((incident.id, between))
            assert at is None or down < at < up
        if incident.resolved_at is None:
            assert up == len(place)
        else:
            last_of_service[incident.service_id] = up
    expected = {(each.id, Event.DOWN) for each in incidents}
    expected |= {(each.id, Event.UP) for each in incidents if each.resolved_at}
    ends = (Event.DOWN, Event.UP)
    assert {key for key in place if key[1] in ends} == expected


def test_in_the_end_every_channel_knows_how_things_are(database, make_world, monkeypatch):
    """With flapping, a critical service, difficulties and pauses besides."""
    monkeypatch.setattr(rules, "MOST_CHANGES", 2)

    @given_histories(database)
    @given(histories(*ACTIONS, *MORE))
    def check(history):
        world = make_world(critical=True)
        for name, *arguments in history:
            if name in ("pause", "resume"):
                with world.database.write() as session:
                    service_id = world.service_ids[arguments[0]]
                    getattr(services, name)(session, service_id, actor=None, now=world.now)
                world.pass_time(0.01)
            else:
                getattr(world, name)(*arguments)
        world.come_to_rest()
        for channel in CHANNELS:
            heard = {
                each.service: each
                for message in world.outside.messages(channel)
                for each in message.news
            }
            _assert_knows(world, heard)

    check()


def _assert_knows(world: World, heard: dict[str, Any]) -> None:
    with world.database.read() as session:
        rows = session.exec(select(Service, ServiceState).join(ServiceState)).all()
    critical_is_down = any(each.critical and now.status is Status.DOWN for each, now in rows)
    for service, state in rows:
        last = heard.get(service.name)
        believed = last.status if last is not None else Status.UP
        if state.status in (Status.DOWN, Status.DEGRADED):
            is_excused = critical_is_down and not service.critical
            assert believed is state.status or is_excused, (service.name, last)
        else:
            assert believed not in (Status.DOWN, Status.DEGRADED), (service.name, last)
            assert last is None or last.event is not Event.FLAPPING
