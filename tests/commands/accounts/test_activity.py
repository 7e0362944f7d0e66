"""Every change is noted once: by whom, through what, and what it changed, without a secret."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW, SECOND
from webmon import crypto
from webmon.commands.accounts import api_keys, logins, password_links, users
from webmon.commands.accounts.activity import forget_activity
from webmon.commands.accounts.passwords import hash_password
from webmon.commands.downtimes import running
from webmon.commands.downtimes.edit import edit_downtime
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.inventory import hosts, namespaces, services
from webmon.commands.inventory.watch_site import watch_site
from webmon.commands.notifications import (
    acknowledgements,
    channels,
    incident_updates,
    manual_sends,
    mutes,
)
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.api_keys import Scope
from webmon.errors import Invalid
from webmon.models import Activity, DowntimeOccurrence, Incident
from webmon.origin import Way, coming
from webmon.queries.activity import Wanted, admin_activity, export_lines, history_of

ADMIN = Actor(7, "anna@example.org", Role.ADMIN)
BY = {"actor": ADMIN, "now": NOW}


def told(session: Session) -> list[tuple[str, str, str]]:
    """Verb, thing and name of each entry, in their order."""
    rows = session.exec(select(Activity).order_by(Activity.id)).all()
    return [(row.verb, row.thing, row.name) for row in rows]


def changes(session: Session) -> dict[str, Any]:
    """Those of the last entry."""
    return session.exec(select(Activity).order_by(Activity.id.desc())).first().changes


def test_what_was_changed_is_told_before_and_after(session: Session) -> None:
    with coming(Way.APP, address="192.0.2.1"):
        space = namespaces.create_namespace(session, {"slug": "iati", "name": "IATI"}, **BY)
        fields = {"name": "Datastore", "namespace_id": space.id, "address": "a.example"}
        host = hosts.create_host(session, fields, **BY)
        hosts.update_host(session, host.id, fields | {"address": "b.example"}, **BY)
        assert changes(session) == {"address": ["a.example", "b.example"]}
        hosts.delete_host(session, host.id, **BY)
        assert changes(session)["address"] == ["b.example", None]
    assert told(session) == [
        ("added", "namespace", "IATI"),
        ("added", "host", "Datastore"),
        ("changed", "host", "Datastore"),
        ("deleted", "host", "Datastore"),
    ]
    for row in session.exec(select(Activity)):
        assert (row.actor, row.user_id, row.way, row.address) == (
            *("anna@example.org", 7, Way.APP, "192.0.2.1"),
        )
        assert row.namespace_id == space.id and row.at == NOW


def test_what_changes_nothing_and_what_is_refused_is_not_noted(session: Session) -> None:
    host = factories.host(session)
    fields = {"name": host.name, "namespace_id": host.namespace_id, "address": host.address}
    hosts.update_host(session, host.id, fields, **BY)
    with pytest.raises(Invalid):
        hosts.update_host(session, host.id, fields | {"address": "a b"}, **BY)
    assert told(session) == []


def test_a_secret_is_never_told_only_that_it_changed(session: Session) -> None:
    wanted = {"name": "ops", "kind": "slack", "config": {"webhook_url": "https://a.example/s3cret"}}
    channel = channels.create_channel(session, wanted, **BY)
    assert changes(session)["config.webhook_url"] == [None, "a secret"]
    again = wanted | {"config": {"webhook_url": "https://a.example/0ther-s3cret"}}
    channels.update_channel(session, channel.id, again, **BY)
    assert changes(session) == {"config.webhook_url": ["a secret", "another secret"]}
    channels.update_channel(session, channel.id, again, **BY)
    assert len(told(session)) == 2, "the same secret, sealed differently, is no change"
    factories.user(session, ADMIN.email, Role.ADMIN, id=ADMIN.user_id)
    api_keys.add_key(session, "prometheus", Scope.READ, **BY)
    user = factories.user(session, "ida@example.org")
    users.set_password(session, user.id, hash_password("nobody guesses this one"), **BY)
    lines = "\n".join(export_lines(session))
    for secret in ("s3cret", "wm_", "$argon2", crypto.SEALED):
        assert secret not in lines.replace("wm_" + lines.partition("wm_")[2][:6], ""), secret


def test_each_command_leaves_its_entry(session: Session) -> None:
    service = factories.service(session, "Website", host_id=factories.host(session).id)
    channel = factories.channel(session)
    incident = Incident(service_id=service.id, opened_at=NOW)
    session.add(incident)
    session.flush()
    services.check_now(session, service.id, **BY)
    services.pause(session, service.id, **BY)
    services.pause(session, service.id, **BY)
    services.resume(session, service.id, **BY)
    until = NOW + timedelta(hours=1)
    for at in (NOW, NOW + SECOND):  # the second finds the same mute, and changes nothing
        mute = mutes.mute_service(
            session, service.id, reason="known", until_at=until, actor=ADMIN, now=at
        )
    mutes.end_mute(session, mute.id, actor=ADMIN, now=NOW + SECOND)
    manual_sends.send_test(session, channel.id, **BY)
    channels.switch_channel(session, channel.id, False, **BY)
    channels.try_channel_again(session, channel.id, **BY)
    assert [(verb, name) for verb, _, name in told(session)] == [
        ("asked for a check of", "Datastore / Website"),
        ("paused", "Datastore / Website"),
        ("resumed", "Datastore / Website"),
        ("muted", "Datastore / Website"),
        ("unmuted", "Datastore / Website"),
        ("sent a test to", "ops"),
        ("changed", "ops"),
        ("tried again", "ops"),
    ]
    muted = session.exec(select(Activity).where(Activity.verb == "muted")).one()
    assert muted.changes["reason"] == [None, "known"]


def test_an_open_incident_is_acknowledged_and_written_about(session: Session) -> None:
    service = factories.service(session, "Website", host_id=factories.host(session).id)
    incident = Incident(service_id=service.id, opened_at=NOW)
    session.add(incident)
    session.flush()
    incident_updates.write_update(session, incident.id, "we look", **BY)
    assert changes(session) == {"text": [None, "we look"]}
    for _ in range(2):
        acknowledgements.acknowledge(session, [incident.id], actor=ADMIN, now=NOW + SECOND)
    assert [verb for verb, _, _ in told(session)][-1] == "acknowledged"


def test_one_wish_that_makes_several_things_is_noted_for_each(session: Session) -> None:
    watch_site(session, "https://www.example.org/", **BY)
    assert [(verb, thing) for verb, thing, _ in told(session)] == [
        *[("added", "namespace"), ("added", "host"), ("added", "service"), ("added", "service")]
    ]


def test_people_and_their_links(session: Session) -> None:
    wanted = {"email": "ida@example.org", "role": "viewer"}
    with coming(Way.CLI, who="root on this machine"):
        user_id = users.invite_user(session, wanted, actor=None, now=NOW).id
        password_links.new_link(session, user_id, actor=None, now=NOW)
        users.update_user(session, user_id, wanted | {"role": "editor"}, actor=None, now=NOW)
        assert changes(session) == {"role": ["viewer", "editor"]}
        token = password_links.reset_password(session, user_id, actor=None, now=NOW)
    with coming(Way.APP):
        password_links.choose_password(
            session, token, hash_password("nobody guesses this one"), now=NOW
        )
    users.delete_user(session, user_id, actor=None, now=NOW)
    rows = session.exec(select(Activity).order_by(Activity.id)).all()
    assert [(row.verb, row.actor) for row in rows] == [
        ("invited", "root on this machine"),
        ("made a password link for", "root on this machine"),
        ("changed", "root on this machine"),
        ("reset the password of", "root on this machine"),
        ("chose the password of", "ida@example.org"),
        ("deleted", "the monitor"),
    ]


def test_sign_ins_and_failures(database: Database, cheap_passwords: None) -> None:
    hashed = hash_password("nobody guesses this one")
    with database.write() as session:
        users.create_user(session, "anna@example.org", hashed, Role.ADMIN, now=NOW)
    for email in ("anna@example.org", "nobody@example.org", "correct horse"):
        with pytest.raises(Invalid):
            logins.log_in(email, "wrong", address="192.0.2.1", now=NOW)
    token = logins.log_in(
        "anna@example.org", "nobody guesses this one", address="192.0.2.1", now=NOW
    ).token
    with database.write() as session:
        logins.log_out(session, token, now=NOW)
        rows = session.exec(select(Activity).order_by(Activity.id)).all()[1:]
    assert [(row.verb, row.actor, row.name) for row in rows] == [
        ("failed to sign in", "somebody", "anna@example.org"),
        ("failed to sign in", "somebody", "nobody@example.org"),
        ("failed to sign in", "somebody", ""),
        ("signed in", "anna@example.org", "anna@example.org"),
        ("signed out", "the monitor", "anna@example.org"),
    ]
    assert {row.address for row in rows} == {"192.0.2.1", ""}


def test_an_entry_and_its_change_are_both_there_or_neither(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        namespaces.create_namespace(session, {"slug": "iati", "name": "IATI"}, **BY)
        assert len(told(session)) == 1
        raise RuntimeError
    with database.read() as session:
        assert told(session) == []


def test_each_sees_what_happened_in_their_namespaces_alone(session: Session) -> None:
    iati, di = (factories.namespace(session, slug) for slug in ("iati", "di"))
    names = {space.slug: {"slug": space.slug, "name": f"New {space.slug}"} for space in (iati, di)}
    for space in (iati, di):
        namespaces.update_namespace(session, space.id, names[space.slug], **BY)
    fields = {"name": "Datastore", "address": "a.example"}
    host = hosts.create_host(session, fields | {"namespace_id": iati.id}, **BY)
    hosts.update_host(session, host.id, fields | {"namespace_id": di.id}, **BY)
    assert changes(session) == {"namespace": ["iati", "di"]}
    users.invite_user(session, {"email": "ida@example.org", "role": "viewer"}, **BY)

    def seen(role: Role, *spaces: int) -> list[str]:
        actor = Actor(1, "x", role, frozenset(spaces) or None)
        view = admin_activity(session, Wanted(), actor=actor)
        history = history_of(session, "host", host.id, actor=actor).found
        assert [each.id for each in history] == [
            each.id for each in view.found if each.thing == "host"
        ]
        return [f"{each.verb} {each.name}" for each in view.found]

    everything = [
        *("invited ida@example.org", "changed Datastore", "added Datastore"),
        *("changed New di", "changed New iati"),
    ]
    assert seen(Role.ADMIN) == everything
    assert seen(Role.EDITOR) == everything[1:]
    assert seen(Role.EDITOR, iati.id) == ["added Datastore", "changed New iati"]
    assert seen(Role.ADMIN, di.id) == ["changed New di"]
    assert seen(Role.VIEWER) == []


def test_the_list_is_narrowed_and_paged(session: Session) -> None:
    host = factories.host(session)
    fields = {"name": host.name, "namespace_id": host.namespace_id}
    for number in range(60):
        hosts.update_host(session, host.id, fields | {"address": f"{number}.example"}, **BY)
    with coming(Way.FILE, who="root on this machine"):
        hosts.delete_host(session, host.id, actor=None, now=NOW)

    def found(**wanted: Any) -> tuple[int, int]:
        view = admin_activity(session, Wanted(**wanted), actor=ADMIN)
        return len(view.found), view.older

    count, older = found()
    assert count == 50 and found(before=older) == (11, 0)
    assert found(way="file") == found(actor="ROOT") == found(text="deleted") == (1, 0)
    assert found(thing="user") == found(text="%") == (0, 0)
    assert found(thing="nonsense", way="nonsense")[0] == 50


def test_the_export_is_a_line_of_json_for_each_entry(session: Session) -> None:
    space = namespaces.create_namespace(session, {"slug": "iati", "name": "IATI"}, **BY)
    [line] = export_lines(session)
    entry = json.loads(line)
    assert (entry["verb"], entry["thing"], entry["thing_id"]) == ("added", "namespace", space.id)
    assert entry["at"] == NOW.isoformat()
    assert list(export_lines(session, since=NOW + SECOND)) == []


def test_old_entries_are_forgotten(session: Session) -> None:
    for days in (401, 399):
        at = NOW - timedelta(days=days)
        fields = {"slug": f"n{days}", "name": "N"}
        namespaces.create_namespace(session, fields, actor=None, now=at)
    before = NOW - timedelta(days=400)
    assert [forget_activity(session, before=before) for _ in range(2)] == [1, 0]
    assert len(told(session)) == 1


def test_planned_downtime_is_told_from_plan_to_end(session: Session) -> None:
    host = factories.host(session)
    fields = {
        "namespace_id": host.namespace_id,
        "host_ids": [host.id],
        "title": "Upgrade",
        "starts_at": "2026-11-23T12:00",
        "timezone": "UTC",
        "duration_seconds": 3600,
    }
    planned = plan_downtime(session, fields, **BY)
    assert changes(session)["hosts"] == [None, ["Datastore"]]
    edit_downtime(session, planned.id, fields | {"title": "Upgrades"}, **BY)
    assert changes(session) == {"title": ["Upgrade", "Upgrades"]}
    occurrence = session.exec(select(DowntimeOccurrence)).one()
    later = {"actor": ADMIN, "now": NOW + SECOND}
    running.start_occurrence(session, occurrence.id, **later)
    running.extend(session, occurrence.id, 600, **later)
    assert changes(session) == {"seconds": [None, 600]}
    for at in (NOW + 2 * SECOND, NOW + 3 * SECOND):
        running.finish(session, occurrence.id, actor=ADMIN, now=at)
    running.cancel_downtime(session, planned.id, actor=ADMIN, now=NOW + 4 * SECOND)
    verbs = [verb for verb, thing, _ in told(session) if thing == "downtime"]
    assert verbs == ["planned", "changed", "started", "extended", "finished", "cancelled"]
