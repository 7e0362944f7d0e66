"""Behind pgbouncer, which hands connections on between transactions."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlmodel import text

from tests.probes.real_servers import Postgres, free_port, installed, running
from tests.product import eventually
from webmon import config
from webmon.commands.schema import migrate
from webmon.db import Database

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""

FIRST = """
namespaces: [{slug: x, name: X}]
hosts:
  - name: Bouncer
    namespace: x
    address: 127.0.0.1
    services: [{name: Port, kind: tcp, config: {port: %d}}]
"""


@pytest.fixture
def bouncer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database behind pgbouncer with its own settings for everything else."""
    server = Postgres(tmp_path_factory.mktemp("bouncer-server"))
    file = server.folder / "pgbouncer.ini"
    port = free_port()
    file.write_text(CONFIGURATION.format(server_port=server.port, port=port))
    server.own(file)
    as_user = ["-u", server.owner] if os.geteuid() == 0 else []
    pgbouncer = [installed("pgbouncer"), *as_user, str(file)]
    with server.running("host all all 127.0.0.1/32 trust\n"), running(pgbouncer, port):
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"


def test_a_worker_checks_and_nothing_of_a_session_reaches_the_next(
    bouncer: str, webmon, tmp_path: Path
) -> None:
    database = Database(bouncer)
    migrate(database)
    assert_nothing_stays(database)
    port = int(bouncer.rpartition(":")[2].partition("/")[0])
    file = tmp_path / "first.yaml"
    file.write_text(FIRST % port)
    variables = {"WEBMON_DATABASE_URL": bouncer}
    applied = webmon("apply", str(file), **variables)
    assert applied.returncode == 0, applied.stderr
    log = tmp_path / "log"
    with (
        log.open("w") as output,
        psutil.Popen(
            [sys.executable, "-m", "webmon.cli", "worker"],
            env=config.environment(**variables),
            cwd=config.ROOT,
            stderr=output,
        ) as worker,
    ):
        try:
            eventually(lambda: is_up(database), 60)
        finally:
            worker.terminate()
            assert worker.wait(20) == 0, log.read_text()
    assert "WARNING" not in log.read_text()
    database.dispose()


def assert_nothing_stays(database: Database) -> None:
    with database.read() as session:
        assert session.execute(text("SHOW timezone")).scalar_one() == "UTC"
        assert session.execute(text("SHOW statement_timeout")).scalar_one() == "10s"
    raw = database.engine.raw_connection()
    with raw.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
    raw.close()


def is_up(database: Database) -> bool:
    with database.read() as session:
        return session.execute(text("SELECT status FROM service_state")).scalars().all() == ["up"]
