"""Time in which nobody looked, when somebody changes meanwhile how often that is to happen."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from webmon.commands.checks.record import Finding, record
from webmon.commands.inventory.services import create_service, pause, resume, update_service
from webmon.models import NoData, Service
from webmon.probes.base import Outcome, down, unknown, up
from webmon.queries.history.timelines import service as column
from webmon.queries.history.timelines import timelines

FIELDS: dict[str, Any] = {"name": "Port", "kind": "tcp", "config": {"port": 443}}
FINE, IN_VAIN = up("fine", 1000), unknown("the monitor itself was offline")
REFUSED = down("refused")
LETTERS = {"up": "u", "down": "d", "unknown": "?", "paused": "p"}


class Watch:
    """A service that is looked at every ``interval_seconds``, for the first time at NOW."""

    def __init__(self, session: Session, interval_seconds: int, first: Outcome = FINE) -> None:
        self.session = session
        fields = FIELDS | {"interval_seconds": interval_seconds}
        host = factories.host(session)
        self.id = create_service(session, host.id, fields, actor=None, now=NOW).id
        self.look(NOW, first)

    def look(self, at: datetime, outcome: Outcome = FINE) -> None:
        revision = self.session.get_one(Service, self.id).revision
        record(self.session, [Finding(self.id, None, revision, at, outcome)], now=at)

    def edit(self, at: datetime, **fields: Any) -> None:
        update_service(self.session, self.id, FIELDS | fields, actor=None, now=at)

    def gaps(self) -> list[tuple[timedelta, timedelta]]:
        """The stored stretches without data, as lengths of time since NOW."""
        start_ms = round(NOW.timestamp() * 1000)
        return [
            (
                timedelta(milliseconds=row.began_at_ms - start_ms),
                timedelta(milliseconds=row.ended_at_ms - start_ms),
            )
            for row in self.session.exec(select(NoData).order_by("began_at_ms"))
        ]

    def shown(self, at: datetime) -> str:
        """The timeline from NOW on, as somebody sees it then: a letter for each ten minutes."""
        (found,) = timelines(self.session, column.id == self.id, since=NOW, now=at)
        return "".join(
            LETTERS[status] * round((ended_at - began_at) / (10 * MINUTE))
            for began_at, ended_at, status in found.line
        )


def test_a_shorter_interval_does_not_hold_for_the_time_before(session: Session) -> None:
    watch = Watch(session, interval_seconds=3600)
    edited_at = NOW + 40 * MINUTE
    watch.edit(edited_at, interval_seconds=60)
    assert watch.shown(edited_at) == "uuuu"
    watch.look(edited_at)
    assert (watch.gaps(), watch.shown(edited_at)) == ([], "uuuu")


def test_it_holds_from_the_next_check_on(session: Session) -> None:
    watch = Watch(session, interval_seconds=3600)
    watch.edit(NOW + 40 * MINUTE, interval_seconds=600)
    watch.look(NOW + 40 * MINUTE)
    assert watch.shown(NOW + 80 * MINUTE) == "uuuuu???"
    watch.look(NOW + 80 * MINUTE)
    assert watch.gaps() == [(50 * MINUTE, 80 * MINUTE)]


def test_a_longer_interval_does_not_make_good_that_nobody_looked(session: Session) -> None:
    watch = Watch(session, interval_seconds=600)
    watch.edit(NOW + 60 * MINUTE, interval_seconds=3600)
    assert watch.shown(NOW + 60 * MINUTE) == "u?????"
    assert watch.shown(NOW + 90 * MINUTE) == "u????????"
    watch.look(NOW + 90 * MINUTE)
    assert watch.gaps() == [(10 * MINUTE, 90 * MINUTE)]


@pytest.mark.parametrize("timeout_seconds", [1, 100])
def test_another_timeout_changes_nothing_of_the_time_before(
    session: Session, timeout_seconds: float
) -> None:
    watch = Watch(session, interval_seconds=60)  # with a timeout of 10 s: 130 s are no gap yet
    at = NOW + timedelta(seconds=130 if timeout_seconds < 10 else 131)
    watch.edit(at, interval_seconds=60, timeout_seconds=timeout_seconds)
    watch.look(at)
    assert len(watch.gaps()) == (0 if timeout_seconds < 10 else 1)


def test_a_look_in_vain_is_a_gap_from_the_time_on_at_which_it_was_due(session: Session) -> None:
    watch = Watch(session, interval_seconds=600)
    watch.look(NOW + 10 * MINUTE, IN_VAIN)
    assert watch.shown(NOW + 20 * MINUTE) == "u?"
    watch.look(NOW + 20 * MINUTE)
    watch.look(NOW + 30 * MINUTE)
    assert watch.gaps() == [(10 * MINUTE, 20 * MINUTE)]
    assert watch.shown(NOW + 50 * MINUTE) == "u?uuu"


def test_a_look_in_vain_that_was_not_due_yet_is_no_gap(session: Session) -> None:
    watch = Watch(session, interval_seconds=600)
    watch.look(NOW + 5 * MINUTE, IN_VAIN)
    watch.look(NOW + 10 * MINUTE)
    assert (watch.gaps(), watch.shown(NOW + 20 * MINUTE)) == ([], "uu")


def test_a_pause_does_not_hide_that_nobody_looked_before(session: Session) -> None:
    watch = Watch(session, interval_seconds=600)
    pause(session, watch.id, actor=None, now=NOW + HOUR)
    assert watch.gaps() == [(10 * MINUTE, HOUR)]
    assert watch.shown(NOW + 80 * MINUTE) == "u?????pp"
    resume(session, watch.id, actor=None, now=NOW + 2 * HOUR)
    watch.look(NOW + 2 * HOUR)
    assert watch.gaps() == [(10 * MINUTE, HOUR)]


def test_a_pause_soon_after_a_look_leaves_no_gap(session: Session) -> None:
    watch = Watch(session, interval_seconds=600)
    watch.edit(NOW + 20 * MINUTE, interval_seconds=600, paused=True)
    assert (watch.gaps(), watch.shown(NOW + 30 * MINUTE)) == ([], "uup")


def test_time_between_the_first_two_failures_of_all_is_no_outage_if_nobody_looked(
    session: Session,
) -> None:
    watch = Watch(session, interval_seconds=600, first=REFUSED)
    watch.look(NOW + HOUR, REFUSED)
    assert watch.shown(NOW + 70 * MINUTE) == "d?????d"
    assert watch.gaps() == [(10 * MINUTE, HOUR)]


def test_nor_between_the_first_two_after_a_pause(session: Session) -> None:
    watch = Watch(session, interval_seconds=600)
    pause(session, watch.id, actor=None, now=NOW + 10 * MINUTE)
    resume(session, watch.id, actor=None, now=NOW + 30 * MINUTE)
    watch.look(NOW + 30 * MINUTE, REFUSED)
    watch.look(NOW + 60 * MINUTE, REFUSED)
    assert watch.shown(NOW + 70 * MINUTE) == "uppd??d"
