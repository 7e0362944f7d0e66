"""Services over SSH in the worker and in `webmon check`: one connection, and one pinned key."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlmodel import select

from tests import factories
from tests.probes import host_samples
from tests.probes.ssh_servers import OTHER_HOST_KEY, Manners, misbehaving
from webmon import clock, crypto, reports
from webmon.domain.checks.status import Status
from webmon.models import Host, Service, ServiceState
from webmon.probes.over_ssh import session as ssh_session
from webmon.probes.ssh_access import SshAccess
from webmon.queries.inventory.definitions import services_of
from workers.pipeline import Pipeline


@pytest.fixture
def manners() -> Manners:
    manners = Manners()
    manners.output = host_samples.BUSYBOX.encode()
    return manners


@pytest.fixture
def port(manners, database) -> Iterator[int]:
    """Of a server that is configured as the host Box, with three services."""
    with misbehaving(manners) as port:
        access = SshAccess(user="webmon", port=port, password="right")
        with database.write() as session:
            host = factories.host(session, "Box", ssh=crypto.seal(access))
            shell = {"port": port, "login": True}
            due = {"host_id": host.id, "next_check_at": clock.utcnow()}
            factories.service(session, "Shell", kind="ssh", config=shell, **due)
            factories.service(session, "Machine", kind="host_metrics", config={}, **due)
            factories.service(session, "Disks", kind="host_metrics", config={"mounts": "/"}, **due)
        yield port


async def look(database) -> list[ServiceState]:
    pipeline = Pipeline(database, "w1", concurrency=10, threads=2)
    await pipeline.dispatch()
    async with asyncio.timeout(10):
        while len(pipeline._findings) < 3:
            await asyncio.sleep(0.02)
    await pipeline.record_findings()
    await pipeline.stop(0)
    with database.read() as session:
        return list(session.exec(select(ServiceState).order_by(ServiceState.service_id)))


async def test_a_cycle_takes_one_connection_and_pins_the_key(database, manners, port) -> None:
    states = await look(database)
    assert [state.status for state in states] == [Status.UP] * 3, states
    assert (manners.connections, len(manners.asked)) == (1, 1)
    assert len({state.next_check_at for state in states}) == 1
    with database.read() as session:
        [pin] = session.exec(select(Host.host_keys)).one().values()
    assert pin["fingerprint"] == states[0].evidence["fingerprint"]


async def test_a_changed_key_takes_all_services_over_ssh_down(
    database, manners, port, monkeypatch
) -> None:
    monkeypatch.setattr(ssh_session, "LINGER_SECONDS", 0)
    await look(database)
    manners.host_key = OTHER_HOST_KEY
    manners.logins.clear()
    with database.write() as session:
        for state in session.exec(select(ServiceState)):
            state.next_check_at = clock.utcnow()
    states = await look(database)
    assert all(state.last_status is Status.DOWN for state in states)
    assert all(state.message.startswith("host key changed: SHA256:") for state in states)
    assert manners.logins == []


async def test_what_no_database_can_store_is_recorded_without_it(database, manners, port) -> None:
    manners.output = manners.output.replace(b"Linux", b"Li\0nux")
    states = await look(database)
    assert [state.status for state in states] == [Status.UP] * 3, states
    assert states[1].evidence["system"] == "Li\ufffdnux"


async def test_a_host_cannot_say_what_a_message_may_not_hold(database, manners, port) -> None:
    with database.write() as session:
        for service in session.exec(select(Service).where(Service.kind == "host_metrics")):
            service.kind, service.config = "cron", {"unit": "backup.timer"}
    manners.output = (
        b"@@ unit\nLoadState=loaded\nActiveState=active\n@= 0\n"
        b"@@ run\nId=\x1b[31mbackup\0\nResult=success\nActiveState=active\n@= 0\n@@ end\n"
    )
    states = await look(database)
    assert [state.message for state in states[1:]] == ["\ufffd[31mbackup\ufffd is running"] * 2


async def test_webmon_check_looks_over_ssh(database, port) -> None:
    lines: list[str] = []
    with database.read() as session:
        found = services_of(session, "Box", None)
    statuses = await reports.look_at(found, lines.append)
    assert statuses == [Status.UP] * 3
    assert "memory percent 39.5" in "\n".join(lines)
