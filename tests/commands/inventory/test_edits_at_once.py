"""Two who edit the same thing at once: neither undoes what the other has typed."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select, text

from tests import factories
from tests.clock import NOW
from webmon import crypto
from webmon.commands.inventory.hosts import create_host, delete_host, update_host
from webmon.commands.inventory.services import create_service
from webmon.commands.inventory.undoing import delete_for_now, undo_deletion
from webmon.commands.notifications.channels import create_channel, delete_channel, update_channel
from webmon.commands.validation import KEEP
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, NotFound
from webmon.models import Channel, Host, Service

WHO: dict[str, Any] = {"actor": None, "now": NOW}
Edit = Callable[[Session], object]


def at_once(database: Database, first: Edit, second: Edit) -> Exception | None:
    """Do the second while the first is not committed yet; returns what the second one raised.

    On SQLite it does not even begin before that.
    """
    raised: list[Exception] = []

    def work() -> None:
        try:
            with database.write() as session:
                second(session)
        except Exception as error:
            raised.append(error)

    other = threading.Thread(target=work)
    with database.write() as session:
        first(session)
        other.start()
        while not database.is_sqlite and other.is_alive() and not somebody_waits(database):
            time.sleep(0.01)
    other.join()
    return raised[0] if raised else None


def somebody_waits(database: Database) -> bool:
    with database.read() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


@pytest.fixture
def host(database: Database) -> dict[str, Any]:
    """Its fields, and its id."""
    with database.write() as session:
        named = {"name": "Datastore", "namespace_id": factories.namespace(session).id}
        fields = named | {"address": "10.0.0.7", "ssh": {"user": "a", "password": "old"}}
        return fields | {"id": create_host(session, fields, **WHO).id}


def edit_host(host: dict[str, Any], **ssh: Any) -> Edit:
    fields = {name: value for name, value in host.items() if name != "id"}
    return lambda session: update_host(session, host["id"], fields | {"ssh": ssh}, **WHO)


def test_a_password_that_is_kept_is_the_one_that_somebody_has_just_typed(database, host):
    first = edit_host(host, user="a", password="new")
    assert at_once(database, first, edit_host(host, user="b", password=KEEP)) is None
    with database.read() as session:
        stored = crypto.unseal(session.get_one(Host, host["id"]).ssh)
    assert stored == {"user": "b", "password": "new"}


def test_a_host_that_somebody_has_just_deleted_is_not_there(database, host):
    def delete(session: Session) -> None:
        delete_host(session, host["id"], **WHO)

    second = edit_host(host, user="b", password=KEEP)
    assert isinstance(at_once(database, delete, second), NotFound)


@pytest.fixture
def channel_id(database: Database) -> int:
    with database.write() as session:
        return create_channel(session, hook("http://a.example/", "old"), **WHO).id


def hook(url: str, secret: object) -> dict[str, Any]:
    return {"name": "hook", "kind": "webhook", "config": {"url": url, "secret": secret}}


def edit_channel(channel_id: int, url: str, secret: object) -> Edit:
    return lambda session: update_channel(session, channel_id, hook(url, secret), **WHO)


def test_a_secret_that_is_kept_is_the_one_that_somebody_has_just_typed(database, channel_id):
    first = edit_channel(channel_id, "http://a.example/", "new")
    assert at_once(database, first, edit_channel(channel_id, "http://b.example/", KEEP)) is None
    with database.read() as session:
        stored = crypto.unseal(session.get_one(Channel, channel_id).config)
    assert stored == {"url": "http://b.example/", "secret": "new"}


def test_a_channel_that_somebody_has_just_deleted_is_not_there(database, channel_id):
    def delete(session: Session) -> None:
        delete_channel(session, channel_id, **WHO)

    second = edit_channel(channel_id, "http://b.example/", KEEP)
    assert isinstance(at_once(database, delete, second), NotFound)


ADDED = {"name": "Port", "kind": "tcp", "config": {"port": 443}}


def add_to(thing: str, host: dict[str, Any]) -> Edit:
    """Something is added to the host, or to its namespace."""
    named = {"namespace_id": host["namespace_id"], "name": "new"}
    return {
        "service": lambda session: create_service(session, host["id"], ADDED, **WHO),
        "host": lambda session: create_host(session, named, **WHO),
        "channel": lambda session: create_channel(
            session, hook("http://a.example/", "s") | named, **WHO
        ),
    }[thing]


@pytest.mark.parametrize("thing", ["service", "host", "channel"])
def test_what_is_added_at_the_moment_of_a_deletion_comes_back_with_it(database, host, thing):
    parent, row_id = ("host", "id") if thing == "service" else ("namespace", "namespace_id")
    with database.write() as session:
        user = factories.user(session, "ann@example.org", Role.ADMIN)
        session.flush()
        ann = Actor(user.id, user.email, Role.ADMIN)
    kept: list[int] = []

    def delete(session: Session) -> None:
        kept.append(delete_for_now(session, parent, [host[row_id]], actor=ann, now=NOW))

    assert at_once(database, add_to(thing, host), delete) is None
    with database.write() as session:
        undo_deletion(session, kept[0], actor=ann, now=NOW)
    model = {"service": Service, "host": Host, "channel": Channel}[thing]
    with database.read() as session:
        names = session.scalars(select(model.name)).all()
    assert {"service": "Port"}.get(thing, "new") in names
    refused = at_once(database, delete, add_to(thing, {**host, "name": "later"}))
    assert isinstance(refused, NotFound if thing == "service" else Invalid)
