"""What was deleted is gone at once, and comes back whole for some seconds."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Enum, Table, insert, select
from sqlmodel import Session, SQLModel, UTCDateTime

from tests import factories
from tests.clock import NOW, SECOND
from tests.limits import world
from tests.outside import Outside, deliver, outside, see
from tests.pages.test_admin import count
from webmon.commands.history.retention import Kept, delete_expired
from webmon.commands.inventory import packing
from webmon.commands.inventory.hosts import create_host
from webmon.commands.inventory.undoing import (
    UNDO_FOR,
    delete_for_now,
    forget_deleted,
    undo_deletion,
)
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import Invalid, NotFound
from webmon.models import (
    Activity,
    ApiKey,
    CheckResult,
    Deleted,
    Host,
    Incident,
    Namespace,
    Service,
)
from webmon.models.columns import table

__all__ = ["outside"]

THINGS = ("namespace", "host", "service", "channel")
LATE = UNDO_FOR


@pytest.fixture
def ann(session: Session) -> Actor:
    return an_admin(session)


def an_admin(session: Session, name: str = "ann") -> Actor:
    user = factories.user(session, f"{name}@example.org", Role.ADMIN)
    session.flush()
    return Actor(user.id, user.email, Role.ADMIN)


def owned(parent: Table) -> Iterator[Table]:
    """The tables whose rows go with a row of this one, from the top."""
    for column in packing._owned(parent):
        yield column.table  # type: ignore[misc]
        yield from owned(column.table)  # type: ignore[arg-type]


def fill(session: Session, rows: world.Rows) -> None:
    """At least one row in every table that belongs to the namespace."""
    for each in dict.fromkeys(owned(SQLModel.metadata.tables["namespace"])):
        if session.execute(select(each)).first() is None:
            session.execute(insert(each).values(**{c.name: made(c, rows) for c in each.c}))


def made(column: Column[Any], rows: world.Rows) -> Any:
    if column.foreign_keys:
        parent = next(iter(column.foreign_keys)).column.table.name
        return getattr(rows, parent.removeprefix("downtime_"), 1)
    if isinstance(column.type, Enum):
        return column.type.enums[0]
    if isinstance(column.type, UTCDateTime):
        return NOW
    if isinstance(column.type, JSON):
        return {"a": {"$secret": "x"}, "b": [1.5, None]}
    if column.nullable:
        return None
    return "x" if column.type.python_type is str else 1


@pytest.mark.parametrize("thing", THINGS)
def test_all_comes_back_as_it_was(session: Session, thing: str) -> None:
    rows, _ = world.build(session)
    ann = an_admin(session)
    session.add(Incident(service_id=rows.service, opened_at=NOW, resolved_at=NOW, message="old"))
    session.execute(insert(table(CheckResult)).values(service_id=rows.service, at_ms=1, status=0))
    session.add(ApiKey(name="k", token_hash="h", beginning="w", scope="read", created_at=NOW))
    session.flush()
    fill(session, rows)
    but = ("activity", "deleted")
    before = world.contents(session, but)
    named = {"namespace": "open namespace"}.get(thing, f"open {thing}")
    kept = delete_for_now(session, thing, [getattr(rows, thing)], actor=ann, now=NOW)
    gone = world.contents(session, but)
    assert session.execute(select(SQLModel.metadata.tables[thing].c.name)).scalars().all()
    assert len(gone[thing]) == len(before[thing]) - 1
    assert undo_deletion(session, kept, actor=ann, now=NOW + 11 * SECOND) == ([named], [])
    assert world.contents(session, but) == before
    assert session.get(Deleted, kept) is None
    noted = session.scalars(select(Activity.verb).where(Activity.verb == "restored"))
    assert noted.all() == ["restored"]


def count_of(session: Session, model: type[SQLModel]) -> int:
    return len(session.execute(select(model)).all())


def test_it_is_too_late_for_others_and_after_the_time(session: Session, ann: Actor) -> None:
    host = factories.host(session)
    bert = an_admin(session, "bert")
    kept = delete_for_now(session, "host", [host.id], actor=ann, now=NOW)
    for who, at in ((bert, NOW), (ann, NOW + LATE), (ann, NOW - SECOND)):
        with pytest.raises(NotFound, match="too late"):
            undo_deletion(session, kept, actor=who, now=at)
    forget_deleted(session, now=NOW + 11 * SECOND)
    assert count_of(session, Deleted) == 1
    forget_deleted(session, now=NOW + LATE)
    assert count_of(session, Deleted) == 0 and count_of(session, Host) == 0


def test_its_name_is_free_at_once_and_then_it_cannot_come_back(
    session: Session, ann: Actor
) -> None:
    host = factories.host(session)
    service = factories.service(session, host_id=host.id)
    fields = {"name": host.name, "namespace_id": host.namespace_id}
    of_host = delete_for_now(session, "host", [host.id], actor=ann, now=NOW)
    create_host(session, fields, actor=ann, now=NOW)
    with pytest.raises(Invalid, match="name was given to something else"):
        undo_deletion(session, of_host, actor=ann, now=NOW)
    assert [count_of(session, each) for each in (Host, Service)] == [1, 0]
    other = factories.service(session, "Port")
    of_service = delete_for_now(session, "service", [other.id], actor=ann, now=NOW)
    session.delete(session.get_one(Host, other.host_id))
    session.flush()
    with pytest.raises(Invalid, match="cannot be undone"):
        undo_deletion(session, of_service, actor=ann, now=NOW)
    assert service.id != other.id


def test_of_many_all_come_back_that_can_and_the_others_are_named(
    session: Session, ann: Actor
) -> None:
    hosts = [factories.host(session, f"Host {n}") for n in range(4)]
    ports = [factories.service(session, "Port", host_id=host.id).id for host in hosts]
    ids = [host.id for host in hosts]
    with pytest.raises(NotFound):
        delete_for_now(session, "host", [*ids, 99], actor=ann, now=NOW)
    kept = delete_for_now(session, "host", ids, actor=ann, now=NOW)
    assert count_of(session, Host) == count_of(session, Service) == 0
    fields = {"name": "Host 1", "namespace_id": hosts[1].namespace_id}
    create_host(session, fields, actor=ann, now=NOW)
    session.delete(session.get_one(Namespace, hosts[3].namespace_id))
    session.flush()
    back = undo_deletion(session, kept, actor=ann, now=NOW)
    assert back == (["Host 0", "Host 2"], ["Host 1", "Host 3"])
    assert set(session.scalars(select(Service.id))) == {ports[0], ports[2]}
    noted = session.execute(select(Activity.verb, Activity.thing_id).order_by(Activity.id)).all()
    assert noted[:4] == [("deleted", each) for each in ids]
    assert noted[-2:] == [("restored", ids[0]), ("restored", ids[2])]


def test_results_stay_while_they_can_come_back(session: Session, ann: Actor) -> None:
    service = factories.service(session)
    session.execute(insert(table(CheckResult)).values(service_id=service.id, at_ms=1, status=0))
    delete_for_now(session, "service", [service.id], actor=ann, now=NOW)
    kept = Kept(NOW, NOW)
    delete_expired(session, kept)
    assert len(session.execute(select(table(CheckResult))).all()) == 1
    forget_deleted(session, now=NOW + LATE)
    delete_expired(session, kept)
    assert session.execute(select(table(CheckResult))).all() == []


def test_nobody_is_told_before_it_is_too_late(database: Database, outside: Outside) -> None:
    with database.write() as session:
        ann = an_admin(session)
        factories.channel(session, "ops", kind="recorder", config={"name": "ops"})
        service = factories.service(session, "Website").id
    see(database, Status.DOWN, service, at=NOW)
    deliver(database, at=NOW + 5 * SECOND)
    told = ["down Host of Website.Website"]
    assert outside.told() == told
    for undone in (True, False):
        at = NOW + (10 if undone else 20) * SECOND
        with database.write() as session:
            kept = delete_for_now(session, "service", [service], actor=ann, now=at)
        deliver(database, at=at + 11 * SECOND)
        assert outside.told() == told
        if undone:
            with database.write() as session:
                undo_deletion(session, kept, actor=ann, now=at + 9 * SECOND)
            see(database, Status.UP, service, at=at + 9 * SECOND)
            deliver(database, at=NOW + 60 * SECOND)
            told = [*told, "up Host of Website.Website"]
            assert outside.told() == told
            return


def test_that_watching_has_ended_is_told_afterwards(database: Database, outside: Outside) -> None:
    with database.write() as session:
        ann = an_admin(session)
        factories.channel(session, "ops", kind="recorder", config={"name": "ops"})
        service = factories.service(session, "Website").id
    see(database, Status.DOWN, service, at=NOW)
    deliver(database, at=NOW + 5 * SECOND)
    with database.write() as session:
        delete_for_now(session, "service", [service], actor=ann, now=NOW + 10 * SECOND)
    deliver(database, at=NOW + 21 * SECOND)
    assert len(outside.told()) == 1
    deliver(database, at=NOW + 23 * SECOND)
    assert outside.told()[1:] == ["up Host of Website.Website"]
    assert outside.messages()[1].news[0].message == "Website was deleted."


KILLED = """
import os, signal, sys
from webmon import db
from webmon.clock import utcnow
from webmon.commands.inventory.bulk_changes import change_hosts, change_services
from webmon.domain.accounts.access import Actor, Role
ann = Actor(int(sys.argv[2]), "a@example.org", Role.ADMIN)
ids = list(map(int, sys.argv[3].split(",")))
with db.Database(sys.argv[1]).write() as session:
    change_services(session, ids, "interval_seconds", 300, actor=ann, now=utcnow())
    change_hosts(session, [1], "delete", actor=ann, now=utcnow())
    session.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_in_the_middle_nothing_is_changed(database: Database) -> None:
    with database.write() as session:
        ann = an_admin(session)
        host = factories.host(session)
        ids = [factories.service(session, f"P{n}", host_id=host.id).id for n in range(20)]
        assert host.id == 1
        before = world.contents(session)
    command = [
        sys.executable,
        "-c",
        KILLED,
        database.url,
        str(ann.user_id),
        ",".join(map(str, ids)),
    ]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with database.write() as session:
        assert world.contents(session) == before
    assert count(database, Service) == 20


def test_only_rows_are_packed() -> None:
    rows = {"a": [{"at": NOW, "n": 1.1, "none": None, "list": [{"x": "2025"}]}]}
    assert packing.unpack(packing.pack(rows)) == rows
    with pytest.raises(TypeError, match="a row holds a bytes"):
        packing.pack({"a": [{"b": b"x"}]})
    assert isinstance(NOW, datetime)
