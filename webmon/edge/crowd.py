"""Connections that wait for their client: how many there may be, and which has to go.

A stranger may open connections and never finish a request, or never read an answer. Each takes a
file descriptor, of which there is a limited number. So the connections that wait for their client
are known here, oldest first, and when there are too many the oldest are closed. Who is served is
never closed: what is wrong with a client shows in its being slow.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger(__name__)

MOST_HALF = 1000
MOST_HALF_PER_ADDRESS = 100
PATIENCE_SECONDS = 1.0
"""A client's connections are only too many when the oldest of them has waited so long: behind a
proxy everybody has one address, and a hundred requests may arrive at once."""
LOG_SECONDS = 60.0


class Connection(Protocol):
    """What can be closed."""

    def cut(self) -> None:
        """Close at once."""


class Crowd:
    """The waiting connections of a process that may have ``most`` connections in all.

    Half: a request has begun to arrive, or has still to begin for the first time. Idle: the client
    has still to take an answer, or to send its next request.
    """

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._now = now
        self._half: dict[Connection, tuple[str, float]] = {}
        self._begun: dict[Connection, None] = {}
        """Those of them of which a part has arrived: an honest request is mostly there at once."""
        self._idle: dict[Connection, str] = {}
        self._by_address: dict[str, dict[Connection, None]] = {}
        self._cut: Counter[str] = Counter()
        self._logged_at = -LOG_SECONDS

    def __len__(self) -> int:
        return len(self._half) + len(self._idle)

    def wait_for_request(self, connection: Connection, address: str) -> None:
        """``connection`` waits for the rest of a request. Too many: the oldest is closed."""
        self.leave(connection)
        now = self._now()
        self._half[connection] = address, now
        same = self._by_address.setdefault(address, {})
        same[connection] = None
        if len(same) > MOST_HALF_PER_ADDRESS:
            oldest = next(iter(same))
            if now - self._half[oldest][1] > PATIENCE_SECONDS:
                self.close(oldest, address)
        if len(self._half) > MOST_HALF:
            oldest = next(iter(self._half))
            self.close(oldest, self._half[oldest][0])

    def begin(self, connection: Connection) -> None:
        """A part of the request that ``connection`` waits for has arrived, and not all of it."""
        if connection in self._half:
            self._begun[connection] = None

    def wait_for_client(self, connection: Connection, address: str) -> None:
        """``connection`` waits for its client to read, or to ask for something else."""
        self.leave(connection)
        self._idle[connection] = address

    def leave(self, connection: Connection) -> None:
        """``connection`` is being served, or is gone."""
        self._idle.pop(connection, None)
        self._begun.pop(connection, None)
        if (known := self._half.pop(connection, None)) is not None:
            same = self._by_address[known[0]]
            del same[connection]
            if not same:
                del self._by_address[known[0]]

    def make_room(self, present: int) -> bool:
        """Whether the latest of ``present`` connections may stay, if need be for the oldest."""
        if present <= self.most:
            return True
        for waiting in (self._begun, self._half, self._idle):
            for oldest in waiting:
                self.close(oldest, self._address_of(oldest))
                return True
        self.count("all connections are in use")
        return False

    def _address_of(self, connection: Connection) -> str:
        return self._half[connection][0] if connection in self._half else self._idle[connection]

    def close(self, connection: Connection, address: str) -> None:
        """Close ``connection``: its client takes too long, or is one too many."""
        self.leave(connection)
        connection.cut()
        self.count(address)

    def count(self, address: str) -> None:
        """Note that a connection of ``address`` is closed; the log is told once in a while."""
        self._cut[address] += 1
        now = self._now()
        if now - self._logged_at >= LOG_SECONDS:
            [(most, _)] = self._cut.most_common(1)
            log.warning(
                "%d connections closed, of clients that were too slow or too many; most from %s",
                self._cut.total(),
                most,
            )
            self._cut.clear()
            self._logged_at = now
