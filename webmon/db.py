"""The database: engine, and sessions for reading and writing.

SQLite and PostgreSQL behave alike here: a writer on SQLite takes the write lock at once
(`BEGIN IMMEDIATE`), so that it never fails half-way because another writer was faster.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError as DatabaseError
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import IntegrityError as Collision
from sqlalchemy.exc import OperationalError as DatabaseUnavailable
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from webmon import config
from webmon.errors import Invalid
from webmon.limits import POOL_SECONDS, Limits, patiently, within

__all__ = [
    "Collision",
    "Database",
    "DatabaseError",
    "DatabaseUnavailable",
    "Session",
    "close",
    "current",
    "is_damage",
    "patiently",
    "read",
    "reason",
    "use",
    "within",
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

LONG_WAIT_SECONDS = 1.0
AWAY_SECONDS = 1.0
"""Once something has waited for so long for nothing, nothing else tries for a while: what queues
behind it, thread after thread, would wait as long again."""


class Database:
    """One database and its connections. Each method that reaches it may raise
    `DatabaseUnavailable`: it is away, silent, locked, full or broken; later it may work."""

    def __init__(self, url: str, limits: Limits | None = None) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self.engine = _sqlite_engine(url)
        else:
            from webmon.postgres import postgres_engine  # 4 MB, of no use to SQLite

            self.engine = postgres_engine(url, limits or Limits())
        self._writer = self.engine.execution_options(webmon_write=True)
        self._may_make_file = False
        if self.is_sqlite:
            self._watch_file()
        self._away_until = 0.0
        self._why_away: BaseException = TimeoutError("it did not answer")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for queries; nothing that it changes is kept."""
        # Who only reads a SQLite file does not wait for who writes it.
        reached = self._reached(may_wait=not self.is_sqlite)
        with reached, Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back on an error."""
        session = Session(self._writer, expire_on_commit=False)
        with self._reached(), session, session.begin():
            yield session

    @contextmanager
    def writer(self) -> Iterator[Connection]:
        """A bare connection in one transaction that holds the write lock from its start."""
        with self._reached(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _reached(self, *, may_wait: bool = True) -> Iterator[None]:
        began = time.monotonic()
        if may_wait and began < self._away_until:
            raise DatabaseUnavailable("", None, self._why_away)
        try:
            yield
        except PoolTimeout as error:
            why = sqlite3.OperationalError(f"no connection was free within {POOL_SECONDS} s")
            raise DatabaseUnavailable("", None, why) from error
        except DatabaseError as error:
            now = time.monotonic()
            if may_wait and now - began > LONG_WAIT_SECONDS and _is_out_of_reach(error):
                self._away_until, self._why_away = now + AWAY_SECONDS, error.orig or error
            if isinstance(error, DatabaseUnavailable) or not _is_no_fault_of_ours(error):
                raise
            raise DatabaseUnavailable(error.statement, None, error.orig or error) from error

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A bare connection that sees everything as of one moment, for as long as it reads."""
        engine = self.engine
        if not self.is_sqlite:
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with self._reached(may_wait=not self.is_sqlite), engine.begin() as connection:
            if not self.is_sqlite:
                for wait in ("statement_timeout", "idle_in_transaction_session_timeout"):
                    connection.exec_driver_sql(f"SET LOCAL {wait} = 0")
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
        """Move what is in SQLite's log into the file, so that the log starts again.

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
        """Rewrite the SQLite file: without free pages, and such that it shrinks from now on.

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

    def allow_new(self) -> bool:
        """Let a SQLite file be made where there is none; whether it will be."""
        self._may_make_file = True
        return self.file is not None and not self.file.exists()

    def _watch_file(self) -> None:
        """Never take an empty file that SQLite makes for the database, nor go on with one that was
        deleted: both look as if everything was lost, or as if nothing was wrong."""
        file = Path(self.url.removeprefix("sqlite:///"))

        @event.listens_for(self.engine, "do_connect")
        def _require(*_: Any) -> None:
            if not self._may_make_file and not file.exists():
                raise sqlite3.OperationalError(f"there is no database at {file}")

        @event.listens_for(self.engine, "connect")
        def _remember(_connection: Any, record: Any) -> None:
            record.info["file"] = _identity(file)

        @event.listens_for(self.engine, "checkout")
        def _compare(_connection: Any, record: Any, _proxy: Any) -> None:
            present = _identity(file)
            if present is None:
                raise sqlite3.OperationalError(f"the database file {file} has been deleted")
            if present != record.info["file"]:
                raise DisconnectionError("another file has taken its place")

    @property
    def shown(self) -> str:
        """Its URL without the password."""
        return self.engine.url.render_as_string(hide_password=True)

    @property
    def file(self) -> Path | None:
        """SQLite's file; None on PostgreSQL."""
        return Path(self.url.removeprefix("sqlite:///")) if self.is_sqlite else None


def _is_out_of_reach(error: DatabaseError) -> bool:
    """Whether there is no connection, or no lock, and not only no answer to one statement."""
    never_connected = error.statement is None
    return never_connected or error.connection_invalidated or "locked" in str(error.orig)


def _is_no_fault_of_ours(error: DatabaseError) -> bool:
    """Whether the statement was right, but the database is not in a state to do it."""
    return (
        error.connection_invalidated
        or type(error.orig) is sqlite3.DatabaseError  # the file is damaged, or none of SQLite's
        or (getattr(error.orig, "pgcode", None) or "").startswith(UNFIT)
    )


UNFIT = ("25", "XX", "42P01", "42703", "42501")
"""PostgreSQL's error codes for: only a replica, where nothing may be written; damaged; a table, a
column or a right is missing."""


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from another one with its name; None: there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _number(cursor: sqlite3.Cursor, pragma: str) -> int:
    (value,) = cursor.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


def _sqlite_engine(url: str) -> Engine:
    _require_writable(Path(url.removeprefix("sqlite:///")).parent)
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, pool_timeout=POOL_SECONDS
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        if _number(cursor, "page_count") == 0:
            # Takes effect before the first page only; later it would wait for a writer.
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
