"""Ids are never used again: a late result must not reach another service than it is about."""

from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon.commands.checks.record import Finding, claim_due, record
from webmon.models import CheckResult, Service
from webmon.probes.base import up


def test_a_new_service_does_not_get_the_id_of_a_deleted_one(session: Session) -> None:
    host = factories.host(session)
    old = factories.service(session, "old", host_id=host.id)
    [check] = claim_due(session, "w", limit=1, now=NOW)
    session.delete(session.get(Service, old.id))
    session.flush()
    new = factories.service(session, "new", host_id=host.id)
    claim_due(session, "w", limit=1, now=NOW)
    late = Finding(check.service_id, check.claim, check.revision, NOW, up("fine", 1))
    record(session, [late], now=NOW)
    assert new.id != old.id
    assert session.exec(select(CheckResult)).all() == []
