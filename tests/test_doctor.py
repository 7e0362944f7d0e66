"""`webmon doctor`: what is wrong stands with its remedy, and nothing is said twice."""

import errno
import socket
import sqlite3
from contextlib import closing

import pytest
from sqlmodel import text
from typer.testing import CliRunner

from tests import factories
from tests.clock import NOW
from tests.notifiers.mail_server import MailServer
from tests.outside import outside
from tests.probes.real_servers import free_port
from tests.probes.ssh_servers import new_key
from webmon import clock, config, crypto, db, doctor
from webmon.cli import app
from webmon.commands.checks import workers
from webmon.commands.installation.settings import save_settings
from webmon.models import ChannelState
from webmon.probes.ssh_access import SshAccess

__all__ = ["outside"]


def said() -> dict[str, tuple[str, str]]:
    return {each.name: (each.finding, each.remedy) for each in doctor.examine()}


def set_mail_server(monkeypatch, url: str) -> None:
    monkeypatch.setenv("WEBMON_SMTP_URL", url)
    config.settings.cache_clear()


def test_a_working_installation_needs_no_remedy(database, monkeypatch):
    monkeypatch.setattr(doctor.frontend, "is_current", lambda _site: True)
    with MailServer(user="webmon", password="hidden") as server:
        set_mail_server(monkeypatch, server.url(user="webmon", password="hidden"))
        assert_no_remedy(database)
    assert server.contents == [], "no mail is sent"


def assert_no_remedy(database):
    with database.write() as session:
        factories.service(session)
        workers.tick(session, "w", now=clock.utcnow())
    found = said()
    assert {remedy for _, remedy in found.values()} == {""}
    assert found["secrets"][0] == "1 stored configurations can be read"
    assert found["worker"][0] == "ticking"
    assert ", 0 results; grows by about" in found["storage"][0]
    assert "lets us in, as webmon@example.org" in found["mail"][0]
    assert found["channel Administrators"][0] == "not used yet"


def connectivity(monkeypatch, *ports: int) -> doctor.Diagnosis:
    targets = ",".join(f"127.0.0.1:{port}" for port in ports)
    monkeypatch.setenv("WEBMON_CONNECTIVITY_TARGETS", targets)
    config.settings.cache_clear()
    return next(each for each in doctor.examine() if each.name == "connectivity")


def test_targets_that_never_answer_are_found_before_they_hold_back_an_alarm(database, monkeypatch):
    dead = free_port()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        alive = listening.getsockname()[1]
        assert connectivity(monkeypatch, alive).remedy == ""
        one_dead = connectivity(monkeypatch, alive, dead)
        assert one_dead.finding == f"127.0.0.1:{dead}: not answering"
        assert one_dead.is_hint
        all_dead = connectivity(monkeypatch, dead)
    assert all_dead.is_wrong
    assert "nobody is told of an outage" in all_dead.finding


def test_without_a_mail_server_there_is_a_hint_and_nothing_is_wrong(database):
    mail = next(each for each in doctor.examine() if each.name == "mail")
    assert (mail.remedy, mail.is_hint, mail.is_wrong) == ("set WEBMON_SMTP_URL", True, False)
    assert "channel Administrators" not in said(), "said already"


def test_a_channel_that_is_to_write_e_mail_without_a_mail_server_is_wrong(database):
    config = {"to": ["ops@example.org"]}
    with database.write() as session:
        factories.channel(session, "ops", kind="email", config=config)
        factories.channel(session, "off", kind="email", config=config, enabled=False)
    found = {each.name: each for each in doctor.examine()}
    assert found["channel ops"].is_wrong
    assert "WEBMON_SMTP_URL" in found["channel ops"].finding
    assert not found["channel off"].is_wrong


def test_a_mail_server_that_does_not_let_us_in_is_named_and_no_secret(database, monkeypatch):
    with MailServer(user="webmon", password="other") as server:
        set_mail_server(monkeypatch, server.url(user="webmon", password="hidden"))
        found = said()
    assert "does not accept user and password" in found["mail"][0]
    assert "check WEBMON_SMTP_URL" in found["mail"][1]
    assert "hidden" not in str(found)


def test_a_channel_that_does_not_get_through_is_named(database, outside, monkeypatch):
    with database.write() as session:
        row = factories.channel(session, "ops")
        session.add(ChannelState(channel_id=row.id, stopped_at=NOW, last_error="the key is wrong"))
        factories.channel(session, "off", enabled=False)
    found = said()
    assert found["channel ops"][0] == "stopped: the key is wrong"
    assert "send a test" in found["channel ops"][1]
    assert found["channel off"] == ("switched off", "")
    assert "channel Administrators" not in found, "the mail server is missing, which is said"


