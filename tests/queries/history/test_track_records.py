"""Many days at once: what is kept of them is what the status changes say."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select, update

from tests import factories
from tests.clock import HOUR, NOW
from tests.examples import up_to
from tests.queries.histories import no_data, outage, watched
from webmon.commands.checks.clock_steps import realign
from webmon.commands.checks.record import Finding, record
from webmon.commands.history.daily_uptime import settle_some
from webmon.commands.inventory.services import create_service, pause, resume, update_service
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.domain.history.calendar import utc_day, utc_midnight
from webmon.domain.history.rollups import Rollup
from webmon.domain.history.uptime import Period, Uptime, uptime
from webmon.models import Daily, Host, Service, ServiceState
from webmon.probes.base import Outcome, down, unknown, up
from webmon.queries.history.timelines import service as column
from webmon.queries.history.timelines import timelines
from webmon.queries.history.track_records import NO_RECORD, track_records

DAY = timedelta(days=1)
TODAY = utc_day(NOW)
THIS_HOUR = int(NOW.timestamp()) // 3600


def settle(session: Session, now: datetime = NOW) -> None:
    after: int | None = 0
    while after is not None:
        after = settle_some(session, after=after, now=now)
    session.expire_all()


def from_changes(session: Session, days: int, now: datetime = NOW) -> dict[int, Uptime]:
    """What `track_records` has to say, worked out from the status changes alone."""
    period = Period(utc_midnight(utc_day(now) - days + 1), now)
    lines = timelines(session, since=period.began_at, now=now)
    return {each.service_id: uptime(each.line, period) for each in lines}


def measured(session: Session, days: int, now: datetime = NOW) -> dict[int, Uptime]:
    found = track_records(session, days=days, now=now)
    return {service_id: each.uptime for service_id, each in found.items()}


def settled_days(session: Session) -> dict[int, int]:
    return dict(session.exec(select(ServiceState.service_id, ServiceState.settled_day)).all())


@pytest.fixture
def services(session: Session) -> dict[str, int]:
    """Services with two months behind them, by what is special about them."""
    found = {
        "down": watched(session, *outage(50 * DAY, 49 * DAY), (3 * DAY, Status.DOWN), name="a"),
        "unseen": watched(session, *outage(8 * DAY, 5 * HOUR), name="b"),
        "paused": watched(session, (9 * DAY, Status.PAUSED), name="c"),
        "silent": watched(session, observed_at=NOW - 4 * DAY, name="d"),
    }
    no_data(session, found["unseen"], 30 * DAY, 28 * DAY)
    no_data(session, found["unseen"], 7 * DAY, 6 * DAY)
    session.execute(update(Service).values(created_at=NOW - 60 * DAY))
    return {name: service.id for name, service in found.items()}


def test_uptime_is_that_of_whole_days_and_of_today_until_now(session: Session) -> None:
    service = watched(session, *outage(2 * DAY, 2 * DAY - 3 * HOUR))
    assert measured(session, days=3) == {service.id: Uptime(2 * DAY + 10 * HOUR, 55 * HOUR)}
    assert measured(session, days=2) == {service.id: Uptime(34 * HOUR, 34 * HOUR)}
    assert measured(session, days=1) == {service.id: Uptime(10 * HOUR, 10 * HOUR)}


@pytest.mark.parametrize("days", [1, 2, 3, 10, 45])
def test_settled_days_say_what_the_changes_say(
    session: Session, services: dict[str, int], days: int
) -> None:
    expected = from_changes(session, days)
    assert measured(session, days) == expected
    settle(session)
    assert settled_days(session) == {
        services["down"]: TODAY,
        services["unseen"]: TODAY,
        services["paused"]: TODAY,
        services["silent"]: 0,  # nobody knows yet how long it will be
    }
    assert measured(session, days) == expected


def test_they_are_read_without_the_changes(session: Session, services: dict[str, int]) -> None:
    expected = from_changes(session, days=45)
    settle(session)
    session.exec(update(Daily).where(col(Daily.day) == TODAY - 20).values(observed_us=0, down_us=0))
    found = measured(session, days=45)
    assert found[services["down"]].observed == expected[services["down"]].observed - DAY
    assert found[services["silent"]] == expected[services["silent"]]


def test_only_the_services_that_were_asked_for_are_told(
    session: Session, services: dict[str, int]
) -> None:
    settle(session)
    for service_id in services.values():
        found = track_records(session, column.id == service_id, days=45, now=NOW)
        assert found == {service_id: track_records(session, days=45, now=NOW)[service_id]}
    assert track_records(session, column.id == 999, days=45, now=NOW) == {}


def answered(*milliseconds: int) -> Rollup:
    found = Rollup()
    for each in milliseconds:
        found.add(Status.UP, each * 1000)
    return found


def test_the_average_counts_every_answer_once(session: Session) -> None:
    one = watched(session, hour=THIS_HOUR, hourly=answered(10, 10).as_list(), name="One")
    other = watched(session, name="Other")
    never = watched(session, hour=THIS_HOUR, hourly=Rollup().as_list(), name="Never")
    stopped = watched(
        session, hour=THIS_HOUR - 91 * 24, hourly=answered(7).as_list(), name="Stopped"
    )
    for service, days_ago, rollup in (
        (one, 1, answered(40)),
        (other, 89, answered(5)),
        (other, 90, answered(500)),
    ):
        values = {name: getattr(rollup, name) for name in Rollup.__slots__}
        session.add(Daily(service_id=service.id, day=TODAY - days_ago, **values))
    session.flush()
    found = track_records(session, days=90, now=NOW)
    assert {service_id: each.average_us for service_id, each in found.items()} == {
        one.id: 20_000,
        other.id: 5_000,
        never.id: None,
        stopped.id: None,
    }
    assert NO_RECORD.average_us is None


def test_an_hour_of_very_long_answers_is_summed_up(session: Session) -> None:
    hour = answered(*[60_000] * 60)
    service = watched(session, hour=THIS_HOUR, hourly=hour.as_list())
    found = track_records(session, column.id == service.id, days=90, now=NOW)
    assert found[service.id].average_us == 60_000_000


class Past:
    """Two services whose past is made by the commands themselves, however the clock goes."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, NOW
        host: Host = factories.host(session)
        self.ids = [
            create_service(session, host.id, fields(name), actor=None, now=NOW).id
            for name in ("A", "B")
        ]
        self.intervals = dict.fromkeys(self.ids, INTERVAL)

    def look(self, service_id: int, outcome: Outcome) -> None:
        known = self.session.get_one(Service, service_id, populate_existing=True)
        found = Finding(service_id, None, known.revision, self.now, outcome)
        record(self.session, [found], now=self.now)

    def edit(self, service_id: int, interval_seconds: int) -> None:
        name = self.session.get_one(Service, service_id).name
        wanted = fields(name) | {"interval_seconds": interval_seconds}
        update_service(self.session, service_id, wanted, actor=None, now=self.now)

    def take(self, step: tuple[str, int, int]) -> None:
        what, which, hours = step
        service_id = self.ids[which]
        back = -1 if what == "set back" else 1
        self.now += back * hours * HOUR
        if what in OUTCOMES:
            self.look(service_id, OUTCOMES[what])
        elif what == "settle":
            settle(self.session, self.now)
        elif what == "realign":
            realign(self.session, now=self.now)
            self.session.expire_all()
        elif what in EDITS:
            EDITS[what](self, service_id)

    def check(self) -> None:
        for later in (0, 31, 80):
            now = self.now + later * HOUR
            for days in (2, 12):
                assert measured(self.session, days, now) == from_changes(self.session, days, now)


