"""Nothing of a deleted service may stick to the next one."""

import asyncio

from tests import factories
from webmon import clock, probes
from webmon.commands.inventory.services import create_service, delete_service
from webmon.probes.base import ProbeKind, up
from webmon.probes.tcp import TcpConfig
from workers.pipeline import Pipeline


async def test_the_next_service_is_not_checked_with_the_config_of_a_deleted_one(
    database, monkeypatch
):
    ports = []

    async def remember(config, _target, _timeout):
        ports.append(config.port)
        return up("fine", 1000)

    kind = ProbeKind("Fake", lambda: (TcpConfig, remember))
    monkeypatch.setitem(probes.PROBES, "tcp", kind)
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    with database.write() as session:
        host_id = factories.host(session).id
    for port in (1, 2):
        fields = {"name": "Port", "kind": "tcp", "config": {"port": port}}
        with database.write() as session:
            who = {"actor": None, "now": clock.utcnow()}
            service_id = create_service(session, host_id, fields, **who).id
        await pipeline.dispatch()
        async with asyncio.timeout(30):
            while pipeline.outstanding:
                await asyncio.sleep(0.01)
                await pipeline.record_findings()
        with database.write() as session:
            delete_service(session, service_id, **who)
    await pipeline.stop(0)
    assert ports == [1, 2]
