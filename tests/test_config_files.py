"""Where settings and data come from, and what is said of what is probably a mistake."""

import logging
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests import factories
from webmon import config, crypto, db, own_files, supervisor
from webmon.cli import console
from webmon.db import Database, DatabaseUnavailable
from webmon.errors import Invalid
from webmon.server import bind


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `.env` in a folder that is not the current one."""
    (tmp_path / "home").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.delenv("WEBMON_DATA_DIR")
    file = tmp_path / "home" / ".env"
    monkeypatch.setitem(config.Settings.model_config, "env_file", file)
    return file


def test_a_relative_data_directory_is_beside_the_file_of_settings(env_file: Path, monkeypatch):
    env_file.write_text("WEBMON_DATA_DIR=./data\nWEBMON_DATABASE_URL=sqlite:///x.db\n")
    settings = config.read_settings()
    assert settings.data_dir == env_file.parent / "data"
    assert settings.database == f"sqlite:///{env_file.parent}/x.db"
    monkeypatch.setenv("WEBMON_DATA_DIR", "other")
    assert config.read_settings().data_dir == env_file.parent / "other", "one rule for both"


def test_without_one_it_is_in_the_current_folder_for_children_too(env_file: Path, monkeypatch):
    monkeypatch.setenv("WEBMON_DATA_DIR", "data")
    config.settings.cache_clear()
    here = Path.cwd()
    assert config.settings().data_dir == here / "data"
    assert config.for_child(7)["WEBMON_DATA_DIR"] == str(here / "data")
    assert "for_child" in Path(supervisor.__file__).read_text("utf-8")


def test_a_value_in_the_file_is_taken_as_it_is_written(env_file: Path, monkeypatch):
    monkeypatch.setenv("HOME", "/root")
    env_file.write_text("WEBMON_SMTP_URL=smtp://a:p${HOME}$x@mail.example\n")
    assert config.read_settings().smtp_url.get_secret_value() == "smtp://a:p${HOME}$x@mail.example"


def test_names_that_are_no_setting_are_named(env_file: Path, monkeypatch):
    env_file.write_text("WEBMON_PROT=8001\n")
    monkeypatch.setenv("WEBMON_COLOUR_OF_THE_SKY", "blue")
    monkeypatch.setenv("WEBMON_FRONTEND", "admin")
    assert config.unknown_names() == {
        "WEBMON_COLOUR_OF_THE_SKY": "",
        "WEBMON_PROT": "WEBMON_PORT",
    }


@pytest.mark.parametrize("url", ["https://a.example/status", "https://a.example/?x", "http://a/#b"])
def test_a_base_address_with_a_path_is_refused(monkeypatch, url):
    monkeypatch.setenv("WEBMON_BASE_URL", url)
    with pytest.raises(Invalid, match=r"^WEBMON_BASE_URL: must end after the host and port"):
        config.read_settings()


def test_what_is_said_at_the_start(env_file: Path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    env_file.write_text("WEBMON_PROT=8001\nWEBMON_DATABASE_URL=postgresql://u:hidden@h.example/d\n")
    env_file.chmod(0o644)
    config.settings.cache_clear()
    console.announce()
    assert caplog.messages == [
        f"the data are in {config.ROOT / 'data'}, the database is "
        "postgresql+psycopg2://u:***@h.example/d",
        "WEBMON_PROT is no setting; is WEBMON_PORT meant?",
        f"{env_file} can be read by others (mode 644): chmod 600 it",
    ]


def test_files_that_others_can_read_are_named(database, tmp_path: Path):
    key = config.settings().data_dir / crypto.KEY_FILE
    key.parent.mkdir(parents=True)
    key.write_bytes(b"")
    key.chmod(0o640)
    assert (key, 0o640) in list(own_files.readable_by_others())


def test_all_addresses_means_those_of_both_families():
    settings = config.read_settings(bind="::")
    with bind(settings.model_copy(update={"port": 0})) as listener:
        port = listener.getsockname()[1]
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, port), timeout=5).close()


def test_a_missing_key_stops_before_another_one_is_made(database, monkeypatch, capsys):
    with database.write() as session:
        basic = {"url": "http://a.example/", "basic_auth": "a:secret"}
        factories.service(session, kind="http", config=basic)
    monkeypatch.delenv("WEBMON_SECRET_KEY")
    config.settings.cache_clear()
    crypto.vault.cache_clear()
    with pytest.raises(console.typer.Exit):
        console.require_key()
    said = capsys.readouterr().err
    assert said.startswith("webmon: WEBMON_SECRET_KEY: the key file ")
    assert said.count("\n") == 1
    assert not (config.settings().data_dir / crypto.KEY_FILE).exists()


def test_without_stored_secrets_the_first_key_may_be_made(database, monkeypatch):
    monkeypatch.delenv("WEBMON_SECRET_KEY")
    config.settings.cache_clear()
    console.require_key()


def test_an_empty_database_is_never_made_by_looking(
    tmp_path: Path, monkeypatch, compiled_statements
):
    monkeypatch.setattr(db, "_sqlite_engine", compiled_statements)
    database = Database(f"sqlite:///{tmp_path}/none.db")
    for session in (database.read, database.write):
        with pytest.raises(DatabaseUnavailable) as raised, session() as opened:
            opened.connection()
        assert db.reason(raised.value) == f"there is no database at {tmp_path}/none.db"
    assert list(tmp_path.glob("none.db*")) == []


def test_a_file_that_is_deleted_or_replaced_is_noticed(sqlite_template: Path, tmp_path: Path):
    file = tmp_path / "webmon.db"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}")
    with database.read() as session:
        session.connection()
    kept = file.rename(tmp_path / "kept.db")
    with pytest.raises(DatabaseUnavailable) as raised, database.read() as session:
        session.connection()
    assert db.reason(raised.value) == f"the database file {file} has been deleted"
    file.write_bytes(sqlite_template.read_bytes())
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE another (id)")
    with database.read() as session:
        tables = session.connection().exec_driver_sql("SELECT name FROM sqlite_master").scalars()
        assert "another" in set(tables)
    assert kept.exists()
    database.dispose()
