"""A real worker that is killed at every step of a downtime's life: each message arrives once."""

import json
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from sqlmodel import select

from tests import factories
from tests.downtimes import EDITOR, fields
from webmon import clock, config, db
from webmon.commands.downtimes import edit, running
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.notifications.next_message import CUT_OFF
from webmon.models import Channel, DowntimeOccurrence, DowntimeStep, Host, Notification

HOUR = timedelta(hours=1)


class Receiver:
    """Receives webhooks; while it is to kill, it kills the worker before it answers."""

    def __init__(self) -> None:
        self.keys: list[tuple[str, str]] = []
        self.worker: subprocess.Popen[bytes] | None = None
        self.kills = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.keys.append((body["key"], body["message"].partition(":")[0]))
                if receiver.kills:
                    receiver.kill()
                    return
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def start_worker(self) -> None:
        self.worker = subprocess.Popen(
            [sys.executable, "-m", "webmon.cli", "worker", "--name", "w"],
            env=config.environment(WEBMON_LOG_LEVEL="error"),
            cwd=config.ROOT,
            stdout=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self.worker is not None:
            self.worker.kill()

    def close(self) -> None:
        self.kill()
        if self.worker is not None:
            self.worker.wait()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver(tmp_path, sqlite_template, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "webmon.db").write_bytes(sqlite_template.read_bytes())
    (folder / "webmon.db").chmod(0o600)
    monkeypatch.setenv("WEBMON_DATA_DIR", str(folder))
    config.settings.cache_clear()
    db.use(db.Database(f"sqlite:///{folder / 'webmon.db'}"))
    made = Receiver()
    yield made
    made.close()
    db.close()


def until(question, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


def shift(by: timedelta) -> None:
    """Let that much time have passed for the only occurrence."""
    with db.write() as session:
        found = session.exec(select(DowntimeOccurrence)).one()
        for name in ("starts_at", "ends_at", "known_from", "next_step_at"):
            if getattr(found, name) is not None:
                setattr(found, name, getattr(found, name) - by)


def steps() -> list[str]:
    with db.read() as session:
        rows = session.exec(select(DowntimeStep).order_by(DowntimeStep.id))
        return [each.step.value for each in rows]


def waiting() -> bool:
    with db.read() as session:
        queued = select(Notification.id).where(Notification.ready_at.is_not(None))
        return session.exec(queued).first() is not None


def kill_when_stored(receiver: Receiver, count: int) -> None:
    """The worker is killed as soon as the step is stored."""
    until(lambda: len(steps()) >= count)
    receiver.kill()
    receiver.worker.wait()


def kill_while_sending(receiver: Receiver, count: int) -> None:
    """The worker is killed when the message has arrived, before it is answered."""
    receiver.kills = True
    until(lambda: len(receiver.keys) >= count)
    receiver.worker.wait()
    receiver.kills = False


@pytest.mark.slow
def test_each_step_is_told_once_through_kills(receiver):
    with db.write() as session:
        session.delete(session.exec(select(Channel)).one())
        host = factories.host(session, "Datastore")
        service = factories.service(session, "Website", host_id=host.id, paused=True)
        hook = factories.channel(session, "hook", kind="webhook")
        hook.config = {"url": receiver.url}
        begin = clock.utcnow().replace(microsecond=0) + 25 * HOUR
        plan_downtime(session, fields(session, service.id, begin), actor=EDITOR, now=clock.utcnow())
        assert session.exec(select(Host)).one().public
    expected = []

    def passes(word: str, kill=kill_while_sending) -> None:
        expected.append(word)
        kill(receiver, len(expected) if kill is kill_when_stored else len(receiver.keys) + 1)
        receiver.start_worker()
        until(lambda: len(steps()) == len(expected) and not waiting())

    def occurrence():
        with db.read() as session:
            return session.exec(select(DowntimeOccurrence)).one()

    receiver.start_worker()
    shift(HOUR)
    passes("Planned downtime announced", kill_when_stored)
    with db.write() as session:
        found = session.exec(select(DowntimeOccurrence)).one()
        edit.edit_occurrence(
            session, found.downtime_id, found.slot_at, starts_at=found.starts_at + HOUR,
            duration_seconds=3600, actor=EDITOR, now=clock.utcnow(),
        )  # fmt: skip
    passes("Planned downtime rescheduled", kill_when_stored)
    shift(24 * HOUR)
    passes("Reminder of planned downtime")
    shift(HOUR)
    passes("Planned downtime started")
    with db.write() as session:
        running.extend(session, occurrence().id, 1800, actor=EDITOR, now=clock.utcnow())
    passes("Planned downtime extended")
    shift(2 * HOUR)
    passes("Planned downtime finished")

    assert [word for _, word in dict.fromkeys(receiver.keys)] == expected
    with db.read() as session:
        rows = session.exec(select(Notification).order_by(Notification.id)).all()
    assert [each.delivery.value for each in rows] == ["sent"] * 6
    for count, row in zip(Counter(receiver.keys).values(), rows, strict=True):
        assert count == 1 or (count == 2 and row.error == CUT_OFF)
    assert sum(row.error == CUT_OFF for row in rows) >= 4
