"""Holds connections to what may be reached (`domain.checks.networks`), at the moment they are made.

The probes' own connectors ask `require_allowed`. Notifiers use libraries that connect by
themselves: for those `guarded` watches Python's sockets, in the thread that it is used in.
"""

import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from errno import EACCES
from functools import cache
from typing import Any

from webmon.domain.checks.networks import ANYWHERE, Reach, parse_address

Place = tuple[str, int]
"""Address and port."""


class NotAllowed(Exception):
    """The policy keeps this address from being connected to; the text says which and why."""


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
        """Let a socket connect to ``address``.

        Raises:
            PermissionError: it may not.
        """
        if not isinstance(address, tuple) or len(address) < 2:
            return  # a socket of this machine, which has a path
        host, port = str(address[0]), int(address[1])
        for ip in [host] if parse_address(host) else _addresses(host, port):
            self.allowed([ip], port)

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


def _addresses(host: str, port: int) -> list[str]:
    """What a socket makes of a name that it was given."""
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port)]
