"""A service that cannot work is refused; one that cannot any more is no data, not an outage."""

import asyncio
from pathlib import Path

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from tests.probes.ssh_servers import CLIENT_KEY
from webmon import clock
from webmon.commands.config_file.apply import apply_file
from webmon.commands.inventory.hosts import update_host
from webmon.commands.inventory.services import create_service, update_service
from webmon.domain.checks.status import Status
from webmon.errors import FileError, Invalid
from webmon.models import Host, Incident, Notification, ServiceState
from webmon.probes.base import ProbeConfig
from workers.pipeline import Pipeline

WHO = {"actor": None, "now": NOW}
SSH = {"user": "webmon", "private_key": CLIENT_KEY}
LOGGING_IN = [("host_metrics", {}), ("cron", {}), ("ssh", {"login": True})]


def host_with(session: Session, ssh: dict[str, str] | None) -> Host:
    host = factories.host(session, address="127.0.0.1")
    fields = {"name": host.name, "namespace_id": host.namespace_id, "address": host.address}
    return update_host(session, host.id, fields | {"ssh": ssh}, **WHO)


@pytest.mark.parametrize(("kind", "config"), LOGGING_IN)
def test_what_logs_in_needs_a_host_where_somebody_can(
    session: Session, kind: str, config: dict[str, object]
) -> None:
    host = host_with(session, None)
    fields = {"name": "It", "kind": kind, "config": config}
    with pytest.raises(Invalid, match="give Datastore SSH access first"):
        create_service(session, host.id, fields, **WHO)
    plain = create_service(session, host.id, {"name": "It", "kind": "ssh"}, **WHO)
    with pytest.raises(Invalid, match="give Datastore SSH access first"):
        update_service(session, plain.id, fields, **WHO)
    session.expire_all()
    host_with_ssh = update_host(
        session,
        host.id,
        {"name": "Datastore", "namespace_id": host.namespace_id, "address": "a", "ssh": SSH},
        **WHO,
    )
    assert create_service(session, host_with_ssh.id, fields | {"name": "Other"}, **WHO)


def test_the_file_says_it_with_its_line(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(
        "namespaces: [{slug: a, name: A}]\nhosts:\n- name: H\n  namespace: a\n  address: b\n"
        "  services:\n  - {name: M, kind: host_metrics}\n"
    )
    with pytest.raises(FileError, match=r":7: hosts\[0\].services\[0\].kind: logs in to its host"):
        apply_file(session, file, prune=False, now=NOW)


async def test_access_that_was_removed_is_no_data_and_alarms_nobody(database) -> None:
    with database.write() as session:
        host = host_with(session, SSH)
        for kind, config in LOGGING_IN:
            fields = {"name": kind, "kind": kind, "config": config, "failures_to_down": 1}
            create_service(session, host.id, fields, **WHO)
        fields = {"name": host.name, "namespace_id": host.namespace_id, "address": host.address}
        update_host(session, host.id, fields | {"ssh": None}, actor=None, now=clock.utcnow())
    pipeline = Pipeline(database, "w1", concurrency=9, threads=1)
    await pipeline.dispatch()
    while pipeline.outstanding:
        await asyncio.sleep(0.01)
        await pipeline.record_findings()
    await pipeline.stop(1)
    with database.read() as session:
        states = session.exec(select(ServiceState)).all()
        assert {state.last_status for state in states} == {Status.UNKNOWN}
        assert all("the host has no SSH access" in state.message for state in states)
        assert (
            session.exec(select(Incident)).all() == session.exec(select(Notification)).all() == []
        )


def test_no_other_kind_needs_a_login() -> None:
    assert not ProbeConfig().needs_login
