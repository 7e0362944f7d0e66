"""`webmon check` says where a job has to report, and when it last did."""

from tests import factories
from tests.clock import NOW
from webmon import reports
from webmon.commands.inventory import services
from webmon.domain.checks.status import Status
from webmon.queries.inventory.definitions import services_of
from webmon.queries.inventory.heartbeat_urls import heartbeat_url

FIELDS = {"name": "Import", "kind": "heartbeat", "config": {"schedule": "0 2 * * *"}}


async def test_the_address_to_report_to_is_shown(session) -> None:
    host = factories.host(session)
    service = services.create_service(session, host.id, FIELDS, actor=None, now=NOW)
    lines: list[str] = []
    statuses = await reports.look_at(services_of(session, host.name, None), lines.append)
    assert statuses == [Status.UNKNOWN]
    assert "no data – no heartbeat received yet" in lines[0]
    assert heartbeat_url(session, service.id, actor=None) in lines[0]
