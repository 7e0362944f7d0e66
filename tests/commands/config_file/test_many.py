"""A file with many hosts: one transaction, in a number of statements that does not grow."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from tests.clock import NOW
from webmon import config, db
from webmon.commands.config_file.apply import apply_file
from webmon.commands.config_file.export import export
from webmon.commands.inventory.hosts import create_host
from webmon.commands.inventory.namespaces import create_namespace
from webmon.commands.inventory.services import create_service
from webmon.models import Activity, Heartbeat, Host, Service, ServiceState

SPACE = "namespaces:\n  - {slug: iati, name: IATI}\n"
HOST = """\
  - name: Host {n}
    namespace: iati
    address: h{n}.example.org
    tags: [site]
    ssh: {{user: webmon, password: hush}}
    services:
      - {{name: Website, kind: http, config: {{url: "https://h{n}.example.org/"}}}}
      - {{name: Job, kind: heartbeat, paused: true, config: {{every: 1h}}}}
"""

KILLED = """\
import os, signal, sys
from sqlalchemy import Engine, event
from webmon import cli

moment, left = sys.argv[1], [20]

def die(*_):
    left[0] -= 1
    if moment == "commit" or left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Engine, "begin")
def _begun(connection):
    if connection.get_execution_options().get("webmon_write"):
        event.listen(connection, "commit" if moment == "commit" else "before_cursor_execute", die)

sys.argv[1:] = ["apply", sys.argv[2]]
cli.main()
"""


def written(folder: Path, hosts: int) -> Path:
    file = folder / "many.yaml"
    file.write_text(SPACE + "hosts:\n" + "".join(HOST.format(n=n) for n in range(hosts)))
    return file


def statements(session: Session, file: Path) -> int:
    """How many statements it takes to apply the file; SQLite inserts rows one by one."""
    said: list[str] = []

    def note(*arguments: object) -> None:
        said.append(str(arguments[2]))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    apply_file(session, file, prune=False, now=NOW)
    event.remove(connection, "before_cursor_execute", note)
    inserts = {each for each in said if each.startswith("INSERT")}
    return len(inserts) + sum(not each.startswith("INSERT") for each in said)


def test_more_hosts_take_no_more_statements(session: Session, tmp_path: Path) -> None:
    few = statements(session, written(tmp_path, 2))
    few_again = statements(session, written(tmp_path, 2))
    session.rollback()
    assert statements(session, written(tmp_path, 20)) == few < 20
    assert len(session.exec(select(Service)).all()) == 40
    assert statements(session, written(tmp_path, 20)) == few_again < 10


def test_each_is_noted_as_if_it_was_added_alone(session: Session, tmp_path: Path) -> None:
    def entries() -> list[dict[str, object]]:
        rows = session.exec(select(Activity).order_by(col(Activity.id))).all()
        found = [row.model_dump(exclude={"id", "thing_id", "namespace_id"}) for row in rows]
        assert all(row.thing_id and row.namespace_id for row in rows)
        states = session.exec(select(ServiceState).order_by(col(ServiceState.service_id))).all()
        return [*found, *(each.model_dump(exclude={"service_id"}) for each in states)]

    apply_file(session, written(tmp_path, 1), prune=False, now=NOW)
    together = entries()
    assert session.exec(select(Heartbeat)).one().token
    session.rollback()
    space = create_namespace(session, {"slug": "iati", "name": "IATI"}, actor=None, now=NOW)
    fields = {"name": "Host 0", "namespace_id": space.id, "address": "h0.example.org"}
    fields |= {"tags": ["site"], "ssh": {"user": "webmon", "password": "hush"}}
    host = create_host(session, fields, actor=None, now=NOW)
    website = {"name": "Website", "kind": "http", "config": {"url": "https://h0.example.org/"}}
    create_service(session, host.id, website, actor=None, now=NOW)
    job = {"name": "Job", "kind": "heartbeat", "paused": True, "config": {"every": "1h"}}
    create_service(session, host.id, job, actor=None, now=NOW)
    assert entries() == together


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("moment", ["half", "commit"])
def test_killed_it_leaves_all_as_it_was(database: db.Database, tmp_path: Path, moment: str) -> None:
    with database.write() as session:
        apply_file(session, written(tmp_path, 2), prune=False, now=NOW)
    with database.read() as session:
        before = export(session, with_secrets=True)
    file = written(tmp_path, 6)
    file.write_text(file.read_text().replace("hush", "other"))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, moment, str(file)],
        env=config.environment(WEBMON_DATABASE_URL=database.url),
        cwd=config.ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr
    with database.read() as session:
        assert export(session, with_secrets=True) == before
        assert len(session.exec(select(Host)).all()) == 2
    with database.write() as session:
        assert len(apply_file(session, file, prune=False, now=NOW).lines) == 2 + 4 * 3  # of 6 hosts
