"""Every command and query that takes an actor, asked about DI by somebody of IATI."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

import webmon.commands
import webmon.queries
from tests.clock import NOW
from tests.limits import world
from tests.limits.world import FIRST_HIDDEN, HIDDEN, Rows
from webmon.clock import utcnow
from webmon.commands.accounts.passwords import HashedPassword
from webmon.commands.inventory.bulk_changes import Done
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.api_keys import Scope
from webmon.domain.history.chart_ranges import Range
from webmon.errors import WebmonError
from webmon.queries.activity import Wanted
from webmon.queries.inventory.bulk_preview import Selection
from webmon.queries.inventory.host_choice import Choice
from webmon.queries.inventory.host_rows import Opened
from webmon.queries.resources import kinds

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PARTS = {
    "commands.accounts.activity.write_entry": "the writer itself",
    "commands.accounts.activity.write_entries": "the writer itself",
    "commands.accounts.admins.lock_admins": "a lock",
    "commands.accounts.own_address.ask_for_address": "about the actor alone",
    "commands.accounts.own_address.forget_asked": "about the actor alone",
    "commands.accounts.own_profile.choose_mails": "about the actor alone",
    "commands.accounts.own_profile.update_profile": "about the actor alone",
    "commands.accounts.second_factor.new_recovery_codes": "about the actor alone",
    "commands.accounts.second_factor.give_up_factor": "about the actor alone",
    "commands.accounts.users.change_own_password": "about the actor alone",
    "commands.accounts.users.require_free": "a part of what gives an address, which has judged",
    "commands.downtimes.plan.new_downtime": "a part of plan_downtime, which has judged",
    "commands.inventory.additions.add_hosts": "unsaved_host has judged",
    "commands.inventory.additions.add_services": "a part of what has judged the hosts",
    "commands.inventory.hosts.unsaved_host": "a part of create_host",
    "commands.inventory.services.unsaved_service": "a part of create_service, which has judged",
    "commands.networks.is_limited": "a rule",
    "commands.typed_secrets.require_confirmed_for_secrets": "a rule",
    "queries.activity.within_sight": "a condition",
    "queries.inventory.namespaces.within_sight": "a condition",
    "queries.notifications.channels.may": "a rule",
    "queries.notifications.incident_timeline.current_mutes": "a part of incident_detail",
    "queries.resources.kinds.in_namespace": "a condition",
    "commands.trials.ask": "a part of try_service and try_channel, which have judged",
    **{
        f"commands.slack.changes.{name}": "a sentence in Slack, which calls commands"
        for name in (
            *("take", "take_all", "mute", "mute_all", "propose", "plan", "lengthen", "end"),
            "of_services",
        )
    },
}
"""What is not asked, and why."""


NEVER = {
    "commands.accounts.api_keys.add_key",
    "commands.accounts.api_keys.rotate_key",
    "commands.accounts.api_keys.revoke_key",
    "commands.inventory.namespaces.create_namespace",
    "commands.inventory.namespaces.delete_namespace",
    "commands.inventory.undoing.undo_deletion",  # somebody else has deleted it
    "commands.installation.logos.save_logo",
    "commands.installation.outside_apps.forget_slack_app",
    "commands.installation.outside_apps.save_provider",
    "commands.installation.outside_apps.save_slack_app",
    "commands.installation.settings.save_settings",
    "commands.accounts.letters.send_invitation",  # there is no mail server
    "commands.accounts.own_profile.end_session",  # there is none
    "commands.downtimes.running.finish",  # it has not begun
    "queries.inventory.host_detail.key_question",  # it shows the key that is known
}
"""What is refused to an admin of IATI about IATI."""


def asked(package: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function that takes an actor, by its path."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(found.name)
        for name, each in vars(module).items():
            if inspect.isfunction(each) and each.__module__ == found.name:
                path = f"{found.name.removeprefix('webmon.')}.{name}"
                takes_actor = "actor" in inspect.signature(each).parameters
                if takes_actor and not name.startswith("_") and path not in PARTS:
                    yield path, each


CHOSEN = {"queries.inventory.bulk_preview.preview"}
"""What is asked about a selection, which holds only what the person sees."""

NOWHERE = 520_001
"""The id of nothing at all."""


def arguments(rows: Rows) -> dict[str, Any]:
    """A value for each parameter that anything takes, about these rows."""
    site = {"name": "x", "namespace_id": rows.namespace, "address": "x.example"}
    planned = {
        "namespace_id": rows.namespace,
        "host_ids": [rows.host],
        "title": "x",
        "starts_at": "2027-01-01T12:00",
        "timezone": "UTC",
        "duration_seconds": 600,
    }
    slug = {FIRST_HIDDEN: "di", NOWHERE: "gone"}.get(rows.namespace, "iati")
    person = {"email": "x@example.org", "role": "viewer", "namespaces": [slug]}
    slack = {"webhook_url": "https://hooks.slack.com/services/x"}
    channel = {"name": "x", "kind": "slack", "namespace_id": rows.namespace, "config": slack}
    service = {"name": "x", "kind": "tcp", "config": {"port": 1}}
    fields = {
        "copy_host": site,
        "create_host": site,
        "update_host": site,
        "create_namespace": {"slug": "x", "name": "X"},
        "update_namespace": {"slug": slug, "name": "X"},
        "create_service": service,
        "create_with_login": service,
        "update_with_login": service,
        "update_service": service,
        "create_channel": channel,
        "update_channel": channel,
        "invite_user": person,
        "update_user": person,
        "try_service": service,
        "try_channel": channel,
    }
    tried = {"try_service": rows.service, "try_channel": rows.channel}
    return {
        "fields": lambda name: fields.get(name, planned),
        "namespace_id": rows.namespace,
        "host_id": rows.host,
        "service_id": rows.service,
        "channel_id": rows.channel,
        "incident_id": rows.incident,
        "entry_id": rows.entry,
        "incident_ids": [rows.incident],
        "mute_id": rows.mute,
        "notification_id": rows.notification,
        "downtime_id": rows.downtime,
        "occurrence_id": rows.occurrence,
        "slot_at": rows.slot_at,
        "user_id": rows.user,
        "row_id": lambda name: tried.get(name, rows.host),
        "parent_id": rows.host,
        "trial_id": world.TRIAL,
        "thing_id": rows.host,
        "service_ids": [rows.service],
        "host_ids": [rows.host],
        "row_ids": [rows.host],
        "deleted_id": world.DELETED,
        "thing": "host",
        "name": lambda name: (
            "hosts" if name in ("create", "change", "delete", "require_present") else "x"
        ),
        "body": {"name": "x", "namespace": slug, "address": "x.example"},
        "patch": {"name": "x"},
        "picture": b"",
        "what": lambda name: "delete" if name == "change_hosts" else "pause",
        "value": None,
        "most": 50,
        "selected": Selection((rows.host,), (rows.service,)),
        "done": Done("pause", 1, {rows.service: False}, {rows.service: 1}),
        "found": (),
        "namespace": slug,
        "revision": None,
        "revisions": None,
        "scope": Scope.READ,
        "overlap": timedelta(0),
        "which": "others" * 2,
        "present": "0" * 64,
        "hashed": HashedPassword("x"),
        "wanted": Wanted(),
        "starts_at": NOW,
        "duration_seconds": 600,
        "seconds": 600,
        "port": 22,
        "key_type": "ssh-ed25519",
        "fingerprint": "x",
        "url": "https://x.example/",
        "enabled": False,
        "text": "x",
        "reason": "x",
        "until_at": utcnow() + timedelta(hours=1),
        "role": Role.VIEWER,
        "choice": Choice(namespace=slug),
        "opened": Opened(service=rows.service, hosts=frozenset({rows.host})),
        "is_only_one": True,
        "chosen": lambda name: rows.namespace if name == "scope_of" else Range.DAY,
        "listed": kinds.HOSTS,
        "filters": {},
        "limit": 50,
        "since": NOW - timedelta(days=400),
        "until": NOW + timedelta(days=400),
        "_session": None,
    }


def call(
    function: Callable[..., Any],
    session: Session,
    actor: Any,
    known: Mapping[str, Any],
    now: datetime | None = None,
) -> Any:
    """Call it with what is known for its parameters, also for those that may be left out."""
    given: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        name = parameter.name
        if name in ("session", "_session"):
            given[name] = session
        elif name == "actor":
            given[name] = actor
        elif name == "now":
            given[name] = now or utcnow()
        elif parameter.default is parameter.empty or name.endswith("_id") or name == "until_at":
            assert name in known, f"say in `arguments` what a hostile {name} is"
            value = known[name]
            given[name] = value(function.__name__) if callable(value) else value
    return function(**given)


def text_of(answer: Any) -> str:
    """All that somebody would see of an answer."""
    return "\n".join(answer) if inspect.isgenerator(answer) else repr(answer)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ADMIN])
def test_no_command_changes_what_is_not_the_actors(database: Database, role: Role) -> None:
    with database.write() as session:
        iati, di = world.build(session)
        actor = world.actor(session, iati, role)
        before = world.hidden_rows(session)
        assert sum(map(len, before.values())) > 10
    known, let_through, count = arguments(di), [], 0
    for path, command in asked(webmon.commands):
        count += 1
        try:
            with Session(database.engine) as session:
                call(command, session, actor, known)
                changed = world.hidden_rows(session) != before
        except WebmonError:
            continue
        let_through += [path] * changed
    assert let_through == []
    assert count > 50
    with database.read() as session:
        assert world.hidden_rows(session) == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
def test_no_query_tells_what_is_not_the_actors(database: Database, role: Role) -> None:
    with database.write() as session:
        iati, di = world.build(session)
        actor = world.actor(session, iati, role)
    known, told, count = arguments(di), [], 0
    with database.read() as session:
        for path, query in asked(webmon.queries):
            count += 1
            with suppress(WebmonError):
                text = text_of(call(query, session, actor, known))
                told += [f"{path}: {each}" for each in HIDDEN if each in text]
    assert told == []
    assert count > 40


def answer(
    function: Callable[..., Any], database: Database, actor: Any, rows: Rows, now: datetime
) -> str:
    """What somebody hears, with what they have said themselves left out."""
    try:
        with Session(database.engine) as session:
            heard = text_of(call(function, session, actor, arguments(rows), now))
    except WebmonError as error:
        heard = repr(error)
    return re.sub(rf"\b({rows.host}|gone|di)\b|0x[0-9a-f]+", "…", heard)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_what_is_not_theirs_is_as_if_it_were_not_there(database: Database, role: Role) -> None:
    with database.write() as session:
        iati, di = world.build(session)
        actor = world.actor(session, iati, role)
    gone = replace(di, **dict.fromkeys((each.name for each in fields(di)), NOWHERE))
    gone = replace(gone, slot_at=di.slot_at)
    now = utcnow()
    told = {
        path: (hidden, absent)
        for path, each in (*asked(webmon.commands), *asked(webmon.queries))
        if path not in CHOSEN
        if (hidden := answer(each, database, actor, di, now))
        != (absent := answer(each, database, actor, gone, now))
    }
    assert told == {}, "\n".join(f"{p}: {a[:150]} | {b[:150]}" for p, (a, b) in told.items())


def test_the_same_is_let_through_about_their_own(database: Database) -> None:
    """Or the tests above would prove nothing: what is refused for its fields is not judged."""
    with database.write() as session:
        iati, _ = world.build(session)
        actor = world.actor(session, iati, Role.ADMIN)
    known, refused = arguments(iati), {}
    for path, command in (*asked(webmon.commands), *asked(webmon.queries)):
        try:
            with Session(database.engine) as session:
                call(command, session, actor, known)
        except WebmonError as error:
            refused[path] = str(error)
    assert set(refused) == NEVER


def test_a_viewer_changes_nothing_at_all(database: Database) -> None:
    with database.write() as session:
        iati, _ = world.build(session)
        actor = world.actor(session, iati, Role.VIEWER)
        before = world.contents(session)
    known, changed = arguments(iati), []
    for path, command in asked(webmon.commands):
        with suppress(WebmonError), Session(database.engine) as session:
            call(command, session, actor, known)
            changed += [path] * (world.contents(session) != before)
    assert changed == []


def test_nothing_of_theirs_is_tied_to_what_is_not(database: Database) -> None:
    """Their own rows, with somebody else's ids in the fields."""
    with database.write() as session:
        iati, di = world.build(session)
        actor = world.actor(session, iati, Role.ADMIN)
        before = world.contents(session)
    mixed = arguments(iati) | {"fields": arguments(di)["fields"], "body": arguments(di)["body"]}
    tied = []
    for path, command in asked(webmon.commands):
        if "fields" not in inspect.signature(command).parameters or "create_service" in path:
            continue
        with suppress(WebmonError), Session(database.engine) as session:
            call(command, session, actor, mixed)
            session.flush()
            now_hidden = world.hidden_rows(session)
            if now_hidden != {
                name: [row for row in rows if "hidden" in repr(row) or "184200000" in repr(row)]
                for name, rows in before.items()
                if name != "activity"
            }:
                tied.append(path)
    assert tied == []
