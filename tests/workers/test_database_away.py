"""A worker whose PostgreSQL freezes, falls silent, is cut off or killed goes on by itself."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from sqlmodel import delete, select

from tests.probes.real_servers import Postgres
from tests.product import eventually
from tests.silent_line import SilentLine
from webmon import config, db
from webmon.commands.schema import migrate
from webmon.models import Worker

RESUMED_SECONDS = 20.0
"""With the limits below; a busy machine included. The real ones are some four times as long."""

WORK = """
import sys
from webmon import config, db, limits, logs
from workers import __main__ as worker
logs.configure(config.settings(), "worker")
quick = limits.Limits(connect=2, statement=1.5, lock=1, idle=2, answer=2)
db.use(db.Database(config.settings().database, quick))
worker.run("the worker")
"""


class Away:
    """A server, the line to it, and what can happen to both."""

    def __init__(self, server: Postgres, line: SilentLine, log: Path) -> None:
        self.line = line
        self.log = log
        self.near = db.Database(f"postgresql://postgres@127.0.0.1:{server.port}/postgres")
        self._server = server

    def ticks(self) -> bool:
        """Whether the worker ticks while we look."""
        with self.near.write() as session:
            session.execute(delete(Worker))
        time.sleep(1.5)
        with self.near.read() as session:
            return session.exec(select(Worker)).first() is not None

    @property
    def processes(self) -> list[psutil.Process]:
        """The server's."""
        pid = int((self._server.folder / "postmaster.pid").read_text().split()[0])
        main = psutil.Process(pid)
        return [main, *main.children()]

    def fall_silent(self) -> None:
        self.line.fall_silent()
        time.sleep(5)
        self.line.speak()

    def forget(self) -> None:
        self.line.forget()

    def cut(self) -> None:
        self.line.cut()

    def freeze(self) -> None:
        frozen = self.processes
        for process in frozen:
            process.suspend()
        time.sleep(5)
        for process in frozen:
            process.resume()

    def kill(self) -> None:
        killed = self.processes
        for process in killed:
            process.kill()
        psutil.wait_procs(killed, 5)
        self.near.dispose()
        self._server.do("start")

    def restart(self) -> None:
        self._server.do("restart")


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    folder = tmp_path_factory.mktemp("away")
    server = Postgres(tmp_path_factory.mktemp("away-server"))
    with ExitStack() as stack:
        stack.enter_context(server.running("host all all 127.0.0.1/32 trust\n"))
        line = stack.enter_context(SilentLine(("127.0.0.1", server.port)))
        away = Away(server, line, folder / "log")
        stack.callback(away.near.dispose)
        migrate(away.near)
        variables = config.environment(
            WEBMON_DATA_DIR=str(folder / "data"),
            WEBMON_DATABASE_URL=f"postgresql://postgres@127.0.0.1:{line.port}/postgres",
        )
        output = stack.enter_context(away.log.open("w"))
        worker = subprocess.Popen(
            [sys.executable, "-c", WORK], env=variables, cwd=config.ROOT, stderr=output
        )
        stack.callback(worker.wait, 20)
        stack.callback(worker.terminate)
        eventually(away.ticks, 30)
        yield away
        assert worker.poll() is None, away.log.read_text()


@pytest.mark.parametrize(
    "happen",
    [Away.fall_silent, Away.forget, Away.cut, Away.freeze, Away.kill, Away.restart],
    ids=lambda happen: happen.__name__,
)
def test_checking_goes_on_by_itself(away: Away, happen: Callable[[Away], None]) -> None:
    happen(away)
    eventually(away.ticks, RESUMED_SECONDS)
    assert "Traceback" not in away.log.read_text()
