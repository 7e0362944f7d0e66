"""People, keys and secrets are changed only by who has lately proved who they are."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon.commands.accounts import api_keys, own_address, password_links, users
from webmon.commands.inventory import hosts, services
from webmon.commands.notifications import channels
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.api_keys import Scope
from webmon.errors import ConfirmationNeeded
from webmon.models import Host, Namespace

PERSON = {"email": "ida@example.org", "role": Role.VIEWER}
HOOK = {"kind": "slack", "config": {"webhook_url": "https://hooks.slack.com/services/x"}}
DSN = {"kind": "postgres", "config": {"dsn": "postgresql://a:secret@127.0.0.1/x"}}


def host(session: Session, **context: Any) -> None:
    space = session.exec(select(Namespace)).first() or factories.namespace(session, "iati")
    ssh = {"user": "webmon", "password": "secret"}
    fields = {"name": "H", "namespace_id": space.id, "address": "127.0.0.1", "ssh": ssh}
    hosts.create_host(session, fields, **context)


def service(session: Session, **context: Any) -> None:
    row = session.exec(select(Host)).first() or factories.host(session, "Datastore")
    services.create_service(session, row.id, {"name": "DB"} | DSN, **context)


WEIGHTY: dict[str, Callable[..., Any]] = {
    "invite": lambda s, ben, **c: users.invite_user(s, PERSON, **c),
    "update": lambda s, ben, **c: users.update_user(s, ben, PERSON, **c),
    "disable": lambda s, ben, **c: users.disable_user(s, ben, **c),
    "enable": lambda s, ben, **c: users.enable_user(s, ben, **c),
    "delete": lambda s, ben, **c: users.delete_user(s, ben, **c),
    "reset": lambda s, ben, **c: password_links.reset_password(s, ben, **c),
    "link": lambda s, ben, **c: password_links.new_link(s, ben, **c),
    "address": lambda s, ben, **c: own_address.ask_for_address(s, "x@example.org", **c),
    "withdraw": lambda s, ben, **c: password_links.withdraw_link(s, ben, **c),
    "key": lambda s, ben, **c: api_keys.add_key(s, "ci", Scope.READ, **c),
    "channel": lambda s, ben, **c: channels.create_channel(s, {"name": "C"} | HOOK, **c),
    "host": lambda s, ben, **c: host(s, **c),
    "service": lambda s, ben, **c: service(s, **c),
}


@pytest.mark.parametrize("what", WEIGHTY)
def test_who_has_not_is_asked_and_who_has_is_not(session: Session, what: str) -> None:
    anna = factories.user(session, "anna@example.org")
    ben = factories.user(session, "ben@example.org", Role.VIEWER)

    def actor(minutes: int) -> Actor:
        at = NOW - timedelta(minutes=minutes)
        return Actor(anna.id, anna.email, Role.ADMIN, confirmed_at=at)

    for minutes in (11, -1):
        with pytest.raises(ConfirmationNeeded):
            WEIGHTY[what](session, ben.id, actor=actor(minutes), now=NOW)
    WEIGHTY[what](session, ben.id, actor=actor(9), now=NOW)


def test_what_holds_no_secret_needs_none(session: Session) -> None:
    anna = factories.user(session, "anna@example.org")
    late = Actor(anna.id, anna.email, Role.ADMIN, confirmed_at=NOW - timedelta(days=1))
    row = factories.host(session, "Datastore")
    fields = {"name": "Port", "kind": "tcp", "config": {"port": 80}}
    services.create_service(session, row.id, fields, actor=late, now=NOW)
