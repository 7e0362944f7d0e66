"""An edit is put back as a new change: all of it, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon.commands.accounts import users
from webmon.commands.accounts.snapshots import snapshot
from webmon.commands.downtimes.edit import edit_downtime
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.downtimes.running import cancel_downtime
from webmon.commands.former.put_back import put_back
from webmon.commands.inventory import hosts, namespaces, services
from webmon.commands.notifications import channels
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import ConfirmationNeeded, Invalid, NotFound, PermissionDenied
from webmon.models import Activity

ADMIN = Actor(7, "anna@example.org", Role.ADMIN, confirmed_at=NOW)
BY = {"actor": ADMIN, "now": NOW}
SSH = {"user": "webmon", "port": 22}


def last(session: Session) -> Activity:
    return session.exec(select(Activity).order_by(Activity.id.desc())).first()


def fields_of(session: Session, thing: str, row_id: int) -> dict[str, Any]:
    return dict(snapshot(session, thing, row_id).fields)


def put_back_last(session: Session) -> None:
    """Put back the last edit of a thing, and see that all is as before and noted the other way."""
    edit = last(session)
    assert edit.verb == "changed" and edit.changes
    edited = fields_of(session, edit.thing, edit.thing_id)
    put_back(session, edit.id, **BY)
    entry = last(session)
    assert (entry.verb, entry.thing, entry.actor) == ("changed", edit.thing, ADMIN.email)
    assert entry.changes == {name: [new, old] for name, (old, new) in edit.changes.items()}
    put_back(session, entry.id, **BY)
    assert fields_of(session, edit.thing, edit.thing_id) == edited, "and that can be put back too"


@pytest.fixture
def world(session: Session) -> dict[str, Any]:
    factories.user(session, ADMIN.email, Role.ADMIN, id=ADMIN.user_id)
    space = namespaces.create_namespace(session, {"slug": "iati", "name": "IATI"}, **BY)
    namespaces.create_namespace(session, {"slug": "di", "name": "DI"}, **BY)
    host = {"name": "Datastore", "namespace_id": space.id, "address": "a.example"}
    made = hosts.create_host(session, host, **BY)
    site = {"name": "Site", "kind": "http", "config": {"url": "https://a.example/"}}
    service = services.create_service(session, made.id, site, **BY)
    return {
        "space": space.id,
        "host": made.id,
        "host_fields": host,
        "service": service.id,
        "service_fields": site,
    }


def test_an_edit_of_each_thing_is_put_back(session: Session, world: dict[str, Any]) -> None:
    other = namespaces.create_namespace(session, {"slug": "x", "name": "X"}, **BY)
    fields = {"slug": "iat", "name": "I", "timezone": "Europe/London", "networks": ["10.0.0.0/8"]}
    namespaces.update_namespace(session, world["space"], fields, **BY)
    put_back_last(session)
    moved = {"namespace_id": other.id, "address": "b.example", "tags": ["web"], "public": False}
    site = {"name": "Web", "kind": "http", "config": {"url": "https://b.example/"}}
    services.update_service(session, world["service"], site | {"critical": True}, **BY)
    put_back_last(session)
    services.update_service(
        session,
        world["service"],
        {"name": "Dns", "kind": "dns", "config": {"name": "a.example"}},
        **BY,
    )
    put_back_last(session)
    hosts.update_host(session, world["host"], world["host_fields"] | moved, **BY)
    put_back_last(session)
    slack = {"webhook_url": "https://hooks.slack.com/services/s3cret"}
    channel = {"name": "ops", "kind": "slack", "config": slack}
    made = channels.create_channel(session, channel, **BY)
    wanted = channel | {"name": "all", "namespace_id": other.id, "events": ["down"]}
    channels.update_channel(session, made.id, wanted | {"config": slack | {}}, **BY)
    put_back_last(session)
    user = factories.user(session, "ida@example.org", Role.EDITOR)
    session.flush()
    limited = {"email": "ida@example.net", "name": "Ida", "role": "viewer", "namespaces": ["di"]}
    users.update_user(session, user.id, limited, **BY)
    put_back_last(session)


def planned(world: dict[str, Any], **more: Any) -> dict[str, Any]:
    start = (NOW + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    return {
        "namespace_id": world["space"],
        "host_ids": [world["host"]],
        "title": "Moving",
        "starts_at": start,
        "timezone": "UTC",
        "duration_seconds": 3600,
        **more,
    }


def test_an_edit_of_a_downtime_is_put_back(session: Session, world: dict[str, Any]) -> None:
    made = plan_downtime(session, planned(world), **BY)
    later = planned(
        world,
        host_ids=[],
        service_ids=[world["service"]],
        starts_at="2030-01-01T22:00",
        rrule="FREQ=WEEKLY",
        message="A new disk",
        announce_before=[],
        finish_when_up=3,
    )
    edit_downtime(session, made.id, later, **BY)
    put_back_last(session)
    cancel_downtime(session, made.id, **BY)
    edit = session.exec(select(Activity).where(Activity.verb == "changed")).all()[-1]
    with pytest.raises(Invalid, match="cancelled"):
        put_back(session, edit.id, **BY)


def test_what_cannot_be_put_back_says_why_and_changes_nothing(
    session: Session, world: dict[str, Any]
) -> None:
    host, fields = world["host"], world["host_fields"]
    with pytest.raises(Invalid, match="only an edit"):
        put_back(session, last(session).id - 1, **BY)
    hosts.update_host(session, host, fields | {"address": "b.example"}, **BY)
    first = last(session)
    hosts.update_host(session, host, fields | {"address": "c.example"}, **BY)
    with pytest.raises(Invalid, match="address has been changed since"):
        put_back(session, first.id, **BY)
    hosts.update_host(session, host, fields | {"name": "Old", "address": "c.example"}, **BY)
    renamed = last(session)
    hosts.create_host(session, fields, **BY)
    with pytest.raises(Invalid, match="Datastore"), session.begin_nested():
        put_back(session, renamed.id, **BY)  # another one is called that by now
    assert fields_of(session, "host", host)["name"] == "Old"
    hosts.delete_host(session, host, **BY)
    with pytest.raises(NotFound):
        put_back(session, renamed.id, **BY)


def test_a_secret_is_not_put_back_but_stays_where_it_is(
    session: Session, world: dict[str, Any]
) -> None:
    slack = {"webhook_url": "https://hooks.slack.com/services/s3cret"}
    channel = {"name": "ops", "kind": "slack", "config": slack}
    made = channels.create_channel(session, channel, **BY)
    other = {"webhook_url": "https://hooks.slack.com/services/0ther"}
    channels.update_channel(session, made.id, channel | {"config": other}, **BY)
    with pytest.raises(Invalid, match="was a secret"):
        put_back(session, last(session).id, **BY)
    login = SSH | {"password": "s3cret"}
    hosts.update_host(session, world["host"], world["host_fields"] | {"ssh": login}, **BY)
    put_back(session, last(session).id, **BY)
    assert "ssh.password" not in fields_of(session, "host", world["host"]), "there was none"
    assert "s3cret" not in str([each.changes for each in session.exec(select(Activity))])


def test_only_who_may_change_it_and_sees_the_entry_puts_it_back(
    session: Session, world: dict[str, Any]
) -> None:
    hosts.update_host(session, world["host"], world["host_fields"] | {"public": False}, **BY)
    entry = last(session).id
    for actor, error in (
        (Actor(8, "v", Role.VIEWER), PermissionDenied),
        (Actor(9, "e", Role.EDITOR, frozenset({999})), NotFound),
    ):
        with pytest.raises(error):
            put_back(session, entry, actor=actor, now=NOW)
    user = factories.user(session, "ida@example.org", Role.EDITOR)
    session.flush()
    users.update_user(session, user.id, {"email": user.email, "role": "viewer"}, **BY)
    stale = Actor(7, "anna@example.org", Role.ADMIN, confirmed_at=NOW - timedelta(hours=1))
    with pytest.raises(ConfirmationNeeded):
        put_back(session, last(session).id, actor=stale, now=NOW)
    with pytest.raises(NotFound):
        put_back(session, 10**30, **BY)
