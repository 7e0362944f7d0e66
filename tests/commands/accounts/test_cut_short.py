"""A process that is killed between any two statements: change and entry are both there, or neither.

What a kill leaves of an SQLite database is what its files hold at that moment: they are copied at
each statement, and each copy is opened as the next start would.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, func, select

from tests import factories
from webmon.clock import utcnow
from webmon.commands.accounts import users
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.inventory import hosts
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.models import Activity, Downtime, Host, User

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
EXPECTED = {(0, False), (1, True)}
"""How many entries there are, and whether the change is."""


def add_host(session: Session, actor: Actor) -> None:
    fields = {"name": "Another", "namespace_id": 1, "address": "x.example"}
    hosts.create_host(session, fields, actor=actor, now=utcnow())


def is_added(session: Session) -> bool:
    return len(session.exec(select(Host)).all()) == 2


def demote(session: Session, actor: Actor) -> None:
    fields = {"email": "ben@example.org", "role": "viewer", "namespaces": ["iati"]}
    users.update_user(session, 2, fields, actor=actor, now=utcnow())


def is_demoted(session: Session) -> bool:
    return session.get_one(User, 2).role is Role.VIEWER


def plan(session: Session, actor: Actor) -> None:
    fields = {
        "namespace_id": 1,
        "host_ids": [1],
        "title": "x",
        "starts_at": "2027-03-01T10:00",
        "timezone": "UTC",
        "duration_seconds": 600,
    }
    plan_downtime(session, fields, actor=actor, now=utcnow())


def is_planned(session: Session) -> bool:
    return session.exec(select(Downtime.id)).first() is not None


@pytest.mark.parametrize(
    ("command", "is_done"), [(add_host, is_added), (demote, is_demoted), (plan, is_planned)]
)
def test_change_and_entry_are_both_there_or_neither(
    database: Database,
    tmp_path: Path,
    command: Callable[[Session, Actor], None],
    is_done: Callable[[Session], bool],
) -> None:
    with database.write() as session:
        space = factories.namespace(session, "iati")
        factories.host(session, namespace_id=space.id)
        anna, _ = (factories.user(session, f"{name}@example.org") for name in ("anna", "ben"))
    copies: list[Path] = []

    def copy(*_: Any) -> None:
        folder = tmp_path / f"copy-{len(copies)}"
        folder.mkdir()
        for file in tmp_path.glob("webmon.db*"):
            shutil.copy(file, folder)
        copies.append(folder)

    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(database.engine, moment, copy)
    with database.write() as session:
        command(session, Actor(anna.id, anna.email, Role.ADMIN))
    copy()
    found = []
    for folder in copies:
        left = Database(f"sqlite:///{folder / 'webmon.db'}")
        with left.read() as session:
            entries = session.scalar(select(func.count()).select_from(Activity))
            found.append((entries, is_done(session)))
        left.dispose()
    assert len(found) > 6 and set(found) == EXPECTED and found[-1] == (1, True)
