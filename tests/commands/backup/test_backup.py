"""Backups: whole and of one moment, and put back without sending anything old."""

import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from tests.outbox import add_channel, add_service, add_site, iati, outbox, rows, site
from tests.outside import Outside, deliver, follow_up, outside, see
from webmon import config, crypto
from webmon.commands.accounts import logins
from webmon.commands.backup.restore import Restored, restore
from webmon.commands.backup.take import take
from webmon.commands.checks import connectivity, workers
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.errors import Invalid, WebmonError
from webmon.models import (
    CheckResult,
    Host,
    Incident,
    Service,
    ServiceState,
    Setting,
    metadata,
)
from webmon.queries.accounts import actor_for_token
from webmon.queries.system import backups

__all__ = ["iati", "outside", "site"]

LATER = NOW + 6 * HOUR
UP, DOWN = Status.UP, Status.DOWN


def put_back(database: Database, file: Path, *, at=LATER, **options) -> Restored:
    wanted = {"data_dir": config.settings().data_dir, "without_key": False} | options
    return restore(database, file, now=at, **wanted)


@pytest.fixture
def migrated_before(sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file for the rows is a copy of one that was migrated: that takes half a second each."""

    def copy_template(copy: Database) -> None:
        shutil.copyfile(sqlite_template, copy.file)

    monkeypatch.setattr("webmon.commands.backup.take.migrate", copy_template)


@pytest.fixture
def backup(database: Database, tmp_path: Path, migrated_before: None):
    """Take one, at ten o'clock."""

    def back_up(at=NOW, **options) -> Path:
        file = tmp_path / "backup.db"
        take(database, file, now=at, **({"config_only": False} | options))
        return file

    return back_up


def content(database: Database) -> dict[str, list]:
    with database.read() as session:
        return {
            each.name: sorted(session.execute(select(each)).all(), key=str)
            for each in metadata.sorted_tables
        }


def test_a_backup_has_the_present_schema(database, tmp_path):
    file = tmp_path / "backup.db"
    assert take(database, file, config_only=True, now=NOW).is_current


def test_what_is_put_back_is_what_was_there(database, backup, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    before = content(database)
    file = backup()
    see(database, UP, site, at=NOW + MINUTE)
    with database.write() as session:
        session.delete(session.get_one(Service, site))
        factories.host(session, "New")
    done = put_back(database, file)
    after = content(database)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"notification", "service_state", "setting"}
    assert backups.examine(done.kept).counts["services"] == 0, "the former one is kept"


def test_a_backup_is_the_owners_alone_and_one_file(database, backup, site):
    file = backup()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.glob("*backup.db*")] == ["backup.db"]


def test_a_backup_is_of_one_moment_while_others_write(database, backup):
    def write_pair(number: int) -> None:
        with database.write() as session:
            for name in ("one", "two"):
                session.merge(Setting(name=name, value=str(number)))

    def keep_writing() -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            write_pair(number)
            waits.append(number)

    stopping, waits = threading.Event(), []
    write_pair(0)
    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        pairs = []
        for _ in range(5):
            before = len(waits)
            with closing(sqlite3.connect(backup())) as copy:
                wanted = "SELECT value FROM setting WHERE name IN ('one', 'two')"
                pairs.append([int(value) for (value,) in copy.execute(wanted)])
            assert pairs[-1][0] >= before, "what was written before is in it"
    finally:
        stopping.set()
        writer.join()
    assert all(one == two for one, two in pairs)


def test_it_goes_from_one_kind_of_database_to_the_other(database, backup, site, request, tmp_path):
    see(database, DOWN, site, at=NOW)
    file = backup()
    if database.is_sqlite:
        other = request.getfixturevalue("postgres_database")
    else:
        path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "other.db")
        other = Database(f"sqlite:///{path}")
    put_back(other, file)
    assert content(other)["incident"] == content(database)["incident"]
    with other.write() as session:
        new = factories.host(session, "New", namespace_id=session.exec(select(Host)).one().id)
        assert new.id > 1, "ids go on"
    other.dispose()


def test_ids_of_what_was_deleted_are_not_given_again(database, backup, iati):
    with database.write() as session:
        gone = factories.host(session, "Gone", namespace_id=iati)
        gone_id = gone.id
        session.delete(gone)
    put_back(database, backup())
    with database.write() as session:
        assert factories.host(session, "New", namespace_id=iati).id > gone_id


