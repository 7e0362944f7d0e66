"""Take a backup while everything runs: one SQLite file, for both databases."""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from webmon import __version__
from webmon.commands.backup.rows import copy_rows
from webmon.commands.schema import migrate
from webmon.db import Database
from webmon.errors import Invalid, WebmonError
from webmon.queries.system import backups
from webmon.queries.system.backups import BackupView
from webmon.queries.system.schema import is_current


def take(database: Database, file: Path, *, config_only: bool, now: datetime) -> BackupView:
    """Write a backup to ``file``, readable by its owner only, and return what is in it.

    It is as of one moment. Nobody waits for it, and ``file`` is replaced only by a whole one.

    Raises:
        Invalid: ``file`` is the database itself, or lies in no folder.
        WebmonError: the database is not set up, or is damaged; the disk is full.
    """
    if database.file is not None and is_same_file(database.file, file):
        raise Invalid(f"{file} is the database itself")
    if not file.absolute().parent.is_dir():
        raise Invalid(f"there is no folder {file.absolute().parent}")
    with in_plain_words("the backup cannot be written"):
        return _take(database, file, config_only=config_only, now=now)


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both are there, and the same."""
    return one.exists() and other.exists() and one.samefile(other)


@contextmanager
def in_plain_words(what: str) -> Iterator[None]:
    """Say ``what`` did not work where SQLite says why."""
    try:
        yield
    except sqlite3.Error as error:
        raise WebmonError(f"{what}: {error}") from None


def _take(database: Database, file: Path, *, config_only: bool, now: datetime) -> BackupView:
    descriptor, name = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}.")
    os.close(descriptor)
    draft = Path(name)
    try:
        if database.file is not None and not config_only:
            _copy_file(database.file, draft)
        else:
            _copy_all_rows(database, draft, config_only=config_only)
        _note(draft, config_only=config_only, now=now)
        view = backups.examine(draft)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return view


def _copy_file(source: Path, target: Path) -> None:
    """SQLite's own online backup, in one go: done step by step it begins again at every write."""
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=-1)


def _copy_all_rows(database: Database, file: Path, *, config_only: bool) -> None:
    with database.read() as session:
        if not is_current(session):
            raise WebmonError("the database is not set up for this version: run webmon migrate")
    copy = Database(f"sqlite:///{file}")
    try:
        migrate(copy)
        with database.snapshot() as source, copy.writer() as target:
            copy_rows(source, target, config_only=config_only)
    finally:
        copy.close()


def _note(file: Path, *, config_only: bool, now: datetime) -> None:
    """Write what this file is into it, and leave nothing beside it when it is opened."""
    note = {"taken_at": now.isoformat(), "config_only": config_only, "version": __version__}
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute(
            "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)",
            (backups.NOTE, json.dumps(note)),
        )
        copy.commit()
