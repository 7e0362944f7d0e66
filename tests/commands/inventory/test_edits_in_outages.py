"""What an edit, a pause or a resumption means for a service in the middle of an outage.

A story is a line of steps, ten seconds apart: ``u``, ``s`` and ``d`` are checks that find the
service up, in difficulties and down; a word is what somebody does meanwhile.
"""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW, SECOND
from webmon.commands.checks.record import Finding, record
from webmon.commands.inventory.hosts import update_host
from webmon.commands.inventory.services import create_service, pause, resume, update_service
from webmon.domain.checks.status import Status
from webmon.models import Host, Incident, Service, ServiceState, StatusChange
from webmon.probes.base import Outcome, down, up

FIELDS: dict[str, Any] = {"name": "Port", "kind": "tcp", "config": {"port": 443}}
OUTCOMES = {"u": up("fine", 1000), "s": Outcome(Status.DEGRADED, "slow"), "d": down("refused")}
LETTERS = {"up": "u", "degraded": "s", "down": "d", "unknown": "?", "paused": "p"}


class Story:
    """A service, and what happens to it."""

    def __init__(self, session: Session, **fields: Any) -> None:
        self.session, self.now, self.fields = session, NOW, FIELDS | fields
        host = factories.host(session)
        self.id = create_service(session, host.id, self.fields, actor=None, now=NOW).id

    def tell(self, steps: str) -> str:
        """Take the steps; the status after each."""
        return " ".join(self._take(step) for step in steps.split())

    def _take(self, step: str) -> str:
        self.now += 10 * SECOND
        who: dict[str, Any] = {"actor": None, "now": self.now}
        if step in OUTCOMES:
            self._check(OUTCOMES[step])
        elif step.startswith("address="):
            host = self.session.exec(select(Host)).one()
            fields = {"name": host.name, "namespace_id": host.namespace_id}
            update_host(self.session, host.id, fields | {"address": step[8:]}, **who)
        elif step in ("pause", "resume"):
            {"pause": pause, "resume": resume}[step](self.session, self.id, **who)
        else:
            name, _, value = step.partition("=")
            change = {"config": {"port": int(value)}} if name == "port" else {name: int(value)}
            self.fields = self.fields | change
            update_service(self.session, self.id, self.fields, **who)
            due_at = None if self.state.status is Status.PAUSED else self.now
            assert self.state.next_check_at == due_at
        return LETTERS[self.state.status.value]

    def _check(self, outcome: Outcome) -> None:
        revision = self.session.get_one(Service, self.id).revision
        found = Finding(self.id, None, revision, self.now, outcome)
        record(self.session, [found], now=self.now)

    @property
    def state(self) -> ServiceState:
        self.session.expire_all()
        return self.session.get_one(ServiceState, self.id)

    @property
    def incidents(self) -> list[tuple[int, int | None]]:
        """The seconds after NOW at which each was opened and resolved."""
        rows = self.session.exec(select(Incident).order_by(Incident.id))  # type: ignore[arg-type]
        return [(_after(row.opened_at) or 0, _after(row.resolved_at)) for row in rows]


def _after(at: datetime | None) -> int | None:
    return None if at is None else round((at - NOW).total_seconds())


@pytest.mark.parametrize(
    ("steps", "statuses", "incidents"),
    [
        # fewer failures are needed: those seen count, the outage began with the first of them
        ("failures_to_down=5 u d d failures_to_down=3 d u", "? u u u u d u", [(30, 70)]),
        # more are needed: the outage under way goes on as the same incident
        ("u d d failures_to_down=9 d u", "u u d d d u", [(20, 60)]),
        # more successes are needed: it goes on until they are there
        ("u d d successes_to_up=3 u u u", "u u d d d d u", [(20, 50)]),
        # another port is looked at: what was seen at the old one counts no more
        ("u d port=80 d d u", "u u u u d u", [(40, 60)]),
        ("u d d port=80 d d u", "u u d d d d u", [(20, 70)]),
        ("u d d port=80 u", "u u d d u", [(20, 50)]),
        ("successes_to_up=2 u d d u port=80 u u", "? u u d d d d u", [(30, 70)]),
        # so it is where its host is at another address
        ("u d address=127.0.0.2 d d u", "u u u u d u", [(40, 60)]),
        ("successes_to_up=2 u d d u address=127.0.0.2 u u", "? u u d d d d u", [(30, 70)]),
        # difficulties have their own confirmation
        ("u s failures_to_degraded=3 s s", "u u u u s", []),
        ("u d d failures_to_degraded=9 s s", "u u d d s s", [(20, 50)]),
        # a pause ends the outage, and after it everything is confirmed again
        ("u d d pause resume d d u", "u u d p ? ? d u", [(20, 40), (60, 80)]),
        ("u d d pause resume u", "u u d p ? u", [(20, 40)]),
        ("u d pause resume d u", "u u p ? ? u", []),
        # a check that was under way when an edit paused the service does not count
        ("u d d paused=1 d paused=0 d d", "u u d p p ? ? d", [(20, 40), (70, None)]),
    ],
)
def test_an_edit_takes_effect_at_once_and_sanely_in_the_middle_of_an_outage(
    session: Session, steps: str, statuses: str, incidents: list[tuple[int, int | None]]
) -> None:
    story = Story(session)
    assert story.tell(steps) == statuses
    assert story.incidents == incidents


def test_the_changes_of_a_story_are_an_unbroken_chain(session: Session) -> None:
    story = Story(session)
    story.tell("u d d port=80 s s pause resume d d u")
    changes = session.exec(select(StatusChange).order_by(StatusChange.id)).all()  # type: ignore[arg-type]
    assert all(one.to_status is other.from_status for one, other in pairwise(changes))
    assert all(one.at <= other.at for one, other in pairwise(changes))
