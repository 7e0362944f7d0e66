"""One SSH connection per host and cycle, shared by the checks that run at the same time.

Looking up, connecting and waiting for the banner take no thread; key exchange and login happen in
paramiko's own thread, one for each connection; only a command that runs takes one of the loop's
thread pool. Nothing waits longer than its check: closing the socket ends every wait.
"""

import asyncio
import functools
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

from webmon.domain.checks.networks import Reach
from webmon.guard import present_reach
from webmon.probes.host_key import HostKey
from webmon.probes.over_ssh.client import Client, SshError
from webmon.probes.over_ssh.commands import Command, last_section
from webmon.probes.ssh_access import SshAccess
from webmon.probes.wire.addresses import Endpoint
from webmon.probes.wire.families import present_family
from webmon.probes.wire.stream import Stream
from webmon.probes.wire.texts import quoted

LINGER_SECONDS = 2.0
"""How long a connection waits for further checks of its cycle."""

REUSE_SECONDS = 10.0
"""A connection older than this takes no further checks."""

MOST_OUTPUT = 256 * 1024


class Running:
    """A command under way: what it has said so far."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.started = False
        self.began = 0.0
        self.taken_us = 0
        self.output = bytearray()
        self.task: asyncio.Task[str] | None = None

    @property
    def text(self) -> str:
        """What it has said so far; no database can store a NUL."""
        return self.output.decode("utf-8", errors="replace").replace("\0", "\ufffd")

    @property
    def step(self) -> str:
        """Where it is, for who waits no longer."""
        at = last_section(self.text)
        return "running a command" + (f", which hangs at {at}" if at else "")


class Connection:
    """A connection to one SSH server, and what was seen on the way."""

    def __init__(self, key: "Key", key_type: str | None) -> None:
        self.key = key
        self.host, self.port, self._access, _, _ = key
        self.users = 0
        self.host_key: HostKey | None = None
        self.times: dict[str, int] = {}
        """Microseconds, by phase: dns, connect, banner, key_exchange, login."""
        self.evidence: dict[str, Any] = {}
        self._key_type = key_type
        self._stream, self._step = Stream(), ""
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._socket: socket.socket | None = None
        self._client: Client | None = None
        self._first = ""
        self._shared: dict[str, asyncio.Task[Any]] = {}
        self._running: dict[str, Running] = {}
        self._closed = False

    @property
    def step(self) -> str:
        """What is under way, for who waits no longer."""
        return self._step or self._stream.step

    @property
    def endpoint(self) -> Endpoint | None:
        return self._stream.endpoint

    @property
    def is_fresh(self) -> bool:
        """Whether one more check may use it."""
        if self._closed or self._loop.time() - self._began > REUSE_SECONDS:
            return False
        return self._client is None or self._client.is_active

    @property
    def is_open(self) -> bool:
        return not self._closed and self._client is not None and self._client.is_active

    async def open(self) -> None:
        """Connect and exchange keys. Nobody has been told anything secret then.

        Raises:
            Unreachable, SshError.
        """
        await self._once("open", self._open)

    async def log_in(self) -> None:
        """Log in, after the host's key was found to be the right one.

        Raises:
            SshError.
        """
        await self._once("log in", self._log_in)

    async def run(self, command: Command) -> str:
        """What the command says; who asks for the same in the same moment gets the same.

        Raises:
            SshError.
        """
        running = self._running.get(command.line)
        is_old = running is not None and self._loop.time() - running.began > LINGER_SECONDS
        if running is None or running.task is None or is_old:
            running = self._running[command.line] = Running(command)
            running.began = self._loop.time()
            running.task = self._task(self._run(running))
        assert running.task is not None
        return await asyncio.shield(running.task)

    def running(self, command: Command | None) -> Running | None:
        """The command, where it was begun."""
        return None if command is None else self._running.get(command.line)

    def close(self) -> None:
        """End the connection and everything that waits for it. Never waits itself."""
        self._closed = True
        for task in [*self._shared.values(), *(each.task for each in self._running.values())]:
            if task is not None:
                task.cancel()
        opened, self._socket = self._socket, None
        if opened is not None:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)  # paramiko's thread ends by this, and closes
            if self._client is None or not self._client.has_thread:
                opened.close()

    async def _once(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = self._shared.get(what)
        if task is None:
            task = self._shared[what] = self._task(work())
        await asyncio.shield(task)

    def _task(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self._loop.create_task(work)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    # --- phases

    async def _open(self) -> None:
        stream = self._stream
        await stream.connect(self.host, self.port)
        self._socket, began = stream.detach(), time.perf_counter()
        self.evidence["address"] = str(self.endpoint)
        taken = {"dns": stream.phases.dns_us, "connect": stream.phases.connect_us}
        self.times |= {name: us for name, us in taken.items() if us is not None}
        stream.wait_for("the SSH banner")
        await self._await_banner(self._socket)
        began = self._note("banner", began)
        self._step = f"exchanging keys with {self.endpoint}"
        await self._exchange_keys(self._socket)
        self._note("key_exchange", began)

    def _note(self, phase: str, began: float) -> float:
        now = time.perf_counter()
        self.times[phase] = round((now - began) * 1_000_000)
        return now

    async def _await_banner(self, opened: socket.socket) -> None:
        """Wait until something was sent, and leave it there to be read."""
        readable = asyncio.Event()
        self._loop.add_reader(opened, readable.set)
        try:
            await readable.wait()
        finally:
            self._loop.remove_reader(opened)
        try:
            first = opened.recv(255, socket.MSG_PEEK)
        except OSError:
            raise SshError(f"connection reset by {self.endpoint}, no SSH banner") from None
        if not first:
            raise SshError(f"no SSH banner: {self.endpoint} closed the connection")
        self._first = first.decode("utf-8", errors="replace")

    async def _exchange_keys(self, opened: socket.socket) -> None:
        self._client = Client(opened, self._key_type)
        try:
            seen = self.host_key = await self._client.exchange_keys(self.port)
        except SshError as error:
            if self._first.startswith("SSH-"):
                raise
            said = quoted(self._first)
            raise SshError(f"no SSH banner: {self.endpoint} sent {said}") from error
        self.evidence |= {
            "server": self._client.software,
            "key_type": seen.type,
            "fingerprint": seen.fingerprint,
            "key_exchange": self._client.key_exchange,
        }

    async def _log_in(self) -> None:
        assert self._client is not None and self._access is not None
        began = time.perf_counter()
        self._step = f"logging in as {self._access.user}"
        await self._client.log_in(self._access)
        self._note("login", began)

    async def _run(self, running: Running) -> str:
        began = time.perf_counter()
        await self._loop.run_in_executor(None, self._execute, running)
        running.taken_us = round((time.perf_counter() - began) * 1_000_000)
        return running.text

    def _execute(self, running: Running) -> None:
        running.started = True
        if not self._closed and self._client is not None:
            self._client.execute(running.command.line, running.output, MOST_OUTPUT)


Key = tuple[str, int, SshAccess | None, Reach, str]
"""Host, port, who logs in there, where they may, and over which family: nobody can be somebody
else on the same connection."""

_connections: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Key, Connection]] = (
    WeakKeyDictionary()
)


@asynccontextmanager
async def connection_to(
    host: str, port: int, access: SshAccess | None, key_type: str | None = None
) -> AsyncIterator[Connection]:
    """The connection to a host that others use in this moment, or a new one.

    ``key_type`` is the kind of key that the host is known by.
    It stays for `LINGER_SECONDS` after the last one has left it in order; one that somebody could
    not use is given to nobody else.
    """
    loop = asyncio.get_running_loop()
    open_ones = _connections.setdefault(loop, {})
    key = host, port, access, present_reach(), present_family()
    connection = open_ones.get(key)
    if connection is None or not connection.is_fresh:
        connection = open_ones[key] = Connection(key, key_type)
    connection.users += 1
    leave = functools.partial(_close_unused, open_ones, connection)
    try:
        yield connection
    except BaseException:
        _forget(open_ones, connection)
        raise
    finally:
        connection.users -= 1
        if connection.users == 0:
            if connection.is_open and open_ones.get(key) is connection:
                loop.call_later(LINGER_SECONDS, leave)
            else:
                _forget(open_ones, connection)
                connection.close()


def _close_unused(open_ones: dict[Key, Connection], connection: Connection) -> None:
    if connection.users == 0:
        _forget(open_ones, connection)
        connection.close()


def _forget(open_ones: dict[Key, Connection], connection: Connection) -> None:
    if open_ones.get(connection.key) is connection:
        del open_ones[connection.key]
