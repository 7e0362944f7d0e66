"""Put a backup back in the place of the present database, which is kept."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from webmon import db
from webmon.commands import schema
from webmon.commands.backup import after_restore
from webmon.commands.backup.rows import copy_rows
from webmon.commands.backup.take import in_plain_words, is_same_file, take
from webmon.db import Database
from webmon.errors import Invalid, WebmonError
from webmon.queries.system import backups, health
from webmon.queries.system.backups import BackupView

RUNNING = "Beaconry is running: stop every web and worker process first"
NO_KEY = (
    "the present key does not read the secrets in it: put the secret.key that belongs to it into "
    "the data directory, or set WEBMON_SECRET_KEY; --without-key restores it all the same, and "
    "the secrets are to be typed in again"
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. ``kept`` is the former database; None: there was none."""

    backup: BackupView
    suppressed: int
    """How many notifications waited in it, and are not sent."""
    kept: Path | None


def restore(
    database: Database, file: Path, *, data_dir: Path, without_key: bool, now: datetime
) -> Restored:
    """Replace the content of ``database`` by that of ``file``: by all of it, or not at all.

    Raises:
        Invalid: the file is damaged, from a newer version, or has secrets of another key.
        WebmonError: web or worker processes use the database.
    """
    database.dispose()  # other connections then belong to another process
    if database.file is not None and is_same_file(database.file, file):
        raise Invalid(f"{file} is the database itself")
    view = backups.examine(file)
    if not view.key_fits and not without_key:
        raise Invalid(f"{file}: {NO_KEY}")
    folder = data_dir if database.file is None else database.file.parent
    folder.mkdir(parents=True, exist_ok=True)
    with in_plain_words("the backup cannot be restored"), _draft(folder, file) as draft:
        suppressed = _prepare(draft, view, now)
        kept = folder / f"before-restore-{now:%Y%m%d-%H%M%S}.db"
        if database.file is not None:
            has_been = _swap_file(database.file, draft, kept)
        else:
            has_been = _swap_rows(database, draft, kept, now)
    return Restored(view, suppressed, kept if has_been else None)


@contextmanager
def _draft(folder: Path, file: Path) -> Iterator[Path]:
    """A copy of ``file`` that may be changed, readable by its owner only."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as name:
        yield Path(shutil.copyfile(file, Path(name) / "webmon.db"))


def _prepare(draft: Path, view: BackupView, now: datetime) -> int:
    """Bring the copy to the present schema, and let nothing old be sent from it."""
    copy = Database(f"sqlite:///{draft}")
    try:
        schema.migrate(copy)
        with copy.write() as session:
            if view.config_only:
                after_restore.begin_watching(session, now=now)
                session.flush()
            return after_restore.prepare_restored(session, now=now)
    finally:
        copy.close()


def _swap_file(live: Path, draft: Path, kept: Path) -> bool:
    """Put the draft in the place of the file, at once; whether there was one before."""
    has_been = live.exists()
    if has_been:
        _require_unused(live)
        for ending in ("-wal", "-shm"):  # a damaged file may have a log that nobody can read
            log = live.with_name(live.name + ending)
            if log.exists():
                log.rename(kept.with_name(kept.name + ending))
        kept.hardlink_to(live)
    draft.replace(live)
    return has_been


def _require_unused(live: Path) -> None:
    """Only who is alone with a SQLite file may take its log away; that also leaves one file."""
    with closing(sqlite3.connect(live, timeout=0)) as alone:
        try:
            alone.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.DatabaseError as error:
            if not db.is_damage(error):
                raise WebmonError(RUNNING) from None


def _swap_rows(database: Database, draft: Path, kept: Path, now: datetime) -> bool:
    """Replace all rows in one transaction, after a backup of them."""
    schema.migrate(database)
    with database.read() as session:
        if health.worker_ticks(session, now=now) or health.others_connected(session):
            raise WebmonError(RUNNING)
    take(database, kept, config_only=False, now=now)
    copy = Database(f"sqlite:///{draft}")
    try:
        with copy.snapshot() as source, database.writer() as target:
            copy_rows(source, target)
    finally:
        copy.close()
    return True
