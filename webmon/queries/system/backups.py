"""What is in a backup, and whether it can be put back."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from webmon import crypto, db
from webmon.errors import Invalid, WebmonError
from webmon.queries.system.schema import newest_revision

NOTE = "backup"
"""The setting that says of a file that it is a backup; it is not in any running database."""

COUNTED = {
    "host": "hosts",
    "service": "services",
    "channel": "channels",
    "user": "people",
    "check_result": "results",
    "incident": "incidents",
}


@dataclass(frozen=True, slots=True)
class BackupView:
    """A file that is whole. ``taken_at`` is None for a plain copy of a database's file."""

    taken_at: datetime | None
    config_only: bool
    revision: str
    counts: Mapping[str, int]
    """By what was counted, in words."""
    secrets: int
    """How many values in it are encrypted."""
    key_fits: bool
    """Whether the present key reads all of them."""

    @property
    def is_current(self) -> bool:
        """Whether it has the schema of this program, and not an older one."""
        return self.revision == newest_revision()


def examine(file: Path) -> BackupView:
    """Look through a backup, and leave it as it is.

    Raises:
        Invalid: it is no backup, is damaged, or is from a newer version of the program.
    """
    try:
        with _opened(file) as database:
            return _examined(file, database)
    except sqlite3.Error as error:
        what = "is damaged" if db.is_damage(error) else "cannot be read"
        raise Invalid(f"{file} {what}, or is no backup: {error}") from None


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    if not file.is_file():
        raise Invalid(f"there is no file {file}")
    if file.with_name(f"{file.name}-wal").exists():
        raise Invalid(
            f"{file} is in use, or was not closed: beside it lies {file.name}-wal. "
            "Use webmon backup, or copy it after a clean stop"
        )
    # Nobody else writes there: without locks, and without making files beside it.
    address = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as database:
        yield database


def _examined(file: Path, database: sqlite3.Connection) -> BackupView:
    (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise Invalid(f"{file} is damaged: {' '.join(found.split())}")
    if (broken := database.execute("PRAGMA foreign_key_check").fetchone()) is not None:
        raise Invalid(f"{file} is damaged: a row of {broken[0]} belongs to nothing")
    present = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
    if not {"alembic_version", "setting", "service"} <= present:
        raise Invalid(f"{file} is no backup of Beaconry")
    (revision,) = database.execute("SELECT max(version_num) FROM alembic_version").fetchone()
    if revision > newest_revision():
        raise Invalid(
            f"{file} is from a newer version (schema {revision}, here {newest_revision()}): "
            "update Beaconry first"
        )
    noted = database.execute("SELECT value FROM setting WHERE name = ?", (NOTE,)).fetchone()
    note = json.loads(noted[0]) if noted else {}
    secrets = list(_secrets(database))
    return BackupView(
        datetime.fromisoformat(note["taken_at"]) if note else None,
        bool(note.get("config_only")),
        revision,
        {words: _count(database, name) for name, words in COUNTED.items()},
        len(secrets),
        _fits(secrets),
    )


def _count(database: sqlite3.Connection, name: str) -> int:
    (found,) = database.execute(f'SELECT count(*) FROM "{name}"').fetchone()
    return int(found)


ENCRYPTED = (
    *(("service", "config"), ("host", "ssh"), ("channel", "config"), ("heartbeat", "token")),
)


def _secrets(database: sqlite3.Connection) -> Iterator[str]:
    """The encrypted values, by the plain SQL that every version understands."""
    for table, column in ENCRYPTED:
        known = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        if column not in known:
            continue
        rows = database.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
        for (value,) in rows:
            yield from [value] if column == "token" else _sealed(json.loads(value))


def _sealed(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {crypto.SEALED}:
            yield value[crypto.SEALED]
            return
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _sealed(each)


def _fits(secrets: list[str]) -> bool:
    if not secrets:
        return True
    if not crypto.has_key():
        return False
    try:
        for each in secrets:
            crypto.vault().decrypt(each)
    except WebmonError:
        return False
    return True
