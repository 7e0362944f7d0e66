"""Holds connections to what may be reached (`domain.checks.networks`), at the moment they are made.

The probes' own connectors ask `require_allowed`. Notifiers use libraries that connect by
themselves: for those `guarded` watches Python's sockets, in the thread that it is used in.
"""

import re
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from errno import EACCES
from functools import cache
from typing import Any

from webmon.domain.checks.networks import ANYWHERE, Reach, parse_address

Place = tuple[str, int]
"""Address and port."""

LOOK_UP_SECONDS = 1.0
"""For a name that only a proxy has to know."""


class NotAllowed(Exception):
    """The policy keeps this address from being connected to; the text says which and why."""


class NotJudged(Exception):
    """Nobody could say in time whether something may be connected to; the text says why."""


_reach: ContextVar[Reach] = ContextVar("reach", default=ANYWHERE)


class within:
    """What is begun inside, tasks too, connects to nothing outside of ``reach``."""

    # A class, because every check enters it: a generator takes three times as long.
    __slots__ = ("_reach", "_token")

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def __enter__(self) -> None:
        self._token = _reach.set(self._reach)

    def __exit__(self, *_: object) -> None:
        _reach.reset(self._token)


def present_reach() -> Reach:
    """The one that this code runs within."""
    return _reach.get()


def require_allowed(ip: str) -> None:
    """Let through only what may be connected to here.

    Raises:
        NotAllowed: otherwise.
    """
    if because := _reach.get().refusal(ip):
        raise NotAllowed(because)


class Watch:
    """The sockets of one thread's work: what they may reach, and what was refused."""

    def __init__(self, reach: Reach, besides: frozenset[Place]) -> None:
        self.refused = ""
        """Why a connection was not made; the first one."""
        self.is_final = True
        """Whether trying again would not help."""
        self._reach, self._besides = reach, besides

    def allowed(self, ips: Sequence[str], port: int) -> list[str]:
        """Those that may be connected to.

        Raises:
            PermissionError: none may.
        """
        found = [ip for ip in ips if not self._refusal(ip, port)]
        if ips and not found:
            self.refused = self.refused or self._refusal(ips[0], port)
            raise PermissionError(EACCES, self.refused)
        return found

    def judge(self, address: Any) -> None:
        """Let a socket connect to ``address``. It has looked a name up already, and does not say
        what it has found: a name is refused. Who has one asks `pin` before.

        Raises:
            PermissionError: it may not.
        """
        if isinstance(address, tuple) and len(address) > 1:  # others are paths on this machine
            self.allowed([str(address[0])], int(address[1]))

    def pin(self, host: str, port: int) -> str:
        """An IPv4 address of ``host`` that may be connected to, for a library that leaves names to
        sockets of that kind.

        Raises:
            OSError: there is none.
        """
        found = [ip for ip in _addresses(host, port) if ":" not in ip]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no IPv4 address")
        return self.allowed(found, port)[0]

    def judge_target(self, host: str, port: int) -> None:
        """Let a proxy be asked for ``host``: for each of its addresses, as the proxy chooses.

        A name that cannot be looked up here may be one that only the proxy knows. It passes only
        where private addresses may be reached.

        Raises:
            PermissionError: it may not be asked for.
        """
        found = [host] if parse_address(host) else _look_up(host, port)
        for ip in found:
            self.allowed([ip.strip("[]")], port)
        if not found and not self._reach.private:
            because = f"{host} cannot be looked up here, and {self._reach.why}"
            self.refused, self.is_final = because, False
            raise PermissionError(EACCES, because)

    def _refusal(self, ip: str, port: int) -> str:
        return "" if (ip, port) in self._besides else self._reach.refusal(ip)


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def guarded(reach: Reach, besides: frozenset[Place] = frozenset()) -> Iterator[Watch]:
    """No socket connects to anything outside of ``reach`` or ``besides`` in this context: it gets
    a `PermissionError` in any library, and the watch remembers why."""
    _listen()
    watch = Watch(reach, besides)
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(token)


def present_watch() -> Watch | None:
    """The one that this code runs under."""
    return _watch.get()


@cache
def _listen() -> None:
    """Python tells its audit hooks of every connection before it is made (PEP 578)."""
    sys.addaudithook(_audit)


def _audit(event: str, details: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        watch = _watch.get()
        if watch is not None and details[1] is not None:
            watch.judge(details[1])
    elif event == "http.client.send":
        watch, said = _watch.get(), details[1]
        if watch is None or not isinstance(said, bytes | bytearray):
            return
        if asked := _ASKED_OF_PROXY.match(said):
            watch.judge_target(asked[1].decode("ascii", "replace"), int(asked[2] or 80))


_ASKED_OF_PROXY = re.compile(
    rb"(?:CONNECT |[A-Z]+ https?://(?:[^/?# ]*@)?)"
    rb"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@ ]+)(?::(\d+))?[/?# ]"
)
"""The beginning of a request for another machine, as Python's own HTTP client sends it."""


def _look_up(host: str, port: int) -> list[str]:
    """The addresses of ``host``; none where they are not known in time."""
    found: list[str] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            found.extend(_addresses(host, port))

    asking = threading.Thread(target=ask, name="look-up", daemon=True)
    asking.start()
    asking.join(LOOK_UP_SECONDS)
    return list(found)


def _addresses(host: str, port: int) -> list[str]:
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]
