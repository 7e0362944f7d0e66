"""PostgreSQL: how to connect, and an end to every wait for an answer.

A server that is frozen, or a network that has forgotten a connection, says nothing at all. The
server's own time-outs then never come, and TCP's only where nobody acknowledges what was sent. So
each wait has a deadline here too: when it is over, the connection is cut, and the wait ends with an
error like any other lost connection.

Everything that the session needs is set inside each transaction. A pooler that hands connections on
between transactions (pgbouncer) then needs no settings of its own.
"""

import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import psycopg2
from psycopg2.extensions import connection as PlainConnection
from psycopg2.extensions import cursor as PlainCursor
from sqlalchemy import Connection, Engine, create_engine, event, make_url

from webmon.limits import POOL_SECONDS, Limits, chosen, deadline

RECYCLE_SECONDS = 1800
"""A connection is not used for longer: what sits between may not remember it for ever."""

LOOK_SECONDS = 0.25
"""How often it is looked whether a wait has been too long."""


def postgres_engine(url: str, limits: Limits) -> Engine:
    """Connections to ``url``; what its own query says of how to connect has precedence."""
    target = make_url(url.replace("postgresql://", "postgresql+psycopg2://", 1))
    tcp = {
        "application_name": "webmon",
        "connect_timeout": limits.connect,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": int(limits.answer * 1000),
    }
    arguments: dict[str, Any] = {key: tcp[key] for key in tcp.keys() - target.query.keys()}
    engine = create_engine(
        target,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        pool_timeout=POOL_SECONDS,
        executemany_mode="values_plus_batch",
        connect_args=arguments | {"connection_factory": partial(EndingConnection, limits=limits)},
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(_session_settings(chosen(limits)))

    return engine


def _session_settings(limits: Limits) -> str:
    """One message to the server. ``LOCAL``, because the next transaction may be another's."""
    settings = {
        "timezone": "'UTC'",
        "statement_timeout": f"{limits.statement * 1000:.0f}",
        "lock_timeout": f"{limits.lock * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{limits.idle * 1000:.0f}",
    }
    return "; ".join(f"SET LOCAL {name} = {value}" for name, value in settings.items())


class EndingCursor(PlainCursor):  # type: ignore[misc]
    """A cursor whose statements have an end."""

    connection: "EndingConnection"

    def execute(self, *args: Any, **kwargs: Any) -> None:
        """See psycopg2."""
        with self.connection.waiting():
            super().execute(*args, **kwargs)

    def executemany(self, *args: Any, **kwargs: Any) -> None:
        """See psycopg2."""
        with self.connection.waiting():
            super().executemany(*args, **kwargs)


class EndingConnection(PlainConnection):  # type: ignore[misc]
    """A connection that is cut when the server does not answer in time."""

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cursor_factory = EndingCursor
        self._limits = limits
        # A descriptor of our own: libpq closes its own when it likes, and the number is used again.
        self._line = os.dup(self.fileno())
        self._let_go = weakref.finalize(self, os.close, self._line)

    def commit(self) -> None:
        """See psycopg2."""
        with self.waiting():
            super().commit()

    def rollback(self) -> None:
        """See psycopg2."""
        with self.waiting():
            super().rollback()

    def close(self) -> None:
        """See psycopg2."""
        super().close()
        self._let_go()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While in here, the connection is cut when the deadline comes.

        Raises:
            psycopg2.OperationalError: it was.
        """
        began, limits = time.monotonic(), chosen(self._limits)
        # Outside a transaction it is only asked whether the server is there.
        seconds = limits.connect if self.autocommit else limits.answer
        until = min(began + seconds, deadline())
        wait = _watch.begin(self._line, until)
        try:
            yield
        except psycopg2.Error as error:
            if wait.is_cut:
                why = f"no answer within {seconds:g} s"
                if until < began + seconds:
                    why = "no answer before the end of the time for everything together"
                raise psycopg2.OperationalError(why) from error
            raise
        finally:
            _watch.end(wait)


class _Wait:
    """One wait for an answer."""

    __slots__ = ("is_cut", "line", "until")

    def __init__(self, line: int, until: float) -> None:
        self.line = line
        self.until = until
        self.is_cut = False


class _Watch:
    """One thread that cuts the connections of this process which have waited for too long."""

    def __init__(self) -> None:
        # One that a thread may take twice: the garbage collector may run inside `begin` and roll
        # back a connection that nobody has any more, which is a wait as well.
        self._lock = threading.RLock()
        self._waits: set[_Wait] = set()
        self._thread: threading.Thread | None = None

    def begin(self, line: int, until: float) -> _Wait:
        wait = _Wait(line, until)
        with self._lock:
            self._waits.add(wait)
            if self._thread is None or not self._thread.is_alive():  # none in a forked child
                self._thread = threading.Thread(target=self._look, name="deadlines", daemon=True)
                self._thread.start()
        return wait

    def end(self, wait: _Wait) -> None:
        with self._lock:
            self._waits.discard(wait)

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            with self._lock:
                for wait in list(self._waits):
                    if wait.until <= now and not wait.is_cut:
                        wait.is_cut = True
                        _cut(wait.line)


def _cut(line: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(line)) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)


_watch = _Watch()
