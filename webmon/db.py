"""The database: engine, and sessions for reading and writing.

SQLite and PostgreSQL behave alike here: a writer on SQLite takes the write lock at once
(`BEGIN IMMEDIATE`), so that it never fails half-way because another writer was faster.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError as DatabaseError
from sqlalchemy.exc import OperationalError as DatabaseUnavailable
from sqlmodel import Session

from webmon import config
from webmon.errors import Invalid

__all__ = [
    "Database",
    "DatabaseError",
    "DatabaseUnavailable",
    "Session",
    "close",
    "current",
    "is_damage",
    "read",
    "reason",
    "use",
    "write",
]

BUSY_TIMEOUT_MS = 10_000

SHRINKING = "PRAGMA auto_vacuum=INCREMENTAL"
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    # Every check touches two pages: kept in memory, and copied from the WAL once for many changes.
    "cache_size=-8000",
    "wal_autocheckpoint=4000",
    "journal_size_limit=67108864",
)

FREE_PAGES = 2_000
FREE_SHARE = 0.1
"""So many, or such a part of the file, may stay free: they are used again soon."""

PAGES_AT_ONCE = 100
"""Given back in one transaction: some milliseconds."""

LONG_LOG_BYTES = 16 * 2**20
PATIENCE_MS = 250
"""When the log has become longer, writers wait so long for a moment in which it can be emptied."""


class Database:
    """One database and its connections."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self._writer = self.engine.execution_options(webmon_write=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for queries; nothing that it changes is kept."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back on an error."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def writer(self) -> Iterator[Connection]:
        """A bare connection in one transaction that holds the write lock from its start."""
        with self._writer.begin() as connection:
            yield connection

    def give_back_pages(self) -> bool:
        """Let a SQLite file shrink by some free pages; whether there are more to give back.

        A file that was made without ``auto_vacuum`` does not shrink; its free pages are used again.
        """
        with self._bare() as cursor:
            before, total = _number(cursor, "freelist_count"), _number(cursor, "page_count")
            enough = max(FREE_PAGES, FREE_SHARE * total)
            if before <= enough:
                return False
            # A script, because only that steps through all the pages.
            cursor.executescript(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})")
            return enough < _number(cursor, "freelist_count") < before

    def checkpoint(self) -> None:
        """Move what is in SQLite's log into the file, so that the log begins anew.

        Nobody waits for that. But while there is always somebody who reads, it is never all moved,
        and the log grows: once it is long, it is emptied as soon as the present readers are done.
        """
        with self._bare() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            if self.log_bytes > LONG_LOG_BYTES:
                cursor.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
                try:
                    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")

    def compact(self) -> None:
        """Write the SQLite file anew: without free pages, and such that it shrinks from now on.

        Nobody else can write meanwhile, and the disk must have room for a second file.
        """
        with self._bare() as cursor:
            cursor.execute(SHRINKING)
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def log_bytes(self) -> int:
        """The length of SQLite's write-ahead log; 0 on PostgreSQL, where it is no part of this."""
        if self.file is None:
            return 0
        log = self.file.with_name(f"{self.file.name}-wal")
        return log.stat().st_size if log.exists() else 0

    @contextmanager
    def _bare(self) -> Iterator[sqlite3.Cursor]:
        """A cursor of SQLite's outside any transaction.

        Raises:
            DatabaseUnavailable: the database is locked, or there is no room.
        """
        connection = self.engine.raw_connection()
        try:
            with closing(cast(sqlite3.Cursor, connection.cursor())) as cursor:
                yield cursor
        except sqlite3.OperationalError as error:
            raise DatabaseUnavailable("", None, error) from error
        finally:
            connection.close()

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def close(self) -> None:
        """Close every connection for good, so that a SQLite database is one file and can be copied.

        The last connection of all processes moves the log into the file and removes it. One that
        was killed has not: its log is moved here, unless somebody else still uses the file.
        """
        self.dispose()
        file = self.file
        if file is None or not file.exists():
            return
        with suppress(sqlite3.Error), closing(sqlite3.connect(file, timeout=0)) as last:
            last.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @property
    def file(self) -> Path | None:
        """SQLite's file; None on PostgreSQL."""
        return Path(self.url.removeprefix("sqlite:///")) if self.is_sqlite else None


def _number(cursor: sqlite3.Cursor, pragma: str) -> int:
    (value,) = cursor.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


def _sqlite_engine(url: str) -> Engine:
    _require_writable(Path(url.removeprefix("sqlite:///")).parent)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        if _number(cursor, "page_count") == 0:
            # Of account only before the first page; later it would wait for whoever writes.
            cursor.execute(SHRINKING)
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}").fetchall()
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("webmon_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _require_writable(folder: Path) -> None:
    """Make the database's folder, or say which one cannot be used, and why."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        why = "" if os.access(folder, os.W_OK | os.X_OK) else "it is not writable"
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        setting = "WEBMON_DATABASE_URL" if config.settings().database_url else "WEBMON_DATA_DIR"
        raise Invalid(f"the folder {folder} cannot be used: {why}", setting)


def _postgres_engine(url: str) -> Engine:
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg2://", 1),
        pool_pre_ping=True,
        executemany_mode="values_plus_batch",
        connect_args={"application_name": "webmon", "options": "-c timezone=UTC"},
    )


_current: Database | None = None


def current() -> Database:
    """The database of this process, opened on first use."""
    global _current
    if _current is None:
        _current = Database(config.settings().database)
    return _current


def use(database: Database | None) -> None:
    """Make ``database`` the one of this process (tests; a forked child)."""
    global _current
    _current = database


def close() -> None:
    """Close the database of this process, if it was opened, and leave one file of SQLite's."""
    if _current is not None:
        _current.close()


def read() -> AbstractContextManager[Session]:
    """`Database.read` of the current database."""
    return current().read()


def write() -> AbstractContextManager[Session]:
    """`Database.write` of the current database."""
    return current().write()


DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_damage(error: Exception) -> bool:
    """Whether SQLite found that its file is damaged, or none of its own."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0)
    return code & 0xFF in DAMAGED  # the rest of the code says where it was found


def reason(error: Exception) -> str:
    """What the database said, in one line, without the statement and its values."""
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]