INTERVAL = 6 * 3600


def fields(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "tcp", "config": {"port": 80}, "interval_seconds": INTERVAL}


OUTCOMES: dict[str, Outcome] = {
    "up": up("fine", 1000),
    "slow": Outcome(Status.DEGRADED, "slow"),
    "down": down("refused"),
    "unknown": unknown("the monitor is offline"),
}
EDITS: dict[str, Callable[[Past, int], None]] = {
    "pause": lambda past, key: pause(past.session, key, actor=None, now=past.now),
    "resume": lambda past, key: resume(past.session, key, actor=None, now=past.now),
    "often": lambda past, key: past.edit(key, 3600),
    "rarely": lambda past, key: past.edit(key, 2 * 24 * 3600),
}
STEPS = st.tuples(
    st.sampled_from([*OUTCOMES, "up", "down", *EDITS, *["settle"] * 3, "set back", "realign"]),
    st.integers(0, 1),
    st.sampled_from([0, 1, 5, 6, 7, 20, 30]),
)


SET_BACK: list[tuple[str, int, int]] = [
    ("rarely", 0, 0),
    *[("up", 0, hours) for hours in (1, 30, 20)],
    ("settle", 0, 0),
    ("set back", 0, 20),
]

OUTAGE_AHEAD: list[tuple[str, int, int]] = [
    *SET_BACK[:4],
    *[("down", 0, hours) for hours in (0, 1, 30)],
    ("settle", 0, 0),
    *[("set back", 0, 20)] * 3,
]


@settings(
    max_examples=up_to(12),
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example([*SET_BACK, ("often", 0, 0), ("up", 0, 0)])
@example([*SET_BACK, ("pause", 0, 0)])
@example([*OUTAGE_AHEAD, ("realign", 0, 0)])
@example(
    [
        *[("up", 0, 30)] * 2,
        ("pause", 0, 20),
        ("settle", 0, 20),
        ("set back", 0, 30),
        ("resume", 0, 0),
    ]
)
@example(
    [("rarely", 0, 0), *[("up", 0, 30)] * 3, ("down", 0, 0), ("settle", 0, 30), ("down", 0, 0)]
)
@given(st.lists(STEPS, min_size=8, max_size=25))
def test_for_all_histories_what_is_kept_is_what_the_changes_say(
    database: Database, steps: list[tuple[str, int, int]]
) -> None:
    with Session(database.engine) as session:  # rolled back
        past = Past(session)
        for step in steps:
            past.take(step)
        past.check()
        settle(session, past.now)
        past.check()
