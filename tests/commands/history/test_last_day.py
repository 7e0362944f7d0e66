"""The response times of the last day stand beside each state, to sort by."""

from sqlmodel import Session

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from webmon.commands.checks.record import Finding, record
from webmon.models import Service, ServiceState
from webmon.probes.base import down, up


def kept(session: Session, service: Service) -> tuple[float | None, int | None]:
    session.expire_all()
    state = session.get_one(ServiceState, service.id)
    return state.day_average_us, state.day_p95_us


def test_they_are_stored_when_an_hour_is_over(session: Session) -> None:
    service = factories.service(session)
    looks = [
        (NOW - 3 * HOUR, up("fine", 100)),
        (NOW - 2 * HOUR, up("fine", 300)),
        (NOW - 2 * HOUR + MINUTE, down("refused")),
    ]
    for at, outcome in looks:
        record(session, [Finding(service.id, None, None, at, outcome)], now=at)
    assert kept(session, service) == (200, 300)
    record(session, [Finding(service.id, None, None, NOW, up("fine", 200))], now=NOW)
    assert kept(session, service) == (200, 300)


def test_a_day_without_an_answer_leaves_none(session: Session) -> None:
    service = factories.service(session)
    for at, outcome in (
        (NOW - 30 * HOUR, up("fine", 100)),
        (NOW - 29 * HOUR, down("refused")),
        (NOW, down("refused")),
    ):
        record(session, [Finding(service.id, None, None, at, outcome)], now=at)
    assert kept(session, service) == (None, None)
