"""A site with channels, and a look into its outbox."""

from datetime import datetime

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, NOW
from tests.outside import deliver
from webmon.commands.notifications import leases, next_message
from webmon.db import Database
from webmon.models import Channel, ChannelState, Notification, Service
from webmon.notifiers.base import NotifierError

REFUSED = NotifierError("the server is busy")
BUSY = NotifierError("the server is busy", retry_after_seconds=3600)
WRONG = NotifierError("the key is wrong", permanent=True)


@pytest.fixture
def iati(database: Database) -> int:
    """A namespace; the administrators' own channel is away, so that it is not in every list."""
    with database.write() as session:
        session.delete(session.exec(select(Channel)).one())
        return factories.namespace(session, "iati").id


@pytest.fixture
def site(database: Database, iati: int) -> int:
    return add_site(database, iati)


def add_site(database: Database, namespace_id: int, host: str = "Datastore", *names: str) -> int:
    """A host with a service, or with several; returns the id of the first."""
    with database.write() as session:
        host_id = factories.host(session, host, namespace_id=namespace_id).id
        rows = [factories.service(session, each, host_id=host_id) for each in names or ("Website",)]
        return rows[0].id


def add_service(database: Database, beside: int, name: str, **fields) -> int:
    with database.write() as session:
        host_id = session.get(Service, beside).host_id
        return factories.service(session, name, host_id=host_id, **fields).id


def add_channel(database: Database, name: str = "ops", **fields) -> int:
    with database.write() as session:
        return factories.channel(session, name, **fields).id


def outbox(database: Database, channel_id: int | None = None) -> list[tuple[str, str, str]]:
    """(event, delivery, reason) of every notification, in order."""
    with database.read() as session:
        rows = session.exec(select(Notification).order_by(Notification.id)).all()
        return [
            (row.event, row.delivery.value, row.reason)
            for row in rows
            if channel_id in (None, row.channel_id)
        ]


def state(database: Database, channel_id: int) -> ChannelState:
    with database.read() as session:
        return session.get_one(ChannelState, channel_id)


def rows(database: Database) -> list[Notification]:
    with database.read() as session:
        return list(session.exec(select(Notification).order_by(Notification.id)))


def keep_trying(database: Database, begin: datetime, end: datetime) -> None:
    """Passes of the deliver job, each when a channel that is `BUSY` wants its next try."""
    at = begin
    while at < end:
        deliver(database, at=at)
        at += HOUR


def claim(database: Database, at: datetime = NOW, worker: str = "w") -> list[leases.Lease]:
    with database.write() as session:
        return leases.claim_channels(session, worker, most=10, now=at)


def compose(database: Database, lease, at: datetime = NOW):
    with database.write() as session:
        return next_message.compose(session, lease, now=at)