def test_a_damaged_file_is_named_with_what_to_do(webmon, tmp_path):
    webmon("migrate")
    path = tmp_path / "data" / "webmon.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA writable_schema=ON")
        file.execute("DELETE FROM sqlite_schema WHERE name = 'ix_session_user_id'")
        file.commit()
    line = next(line for line in webmon("doctor").stdout.splitlines() if "database:" in line)
    assert line.startswith("✖ database: SQLite, damaged: ")
    path.write_bytes(path.read_bytes()[:8192] + b"x" * 100_000)
    done = webmon("doctor")
    assert "malformed" in done.stdout
    assert done.stdout.count("→ stop Beaconry and put back a backup: webmon restore FILE") == 1


def test_a_file_that_cannot_shrink_is_named_and_compacted(webmon, tmp_path):
    path = tmp_path / "data" / "webmon.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as old:  # as it was made by earlier versions
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("CREATE TABLE made (id INTEGER)")
    webmon("migrate")
    assert "stop Beaconry and run webmon compact once" in webmon("doctor").stdout
    assert webmon("compact").returncode == 0
    assert "webmon compact" not in webmon("doctor").stdout


def test_a_file_is_not_compacted_under_a_running_worker(webmon, tmp_path):
    webmon("migrate")
    database = db.Database(f"sqlite:///{tmp_path / 'data' / 'webmon.db'}")
    with database.write() as session:
        workers.tick(session, "w", now=clock.utcnow())
    database.dispose()
    done = webmon("compact")
    assert (done.returncode, done.stderr) == (
        1,
        "webmon: a worker is running: stop Beaconry first\n",
    )


def test_a_silent_worker_and_old_front_ends_are_named(database, monkeypatch):
    monkeypatch.setattr(doctor.frontend, "is_current", lambda site: site == "public")
    found = said()
    assert found["worker"][1] == "run webmon up"
    assert found["front ends"] == ("not built: admin", "run webmon build")


def test_a_secret_of_another_key_is_found(database, monkeypatch):
    with database.write() as session:
        factories.service(
            session, kind="http", config={"url": "http://a.example/", "basic_auth": "a:secret"}
        )
    monkeypatch.setenv("WEBMON_SECRET_KEY", crypto.Fernet.generate_key().decode())
    config.settings.cache_clear()
    crypto.vault.cache_clear()
    assert "cannot be read with the present key" in said()["secrets"][0]


def test_a_host_whose_key_cannot_be_read_hides_no_other(database, monkeypatch):
    access = crypto.seal(SshAccess(user="webmon", private_key=new_key()))
    with database.write() as session:
        factories.host(session, "Sound", ssh=access)
        broken = factories.host(session, "Broken", ssh=access)
        factories.service(session, kind="cron", config={}, host_id=broken.id).config = {"x": 1}
        factories.host(session, "Alien", ssh={**access, "private_key": {"$secret": "of another"}})
    found = said()
    assert found["SSH, Sound"][0].startswith('line for authorized_keys: restrict,command="')
    assert found["SSH, Broken"] == (
        "what is stored cannot be used: x: extra inputs are not permitted",
        "type it again in the host's or the service's form",
    )
    assert "cannot be read with the present key" in found["SSH, Alien"][0]


@pytest.mark.parametrize(
    ("url", "finding"),
    [("sqlite:///{}/none.db", "there is no database"), ("postgresql://x@127.0.0.1:1/x", "refused")],
)
def test_without_a_usable_database_it_ends_there(tmp_path, url, finding):
    db.use(db.Database(url.format(tmp_path)))
    found = said()
    assert finding in found["database"][0]
    assert found["database"][1]
    assert "worker" not in found


def test_a_newer_database_is_named_and_not_what_would_fail_as_well(database):
    with database.write() as session:
        before = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    found = said()
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :old"), {"old": before})
    assert "newer than this program (9999 instead of" in found["database"][0]
    assert found["database"][1].startswith("install the version that made it")


def test_a_full_disk_is_named(database, monkeypatch):
    def refuse(**_: object):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(doctor, "TemporaryFile", refuse)
    config.settings().data_dir.mkdir(parents=True)
    finding, remedy = said()["disk"]
    assert finding.startswith("full: ")
    assert remedy == "make room; nothing can be stored"


def test_the_command_exits_with_1_where_something_is_wrong(webmon):
    done = webmon("doctor")
    assert done.returncode == 1
    assert "→ run webmon migrate" in done.stdout


def test_a_hint_alone_is_no_failure(monkeypatch):
    hint = doctor.Diagnosis("mail", "no mail server is set", "set it", is_hint=True)
    monkeypatch.setattr(doctor, "examine", lambda: iter([doctor.Diagnosis("key", "present"), hint]))
    done = CliRunner().invoke(app, ["doctor"])
    assert (done.exit_code, done.stdout.splitlines()) == (
        0,
        ["✔ key: present", "! mail: no mail server is set", "    → set it"],
    )


def test_targets_and_days_that_were_set_in_the_app_are_looked_at(database):
    dead = f"127.0.0.1:{free_port()}"
    fields = {"connectivity_targets": [dead], "raw_retention_days": 7}
    with database.write() as session:
        save_settings(session, fields, actor=None, now=clock.utcnow())
    found = {each.name: each for each in doctor.examine()}
    assert dead in found["connectivity"].finding
    assert "after 7 days" in found["storage"].finding