def test_configuration_only_has_no_history_and_starts_over(database, backup, site):
    see(database, DOWN, site, at=NOW)
    with database.write() as session:
        heartbeat = factories.service(session, "Job", kind="heartbeat", config={"every": "1h"})
        quiet = factories.service(session, "Quiet", paused=True, next_check_at=None)
        ids = heartbeat.id, quiet.id
    put_back(database, backup(config_only=True))
    with database.read() as session:
        assert session.exec(select(CheckResult)).all() == []
        assert session.exec(select(Incident)).all() == []
        states = {each.service_id: each for each in session.exec(select(ServiceState))}
    assert states[site].status is Status.UNKNOWN
    assert states[site].next_check_at == LATER
    assert states[ids[0]].next_check_at == LATER
    assert (states[ids[1]].status, states[ids[1]].next_check_at) == (Status.PAUSED, None)


def test_an_older_backup_is_brought_up_to_date_and_a_newer_one_refused(database, backup, site):
    file = backup()
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("UPDATE alembic_version SET version_num = '9999'")
        copy.commit()
    before = content(database)
    with pytest.raises(Invalid, match=r"from a newer version \(schema 9999"):
        put_back(database, file)
    assert content(database) == before


def test_an_old_file_is_migrated_before_it_takes_the_place(tmp_path):
    file, data = tmp_path / "old.db", tmp_path / "data"
    old = Database(f"sqlite:///{file}")
    with old.writer() as connection:
        from alembic import command

        from webmon.commands.schema import alembic_config

        command.upgrade(alembic_config(connection), "0005")
    old.close()
    assert not backups.examine(file).is_current
    present = Database(f"sqlite:///{data / 'webmon.db'}")
    put_back(present, file)
    with present.read() as session:
        assert session.exec(select(Service)).all() == []
    present.dispose()


@pytest.mark.parametrize("damage", ["cut", "text", "index", "none"])
def test_what_is_damaged_is_refused_and_changes_nothing(database, backup, site, damage):
    see(database, DOWN, site, at=NOW)
    file = backup()
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif damage == "text":
        file.write_text("namespaces: []\n")
    elif damage == "index":
        with closing(sqlite3.connect(file)) as copy:
            copy.execute("PRAGMA writable_schema=ON")
            copy.execute("DELETE FROM sqlite_schema WHERE name = 'ix_session_user_id'")
            copy.commit()
    else:
        file.unlink()
    before = content(database)
    with pytest.raises(Invalid):
        put_back(database, file)
    assert content(database) == before


def test_it_is_refused_while_something_runs(database, backup, site):
    file = backup()
    other = Database(database.engine.url.render_as_string(hide_password=False))
    with other.read() as session, pytest.raises(WebmonError, match="Beaconry is running"):
        session.exec(select(Host)).all()
        put_back(database, file)
    other.dispose()
    with database.write() as session:
        workers.tick(session, "elsewhere", now=LATER)
    if not database.is_sqlite:  # a SQLite file knows who uses it
        with pytest.raises(WebmonError, match="Beaconry is running"):
            put_back(database, file)
    assert put_back(database, file, at=LATER + MINUTE)


def test_a_backup_never_takes_the_place_of_its_database(sqlite_template, tmp_path):
    live = Database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'webmon.db')}")
    with pytest.raises(Invalid, match="is the database itself"):
        take(live, tmp_path / "webmon.db", config_only=False, now=NOW)
    with pytest.raises(Invalid, match="there is no folder"):
        take(live, tmp_path / "no" / "backup.db", config_only=False, now=NOW)


def test_a_copy_of_a_file_that_was_not_closed_is_refused(sqlite_template, tmp_path):
    live = Database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'webmon.db')}")
    with live.read() as session, pytest.raises(Invalid, match="is in use, or was not closed"):
        session.exec(select(Host)).all()
        backups.examine(tmp_path / "webmon.db")
    live.dispose()


def test_secrets_of_another_key_are_said_before_anything_is_changed(database, backup, monkeypatch):
    with database.write() as session:
        factories.service(
            session, kind="http", config={"url": "http://a.example/", "basic_auth": "a:secret"}
        )
    file = backup()
    assert (backups.examine(file).secrets, backups.examine(file).key_fits) == (1, True)
    monkeypatch.setenv("WEBMON_SECRET_KEY", crypto.Fernet.generate_key().decode())
    config.settings.cache_clear()
    crypto.vault.cache_clear()
    assert not backups.examine(file).key_fits
    with pytest.raises(Invalid, match="the present key does not read the secrets"):
        put_back(database, file)
    assert put_back(database, file, without_key=True)


