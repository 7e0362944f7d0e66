"""For how long a report counts: until the next one is due, whichever side is late.

In a drawing each letter is half an hour from NOW on: up, down, ? no data.
"""

from datetime import datetime

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from webmon.commands.checks import clock_steps, heartbeat_listening, heartbeats
from webmon.commands.checks.record import Finding, claim_due, record
from webmon.commands.inventory import services
from webmon.domain.checks.heartbeats import Signal
from webmon.models import ServiceState, Setting
from webmon.probes.heartbeat import HeartbeatConfig, judge
from webmon.queries.history.timelines import timelines
from webmon.queries.inventory.heartbeat_urls import heartbeat_url
from webmon.queries.system.listening import LISTENED_UNTIL

SUCCESS, FAILURE = Signal("success"), Signal("failure")
LETTERS = {"up": "u", "down": "d", "unknown": "?"}
HALF = 30 * MINUTE
FIELDS = {
    "name": "Import",
    "kind": "heartbeat",
    "config": {"every": "50m", "grace": "10m"},
    "interval_seconds": 600,
}


class Job:
    """Reports every 50 minutes, or an hour at the most; for the first time at NOW."""

    def __init__(self, session: Session, first: Signal = SUCCESS) -> None:
        self.session = session
        host = factories.host(session)
        before = NOW - MINUTE
        service = services.create_service(session, host.id, FIELDS, actor=None, now=before)
        self.token = heartbeat_url(session, service.id, actor=None).rpartition("/")[2]
        self.web(NOW)
        self.report(NOW, first)

    def report(self, at: datetime, signal: Signal = SUCCESS) -> None:
        heartbeats.receive(self.session, self.token, signal, b"", now=at)

    def web(self, until: datetime) -> None:
        """It has listened all the time until then."""
        self.session.merge(Setting(name=LISTENED_UNTIL, value=until.isoformat()))
        self.session.flush()

    def web_is_back(self, at: datetime) -> None:
        heartbeat_listening.listen(self.session, now=at)
        self.session.flush()

    def worker(self, at: datetime) -> None:
        """It looks at what is due."""
        for check in claim_due(self.session, "w", limit=9, now=at):
            plan = HeartbeatConfig.model_validate(check.config).plan
            assert check.heartbeat is not None
            outcome = judge(plan, check.heartbeat, now=at)
            found = Finding(check.service_id, check.claim, check.revision, at, outcome)
            record(self.session, [found], now=at)

    def worker_is_back(self, at: datetime) -> None:
        clock_steps.begin(self.session, now=at)
        self.worker(self.session.exec(select(ServiceState.next_check_at)).one() or at)

    def shown(self, at: datetime) -> str:
        """The timeline from NOW on, as somebody sees it then."""
        (found,) = timelines(self.session, since=NOW, now=at)
        return "".join(
            LETTERS[status] * round((ended_at - began_at) / HALF)
            for began_at, ended_at, status in found.line
        )


def test_a_report_speaks_until_the_next_one_is_due(session: Session) -> None:
    job = Job(session)
    job.web(NOW + 2 * HOUR)
    for step in range(6, 12):
        job.worker(NOW + step * 10 * MINUTE)
    assert job.shown(NOW + HOUR) == "uu"
    job.report(NOW + 2 * HOUR)
    assert job.shown(NOW + 3 * HOUR) == "uudduu"


@pytest.mark.parametrize(("first", "letter"), [(SUCCESS, "u"), (FAILURE, "d")])
def test_a_stop_of_everything_is_no_data_afterwards_too(
    session: Session, first: Signal, letter: str
) -> None:
    job = Job(session, first)
    assert job.shown(NOW + 3 * HOUR) == 2 * letter + "????"
    job.web_is_back(NOW + 3 * HOUR)
    job.worker_is_back(NOW + 3 * HOUR)
    assert job.shown(NOW + 3.5 * HOUR) == 2 * letter + "?????"
    job.report(NOW + 3.5 * HOUR)
    assert job.shown(NOW + 4.5 * HOUR) == 2 * letter + "?????uu"


def test_nobody_knows_of_a_job_while_only_the_worker_goes_on(session: Session) -> None:
    job = Job(session)
    for step in range(6, 18):
        job.worker(NOW + step * 10 * MINUTE)
    assert job.shown(NOW + 3 * HOUR) == "uu????"
    job.web_is_back(NOW + 3 * HOUR)
    job.report(NOW + 3.5 * HOUR)
    assert job.shown(NOW + 4.5 * HOUR) == "uu?????uu"


def test_that_a_report_is_overdue_counts_from_when_a_worker_is_back(session: Session) -> None:
    job = Job(session)
    job.web(NOW + 3.1 * HOUR)
    job.worker_is_back(NOW + 3 * HOUR)
    assert job.shown(NOW + 3 * HOUR + 20 * MINUTE) == "uu????d"


def test_an_edit_does_not_end_what_a_report_speaks_for(session: Session) -> None:
    job = Job(session)
    (service_id,) = session.exec(select(ServiceState.service_id))
    wanted = FIELDS | {"name": "Nightly"}
    services.update_service(session, service_id, wanted, actor=None, now=NOW + HALF / 2)
    assert job.shown(NOW + HOUR) == "uu"
    job.report(NOW + HOUR)
    assert job.shown(NOW + 2 * HOUR) == "uuuu"
