"""A clean stop leaves one SQLite file: it can be copied away, and back."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bench.processes import free_port
from tests.product import eventually, running
from webmon import config

HOSTS = """\
namespaces: [{{slug: main, name: Main}}]
hosts:
  - name: Tool
    namespace: main
    address: 127.0.0.1
    services:
{services}
"""
SERVICE = "      - {{name: Port {0}, kind: tcp, interval: 1s, timeout: 1s, config: {{port: {1}}}}}"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("webmon.db*"))


def results(file: Path) -> int:
    with closing(sqlite3.connect(file, timeout=10)) as database:
        return database.execute("SELECT count(*) FROM check_result").fetchone()[0]


@pytest.fixture
def busy(webmon, tmp_path) -> Path:
    """The folder of an installation that looks at thirty services every second."""
    services = "\n".join(SERVICE.format(number, free_port()) for number in range(30))
    file = tmp_path / "hosts.yaml"
    file.write_text(HOSTS.format(services=services))
    assert webmon("apply", str(file)).returncode == 0
    return tmp_path / "data"


@contextmanager
def process(folder: Path, *arguments: str, **settings: str):
    """A `webmon` process; killed where it is still there at the end."""
    settings = {"WEBMON_DATA_DIR": str(folder), "WEBMON_PORT": str(free_port())} | settings
    with subprocess.Popen(
        [sys.executable, "-m", "webmon.cli", *arguments],
        env=config.environment(**settings),
        cwd=config.ROOT,
        stdout=subprocess.DEVNULL,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def grows(folder: Path, by: int = 20) -> None:
    before = results(folder / "webmon.db")
    eventually(lambda: results(folder / "webmon.db") >= before + by, 30)


def test_a_command_leaves_one_file(busy, webmon):
    assert webmon("status").returncode == 0
    assert files(busy) == ["webmon.db"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 0)])
def test_a_worker_leaves_one_file(busy, number, status):
    with process(busy, "worker") as worker:
        grows(busy)
        worker.send_signal(number)
        assert worker.wait(15) == status
    assert files(busy) == ["webmon.db"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_web_process_leaves_one_file(busy, number, status):
    with process(busy, "web") as web:
        eventually(lambda: "webmon.db-wal" in files(busy), 30)
        web.send_signal(number)
        assert web.wait(15) == status
    assert files(busy) == ["webmon.db"]


@pytest.mark.parametrize("last", ["web", "worker"])
def test_whichever_stops_last_leaves_one_file(busy, last):
    with process(busy, "web") as web, process(busy, "worker") as worker:
        grows(busy)
        children = [worker, web] if last == "web" else [web, worker]
        for child in children:
            child.terminate()
            assert child.wait(15) == 0
    assert files(busy) == ["webmon.db"]


def test_what_a_killed_child_has_left_is_in_the_file_too(busy, tmp_path):
    with running(tmp_path) as product:
        grows(busy)
        for name in ("worker", "web"):
            product.child(name).send_signal(signal.SIGKILL)
        product.process.send_signal(signal.SIGINT)
        assert product.process.wait(15) == 0
    assert files(busy) == ["webmon.db"]


def test_a_copied_file_put_back_is_whole_and_misses_nothing(busy, tmp_path):
    away = tmp_path / "away.db"
    for _ in range(2):
        with process(busy, "worker") as worker:
            grows(busy)
            worker.terminate()
            assert worker.wait(15) == 0
        shutil.copy(busy / "webmon.db", away)
        kept = results(away)
        with process(busy, "worker") as worker:
            grows(busy)
            worker.terminate()
            assert worker.wait(15) == 0
        shutil.copy(away, busy / "webmon.db")
        assert results(busy / "webmon.db") == kept
        with closing(sqlite3.connect(busy / "webmon.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_backup_of_a_busy_installation_is_put_back_whole(busy, webmon, tmp_path):
    file = str(tmp_path / "away.db")
    with process(busy, "worker") as worker:
        grows(busy)
        taken = webmon("backup", file)
        assert (taken.returncode, "The key is not: keep it too" in taken.stdout) == (0, False)
        assert "There are no secrets in it" in taken.stdout
        kept = results(Path(file))
        grows(busy)
        refused = webmon("restore", file)
        assert (refused.returncode, refused.stderr) == (
            1,
            "webmon: Beaconry is running: stop every web and worker process first\n",
        )
        worker.terminate()
        assert worker.wait(15) == 0
    assert webmon("verify", file).stdout == taken.stdout
    restored = webmon("restore", file)
    assert restored.returncode == 0, restored.stderr
    assert f"{kept:,} results" in restored.stdout
    assert results(busy / "webmon.db") == kept
    with process(busy, "worker") as worker:
        grows(busy)
        worker.terminate()
        assert worker.wait(15) == 0
