"""Blocking work in the worker: bounded, and what hangs does not stand in the way of the rest."""

import asyncio
import threading

from sqlmodel import select

from tests import factories
from tests.probes import host_samples
from tests.probes.ssh_servers import Manners, misbehaving
from webmon import clock, crypto
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.models import ServiceState
from webmon.probes.ssh_access import SshAccess
from workers.pipeline import Pipeline
from workers.threads import Threads


def create_host(database: Database, name: str, port: int) -> None:
    access = SshAccess(user="webmon", port=port, password="right")
    with database.write() as session:
        host = factories.host(session, name, ssh=crypto.seal(access))
        factories.service(
            session,
            f"Disks of {name}",
            kind="host_metrics",
            config={},
            host_id=host.id,
            next_check_at=clock.utcnow(),
            timeout_seconds=20,
        )


async def test_commands_that_hang_do_not_hold_up_other_hosts(database: Database) -> None:
    hung, quick = Manners(), Manners()
    hung.hangs_before_output, quick.output = True, host_samples.BUSYBOX.encode()
    with misbehaving(hung) as hung_port, misbehaving(quick) as quick_port:
        for number in range(3):
            create_host(database, f"Hung {number}", hung_port)
        pipeline = Pipeline(database, "w1", concurrency=10, threads=1)
        await pipeline.dispatch()
        async with asyncio.timeout(15):
            while not hung.asked:
                await asyncio.sleep(0.02)
            create_host(database, "Quick", quick_port)
            await pipeline.dispatch()
            while not pipeline._findings:
                await asyncio.sleep(0.02)
        await pipeline.record_findings()
        await pipeline.stop(0)
    with database.read() as session:
        states = session.exec(select(ServiceState).order_by(ServiceState.service_id)).all()
    assert [state.status for state in states] == [Status.UNKNOWN] * 3 + [Status.UP]


async def test_no_more_work_at_once_than_there_are_places() -> None:
    threads, at_once, most = Threads(2), 0, 0
    loop, lock = asyncio.get_running_loop(), threading.Lock()

    def work() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.01)
        with lock:
            at_once -= 1

    await asyncio.gather(*(loop.run_in_executor(threads, work) for _ in range(20)))
    threads.shutdown()
    assert most <= 2