def test_looking_makes_no_key(backup, database, monkeypatch):
    with database.write() as session:
        factories.service(session, "Job", kind="heartbeat", config={"every": "1h"})
        factories.service(
            session, kind="http", config={"url": "http://a.example/", "basic_auth": "a:secret"}
        )
    file = backup()
    monkeypatch.delenv("WEBMON_SECRET_KEY")
    config.settings.cache_clear()
    crypto.vault.cache_clear()
    assert not backups.examine(file).key_fits
    assert not (config.settings().data_dir / "secret.key").exists()


def test_what_waited_is_not_sent_and_says_why(database, backup, site, outside: Outside):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    see(database, UP, site, at=NOW + MINUTE)
    done = put_back(database, backup())
    deliver(database, at=LATER + MINUTE)
    assert outside.told() == []
    assert done.suppressed == len(rows(database)) > 0
    assert all(reason.startswith("restored") for _, _, reason in outbox(database))
    assert not any(row.ready_at for row in rows(database))


def test_an_outage_that_was_told_is_not_told_again_and_its_end_once(
    database, backup, site, outside: Outside
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + MINUTE)
    assert outside.told() == ["down Datastore.Website"]
    put_back(database, backup())
    for minute in range(1, 5):
        at = LATER + minute * MINUTE
        see(database, DOWN if minute < 3 else UP, site, at=at)
        follow_up(database, at=at)
        deliver(database, at=at + timedelta(seconds=30))
    assert outside.told() == ["down Datastore.Website", "up Datastore.Website"]


def test_no_reminder_comes_before_the_channels_time(database, backup, site, outside: Outside):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + MINUTE)
    put_back(database, backup())
    see(database, DOWN, site, at=LATER + MINUTE)
    for at in (LATER + MINUTE, LATER + 2 * HOUR):
        follow_up(database, at=at)
        deliver(database, at=at + MINUTE)
    assert len(outside.told()) == 1
    follow_up(database, at=LATER + 4 * HOUR)
    deliver(database, at=LATER + 4 * HOUR + MINUTE)
    assert outside.told()[1:] == ["reminder Datastore.Website"]


@pytest.mark.parametrize("seen", [DOWN, UP])
def test_an_outage_that_was_not_told_is_told_once_a_check_has_seen_it(
    database, backup, site, outside: Outside, seen
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    put_back(database, backup())
    follow_up(database, at=LATER + MINUTE)
    deliver(database, at=LATER + 2 * MINUTE)
    assert outside.told() == [], "nobody has looked yet"
    for minute in (3, 4, 5):
        see(database, seen, site, at=LATER + minute * MINUTE)
        follow_up(database, at=LATER + minute * MINUTE)
        deliver(database, at=LATER + minute * MINUTE + timedelta(seconds=30))
    assert outside.told() == (["down Datastore.Website"] if seen is DOWN else [])


def test_one_look_that_disagrees_tells_nothing_old(database, backup, iati, outside: Outside):
    add_channel(database)
    first = add_site(database, iati)
    slow = add_service(database, first, "Slow", successes_to_up=2)
    see(database, DOWN, slow, at=NOW)
    put_back(database, backup())
    with database.write() as session:
        state = session.get_one(ServiceState, slow)
        state.observed_at, state.last_status = LATER + MINUTE, UP
    follow_up(database, at=LATER + MINUTE)
    deliver(database, at=LATER + 2 * MINUTE)
    assert outside.told() == []


def test_checks_are_due_and_counts_start_over(database, backup, site):
    with database.write() as session:
        state = session.get_one(ServiceState, site)
        state.down_count, state.worker_id = 1, "w"
        state.lease_until, state.next_check_at = NOW + HOUR, NOW + 24 * HOUR
    put_back(database, backup())
    with database.read() as session:
        state = session.get_one(ServiceState, site)
    assert (state.down_count, state.worker_id, state.lease_until) == (0, None, None)
    assert state.next_check_at == LATER


def test_everybody_signs_in_again(database, backup):
    with database.write() as session:
        anna = factories.user(session, "anna@example.org")
        token = logins.open_session(session, anna.id, now=NOW)
    file = backup()
    with database.read() as session:
        assert actor_for_token(session, token, now=NOW + MINUTE) is not None
    put_back(database, file)
    with database.read() as session:
        assert actor_for_token(session, token, now=NOW + MINUTE) is None


def test_that_the_monitor_was_offline_then_is_not_told(database, backup, site, outside: Outside):
    add_channel(database)
    with database.write() as session:
        connectivity.note_offline(session, "w", since=NOW)
    put_back(database, backup())
    with database.write() as session:
        assert connectivity.note_online(session, "w2", now=LATER + MINUTE)
    deliver(database, at=LATER + 2 * MINUTE)
    assert outside.told() == []
