"""Children that end, and children that run but do nothing."""

import os
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator

import psutil
import pytest
from sqlmodel import delete, select

from bench.processes import free_port
from tests.product import eventually
from webmon import config, db, supervisor
from webmon.models import Worker
from webmon.supervisor import Child

BEATS = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(int(sys.argv[1])):
    os.write(int(os.environ["WEBMON_PULSE_FD"]), b".")
    time.sleep(0.05)
time.sleep(60)
"""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PROGRAM", [sys.executable, "-c", BEATS])
    monkeypatch.setattr(supervisor, "SILENT_SECONDS", 1.5)
    monkeypatch.setattr(supervisor, "END_SECONDS", 0.2)


def listen(child: Child, seconds: float) -> bool:
    """Whether the child has ended within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        child.listen()
        if child.process.poll() is not None:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def child(quick: None) -> Iterator[Child]:
    child = Child("worker", ["3"])
    yield child
    if child.process is not None:
        child.process.kill()
        child.process.wait()
    os.close(child.pulse)


def test_a_child_that_has_fallen_silent_is_ended_with_one_line(child, caplog):
    child.start()
    assert listen(child, 30)
    assert child.process.returncode == -signal.SIGKILL, "it did not end when it was asked to"
    (line,) = caplog.messages
    assert line.startswith("worker runs, but has done nothing for ")
    child.plan_restart()
    assert "worker ended (SIGKILL); it starts again in" in caplog.messages[-1]
    child.start()
    assert child.process.poll() is None


def test_a_child_that_is_still_starting_is_left_in_peace(child):
    child.arguments = ["0"]
    child.start()
    assert not listen(child, 3)


def test_a_child_that_gives_signs_of_life_is_left_in_peace(child):
    child.arguments = ["200"]
    child.start()
    assert not listen(child, 4)


SUPERVISE = """
import logging, sys
from webmon import config, logs, supervisor
logs.configure(config.settings(), "up")
supervisor.SILENT_SECONDS, supervisor.END_SECONDS = 4.0, 0.5
children = [supervisor.Child("worker", ["worker"]), supervisor.Child("web", ["web"])]
sys.exit(supervisor.supervise(children))
"""


def test_a_worker_and_a_web_process_that_stand_still_are_replaced(webmon, tmp_path):
    assert webmon("migrate").returncode == 0
    database = db.Database(f"sqlite:///{tmp_path / 'data' / 'webmon.db'}")
    port = free_port()
    variables = config.environment(WEBMON_DATA_DIR=str(tmp_path / "data"), WEBMON_PORT=str(port))

    def works(name: str, pid: int | None = None) -> psutil.Process | None:
        """The process, once it has done something; another one than ``pid``."""
        found = [child for child in process.children() if name in child.cmdline()[-1:]]
        if not found or found[0].pid == pid:
            return None
        return found[0] if (ticks(database) if name == "worker" else answers(port)) else None

    log = tmp_path / "log"
    with (
        log.open("w") as output,
        psutil.Popen(
            [sys.executable, "-c", SUPERVISE], env=variables, cwd=config.ROOT, stderr=output
        ) as process,
    ):
        try:
            for name in ("worker", "web"):
                stopped = eventually(lambda name=name: works(name), 60)
                stopped.send_signal(signal.SIGHUP)  # a terminal that closes ends nothing
                time.sleep(0.5)
                stopped.suspend()
                eventually(lambda name=name, pid=stopped.pid: works(name, pid), 60)
        finally:
            process.terminate()
            process.wait(20)
            database.dispose()
    said = log.read_text()
    for name in ("worker", "web"):
        assert f"{name} runs, but has done nothing for" in said, said
        assert f"{name} ended (SIGKILL)" in said, said
    assert "SIGHUP" not in said, said


def ticks(database: db.Database) -> bool:
    """Whether a worker ticks twice while we look: a sign of life comes after the first."""
    for _ in range(2):
        with database.write() as session:
            session.execute(delete(Worker))
        time.sleep(2.5)
        with database.read() as session:
            if session.exec(select(Worker)).first() is None:
                return False
    return True


def answers(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        return answer.status == 200
