"""The admin app without a browser: who may see and call what, and what the handlers do."""

import ast
import inspect
import textwrap
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from reflex.state import State
from reflex_base.registry import RegistrationContext
from sqlalchemy import update
from sqlmodel import select

from pages.admin.channels.state import ChannelsState
from pages.admin.host.state import HostPageState
from pages.admin.hosts import page
from pages.admin.hosts.state import HostsState
from pages.admin.incidents.state import IncidentsState
from pages.admin.service.state import ServicePageState
from tests import factories
from tests.pages.tab import open_tab
from webmon import crypto
from webmon.clock import utcnow
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.checks.status import Status
from webmon.models import Host, LoginSession, Service, ServiceState, Trial, User
from webmon.probes.ssh_access import SshAccess
from webmon.ui.forms.typed_form import FormView
from webmon.ui.states.private import PrivateState, is_framework


def sign_in(database: Database, role: Role) -> str:
    """The cookie of a new session of a new user."""
    now, cookie = utcnow(), f"cookie-of-{role.value}"
    with database.write() as session:
        email = f"{role.value}@example.org"
        user = User(email=email, password_hash="-", role=role, created_at=now)
        session.add(user)
        session.flush()
        end = now.replace(year=now.year + 1)
        session.add(
            LoginSession(
                token_hash=token_hash(cookie), user_id=user.id, created_at=now, expires_at=end
            )
        )
    return cookie


def add_service(database: Database, **fields: Any) -> int:
    with database.write() as session:
        host = factories.host(session, "Datastore")
        return factories.service(session, "Port", host_id=host.id, **fields).id


def count(database: Database, model: Any) -> int:
    with database.read() as session:
        return len(session.exec(select(model)).all())


def as_a_browser_sends(form: FormView) -> dict[str, str]:
    """The form as it is: texts as they stand, checkboxes only where they are ticked."""
    fields = list(form.fields())
    texts = {field.name: field.value for field in fields if field.input != "checkbox"}
    return texts | {field.name: "on" for field in fields if field.checked}


PINNED = {
    "22": {
        "type": "ssh-ed25519",
        "key": "AAAA",
        "fingerprint": "SHA256:old",
        "first_seen_at": "2025-11-12T09:00:00+00:00",
    }
}
SHOWN = {
    "key_type": "ssh-ed25519",
    "fingerprint": "SHA256:new",
    "server": "OpenSSH",
    "pinned_key": {"port": 22, "fingerprint": "SHA256:old"},
}
CHANGED = "host key changed: SHA256:new instead of SHA256:old (first seen 12 Nov 2025)"


def add_host_with_another_key(database: Database) -> int:
    with database.write() as session:
        host = factories.host(session, "Datastore", host_keys=PINNED)
        state = {"status": "down", "last_status": "down", "message": CHANGED, "evidence": SHOWN}
        factories.service(session, "Shell", host_id=host.id, kind="ssh", config={}, **state)
        return host.id


def known_keys(database: Database, host_id: int) -> Any:
    with database.read() as session:
        return session.get_one(Host, host_id).host_keys


def private_key() -> str:
    form = serialization.PrivateFormat.OpenSSH
    none = serialization.NoEncryption()
    key = Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, form, none)
    return key.decode("ascii")


EDITING: dict[str, dict[str, Any]] = {
    "toggle_selecting": {},
    "select_host": {"host_id": 1},
    "select_page": {},
    "select_every": {},
    "choose_action": {"what": "pause"},
    "preview_bulk": {"form": {}},
    "apply_bulk": {},
    "undo_bulk": {},
    "add": {"what": "site"},
    "close_adding": {},
    "choose_host": {"form": {"host": "1"}},
    "watch": {"form": {"url": "example.org"}},
    "open_form": {"thing": "host", "row_id": 1},
    "open_new": {"thing": "service", "parent_id": 1},
    "duplicate": {"thing": "host", "row_id": 1},
    "reopen": {"thing": "host", "row_id": 1, "parent_id": 0},
    "choose_kind": {"kind": "tcp"},
    "close_form": {},
    "save": {"form": {}},
    "take_stored": {},
    "try_out": {"form": {}, "told_at": ""},
    "check": {"service_id": 1},
    "pause": {"service_id": 1},
    "resume": {"service_id": 1},
    "ask_delete": {"thing": "host", "row_id": 1},
    "keep": {},
    "delete": {"form": {}},
    "undo_delete": {},
}
ADMINISTERING: dict[str, dict[str, Any]] = {
    "ask_accept_key": {"host_id": 1, "port": 22},
    "accept_key": {},
}
LOOKING = {
    "load",
    "tick",
    "search_for",
    "choose_namespace",
    "turn_to",
    "toggle_detail",
    "toggle_host",
    "toggle_services",
    "choose_status",
    "choose_service_kind",
    "choose_tag",
    "sort_by",
    "reorder",
    "show_all",
    "follow",
    "follow_trial",
}


def own_states() -> list[type[State]]:
    return [s for s in RegistrationContext.get().base_states.values() if not is_framework(s)]


def test_every_state_of_ours_is_private() -> None:
    assert own_states()
    assert all(issubclass(state, PrivateState) for state in own_states())


@pytest.fixture(autouse=True)
def nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs, so that what is tried is looked for once."""
    monkeypatch.setattr("webmon.ui.rooms.trials.FOLLOW_SECONDS", (0.0,))


CHANNELS: dict[Role, set[str]] = {
    Role.VIEWER: {"load", "tick", "toggle", "turn_to", "follow", "follow_trial"},
    Role.EDITOR: {"send_test", "ask_send_again", "send_asked", "send_nothing", "turn_history",
                  "put_back"},
    Role.ADMIN: {"open_form", "open_new", "choose_kind", "close_form", "save", "take_stored",
                 "duplicate", "reopen", "try_out", "switch", "try_again", "ask_delete", "keep",
                 "delete", "undo_delete"},
}  # fmt: skip


def roles_of(state: type[State]) -> dict[str, Role | None]:
    """Who may call each handler of a state; Reflex's own, which nobody may, is left out."""
    handlers = state.event_handlers.items()
    roles = {name: getattr(handler.fn, "open_to", None) for name, handler in handlers}
    assert roles.pop("setvar", None) is None
    return roles


def test_every_handler_says_who_may_call_it() -> None:
    for state in own_states():
        assert None not in roles_of(state).values(), state


def test_channels_are_changed_by_admins_only() -> None:
    roles = roles_of(ChannelsState)
    for wanted, names in CHANNELS.items():
        assert {name for name, role in roles.items() if role is wanted} == names


def test_incidents_are_acknowledged_updated_and_told_again_by_editors() -> None:
    roles = roles_of(IncidentsState)
    sending = ("send_test", "ask_send_again", "send_asked", "send_nothing")
    for name in (*sending, "write_update", "acknowledge", "mute", "end_mute"):
        assert roles.pop(name) is Role.EDITOR
    assert set(roles.values()) == {Role.VIEWER}


def test_hosts_are_changed_by_editors() -> None:
    roles = roles_of(HostsState)
    assert {name for name, role in roles.items() if role is Role.EDITOR} == set(EDITING)
    assert {name for name, role in roles.items() if role is Role.ADMIN} == set(ADMINISTERING)
    assert {name for name, role in roles.items() if role is Role.VIEWER} == LOOKING


def test_no_handler_for_viewers_writes() -> None:
    looking = [
        state.event_handlers[name].fn
        for state in own_states()
        for name, role in roles_of(state).items()
        if role is Role.VIEWER
    ]
    assert len(looking) > len(LOOKING)
    for each in looking:
        handler = inspect.unwrap(each)
        tree = ast.parse(textwrap.dedent(inspect.getsource(handler)))
        assert "act" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_the_page_renders_without_a_database() -> None:
    assert "Watch a site" in str(page.hosts().render())


async def test_an_anonymous_socket_sees_nothing_and_is_sent_to_the_login(
    database: Database,
) -> None:
    add_service(database)
    async with open_tab(None) as tab:
        for state, handler in [
            (State, "hydrate_and_load"),
            (HostsState, "load"),
            (HostsState, "follow"),
        ]:
            await tab.send(state, handler)
            assert tab.told("/login/")
    assert "Datastore" not in str(tab.shown)


async def test_an_unknown_cookie_is_as_good_as_none(database: Database) -> None:
    async with open_tab("made-up") as tab:
        await tab.send(HostsState, "load")
    assert tab.told("/login/") and not tab.shown.get("hosts")


async def test_a_viewer_sees_all_and_is_offered_no_editing(database: Database) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, "load")
    assert [host.name for host in tab.shown["hosts"]] == ["Datastore"]
    assert tab.shown.get("can_edit", False) is False


@pytest.mark.parametrize("handler", EDITING)
async def test_a_viewers_socket_calls_nothing_that_only_editors_may(
    database: Database, handler: str
) -> None:
    service_id = add_service(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, handler, **EDITING[handler])
        assert tab.told("You may not do this.")
    with database.read() as session:
        assert session.get_one(Service, service_id).paused is False
        assert len(session.exec(select(Host)).all()) == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
@pytest.mark.parametrize("handler", ADMINISTERING)
async def test_only_an_admins_socket_accepts_a_host_key(
    database: Database, handler: str, role: Role
) -> None:
    host_id = add_host_with_another_key(database)
    async with open_tab(sign_in(database, role)) as tab:
        await tab.send(HostsState, handler, **ADMINISTERING[handler])
        assert tab.told("You may not do this.")
    assert known_keys(database, host_id) == PINNED


async def test_setting_vars_from_outside_is_refused_to_everybody(database: Database) -> None:
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(HostsState, "setvar", var_name="search", value="x")
        assert tab.told("You may not do this.")


async def test_a_socket_whose_session_ended_gets_nothing_more(database: Database) -> None:
    add_service(database)
    cookie = sign_in(database, Role.EDITOR)
    async with open_tab(cookie) as tab:
        await tab.send(HostsState, "load")
        with database.write() as session:
            session.delete(session.get_one(LoginSession, token_hash(cookie)))
        tab.shown.clear()
        await tab.send(HostsState, "load")
        await tab.send(State, "hydrate_and_load")
    assert tab.told("/login/") and not tab.shown


def test_a_private_state_withholds_itself_from_nobody_in_particular(database: Database) -> None:
    root = State(_reflex_internal_init=True)
    state = root.substates[PrivateState.get_name()].substates[HostsState.get_name()]
    state.search = "secret"
    assert state.dict() == {} and state.get_delta() == {}


async def test_an_editor_watches_a_site(database: Database) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        assert tab.shown["summary"].empty
        await tab.send(HostsState, "watch", form={"url": "ftp://example.org"})
        assert tab.shown["watch_mistake"].startswith("Must be the address of a site")
        await tab.send(HostsState, "watch", form={"url": "example.org"})
        assert tab.told("example.org is watched.")
    assert [host.name for host in tab.shown["hosts"]] == ["example.org"]
    assert tab.shown["watch_mistake"] == ""


async def test_a_new_host_begins_in_the_namespace_that_is_shown(database: Database) -> None:
    with database.write() as session:
        ids = [factories.namespace(session, slug).id for slug in ("di", "iati")]
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        for slug, expected in (("", ids[0]), ("iati", ids[1])):
            await tab.send(HostsState, "choose_namespace", slug=slug)
            await tab.send(HostsState, "open_new", thing="host", parent_id=0)
            of = next(each for each in tab.shown["form"].fields() if each.name == "namespace_id")
            assert of.value == str(expected)


async def test_all_that_is_wrong_is_said_at_once(database: Database) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "open_new", thing="service", parent_id=1)
        typed = as_a_browser_sends(tab.shown["form"]) | {
            "name": "",
            "interval_seconds": "often",
            "timeout_seconds": "200s",
            "retry_seconds": "0s",
            "config.url": "ftp://a.example",
            "config.max_body_kb": "0",
        }
        await tab.send(HostsState, "save", form=typed)
        form = tab.shown["form"]
        wrong = {each.name: each.mistake for each in form.fields() if each.mistake}
        assert wrong.keys() == typed.keys() & {
            *("name", "interval_seconds", "timeout_seconds", "retry_seconds"),
            *("config.url", "config.max_body_kb"),
        }
        assert wrong["interval_seconds"].startswith("Write a number")
        assert wrong["name"] == "Is required."
        assert all(each.is_wrong for each in form.sections)
        assert count(database, Service) == 1
        await tab.send(HostsState, "choose_kind", kind="ssh")
        assert not any(each.mistake for each in tab.shown["form"].fields())


async def test_what_is_wrong_is_said_at_its_field_and_the_form_stays(database: Database) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "open_new", thing="service", parent_id=1)
        await tab.send(HostsState, "choose_kind", kind="tcp")
        typed = {"name": "Shell", "interval_seconds": "0s", "config.port": "22"}
        await tab.send(HostsState, "save", form=typed)
        assert tab.shown["mistake"].control == "interval_seconds"
        assert tab.shown["mistake"].message == "Must be between 1 s and 7 d."
        assert tab.shown["form"].thing == "service"
        await tab.send(HostsState, "save", form=typed | {"interval_seconds": " "})
        assert tab.shown["mistake"].message == "Is required."
        await tab.send(HostsState, "save", form=typed | {"interval_seconds": "often"})
        assert "such as 90s" in tab.shown["mistake"].message
        await tab.send(HostsState, "save", form=typed | {"interval_seconds": "5m"})
        assert tab.told("Shell is saved.") and tab.shown["form"].thing == ""
    with database.read() as session:
        service = session.exec(select(Service).where(Service.name == "Shell")).one()
    assert (service.interval_seconds, service.config) == (300, {"port": 22})


async def test_a_secret_never_reaches_the_browser_and_survives_an_edit(database: Database) -> None:
    config = {"url": "https://example.org/", "basic_auth": "anna:geheim"}
    service_id = add_service(database, kind="http", config=config)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "open_form", thing="service", row_id=service_id)
        fields = {field.name: field for field in tab.shown["form"].fields()}
        assert fields["config.basic_auth"].is_set and fields["config.basic_auth"].value == ""
        assert "geheim" not in str(tab.shown)
        untouched = as_a_browser_sends(tab.shown["form"])
        await tab.send(HostsState, "save", form=untouched | {"name": "Renamed"})
        assert tab.told("Renamed is saved.")
    with database.read() as session:
        service = session.get_one(Service, service_id)
    assert (service.name, crypto.unseal(service.config)) == ("Renamed", config)


async def test_nothing_is_deleted_before_the_question_is_answered(database: Database) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "delete", form={})
        assert count(database, Host) == 1
        await tab.send(HostsState, "ask_delete", thing="host", row_id=1)
        question = "Delete Datastore with its service and the history?"
        assert tab.shown["doomed"].question == question
        await tab.send(HostsState, "keep")
        await tab.send(HostsState, "delete", form={})
        assert count(database, Host) == 1
        await tab.send(HostsState, "ask_delete", thing="host", row_id=1)
        await tab.send(HostsState, "delete", form={})
        assert tab.shown["gone"].told == "Datastore is deleted."
        assert count(database, Host) == count(database, Service) == 0
        await tab.send(HostsState, "undo_delete")
        assert tab.told("Datastore is back.") and tab.shown["hosts"][0].name == "Datastore"
        await tab.send(HostsState, "undo_delete")
    assert count(database, Host) == count(database, Service) == 1


@pytest.mark.parametrize(
    ("seen", "told"), [("up", "Port is up."), ("down", "Port: refused."), ("unknown", "refused")]
)
async def test_check_now_asks_the_worker_and_tells_the_result(
    database: Database, seen: str, told: str
) -> None:
    service_id = add_service(database, next_check_at=None, status="up")
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "check", service_id=service_id)
        assert tab.shown["hosts"][0].services[0].asked
        with database.write() as session:
            state = session.get_one(ServiceState, service_id)
            assert state.next_check_at is not None
            state.last_checked_at = utcnow()
            state.last_status, state.message = Status(seen), "refused"
        await tab.send(HostsState, "tick")
        assert tab.told(told)
        assert not tab.shown["hosts"][0].services[0].asked
        await tab.send(HostsState, "tick")
        assert not tab.events


async def test_what_is_searched_for_is_a_line_of_text(database: Database) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "search_for", text="Data\0\ud800store\n" + "x" * 1000)
        assert tab.shown["search"] == "Datastore" + "x" * 88
        await tab.send(HostsState, "choose_namespace", slug="x" * 100_000)
        assert tab.shown.get("namespace", "") == ""


async def test_a_site_is_said_to_be_in_one_of_several_namespaces(database: Database) -> None:
    with database.write() as session:
        for slug, name in (("iati", "IATI"), ("di", "Data")):
            factories.namespace(session, slug, name=name)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "watch", form={"url": "example.org"})
        assert tab.told("example.org is watched, in Data.")
        await tab.send(HostsState, "choose_namespace", slug="iati")
        await tab.send(HostsState, "watch", form={"url": "example.net"})
        assert tab.told("example.net is watched, in IATI.")


@pytest.mark.parametrize("wrong", [None, "one", -1, 10**30, {}, [1]])
async def test_arguments_of_any_type_do_no_harm(database: Database, wrong: Any) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        for handler in ("check", "pause", "resume", "toggle_detail"):
            await tab.send(HostsState, handler, service_id=wrong)
            assert tab.told("does not exist")
        await tab.send(HostsState, "toggle_host", host_id=wrong)
        assert tab.told("does not exist")
        for handler in ("open_form", "ask_delete"):
            await tab.send(HostsState, handler, thing="service", row_id=wrong)
            assert tab.told("does not exist")
            await tab.send(HostsState, handler, thing=wrong, row_id=1)
            assert tab.told("cannot be edited here")
        await tab.send(HostsState, "open_new", thing="service", parent_id=wrong)
        assert tab.told("does not exist")
        await tab.send(HostsState, "turn_to", page=wrong)
        await tab.send(HostsState, "search_for", text=wrong)
        await tab.send(HostsState, "toggle_services", host_id=wrong)
        await tab.send(HostsState, "tick", held=wrong)
        for handler, name in (
            ("choose_status", "status"),
            ("choose_service_kind", "kind"),
            ("choose_tag", "tag"),
            ("sort_by", "sort"),
        ):
            await tab.send(HostsState, handler, **{name: wrong})
            assert not tab.told("error in Beaconry"), handler
        await tab.send(HostsState, "save", form=wrong)
        await tab.send(HostsState, "watch", form=wrong)
    assert count(database, Service) == 1


async def test_a_poll_that_finds_nothing_new_sends_only_its_time(database: Database) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, "load")
        tab.shown.clear()
        await tab.send(HostsState, "tick")
    assert set(tab.shown) == {"as_of"}


async def test_a_host_gets_ssh_access_and_shows_the_line_to_install(database: Database) -> None:
    with database.write() as session:
        host_id = factories.host(session, "Datastore").id
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "open_form", thing="host", row_id=host_id)
        sent = as_a_browser_sends(tab.shown["form"])
        await tab.send(HostsState, "save", form=sent | {"ssh.user": "webmon"})
        assert tab.shown["mistake"].control == "ssh.password"
        assert tab.shown["mistake"].section == "SSH access"
        key = private_key()
        await tab.send(
            HostsState, "save", form=sent | {"ssh.user": "webmon", "ssh.private_key": key}
        )
        assert tab.told("Datastore is saved.")
        assert tab.shown["host"].user == "webmon" and tab.shown["host"].has_key
        assert tab.shown["install_line"].startswith('restrict,command="')

        await tab.send(HostsState, "open_form", thing="host", row_id=host_id)
        stored = {field.name: field for field in tab.shown["form"].fields()}
        assert stored["ssh.private_key"].is_set and stored["ssh.private_key"].value == ""
        assert "PRIVATE KEY" not in str(tab.shown)
        untouched = as_a_browser_sends(tab.shown["form"])
        await tab.send(HostsState, "save", form=untouched | {"ssh.port": "2222"})
        assert tab.shown["host"].port == 2222
    with database.read() as session:
        ssh = crypto.unseal(session.get_one(Host, host_id).ssh)
    assert ssh == {"user": "webmon", "port": 2222, "private_key": key}


async def test_what_logs_in_gives_its_host_the_access_in_one_go(database: Database) -> None:
    service_id = add_service(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "open_new", thing="service", parent_id=1)
        await tab.send(HostsState, "choose_kind", kind="host_metrics")
        raw = as_a_browser_sends(tab.shown["form"]) | {"name": "Machine"}
        await tab.send(HostsState, "save", form=raw)
        mistakes = {each.name: each.mistake for each in tab.shown["form"].fields() if each.mistake}
        assert mistakes == {
            "ssh.user": "Must not be empty.",
            "ssh.password": "Is required where no private_key is given.",
        }
        assert count(database, Service) == 1
        raw |= {"ssh.user": "webmon", "ssh.private_key": private_key()}
        await tab.send(HostsState, "try_out", form=raw, told_at="")
        with database.read() as session:
            [tried] = session.exec(select(Trial)).all()
            assert tried.definition and tried.definition["ssh"]["user"] == "webmon"
            assert session.get_one(Host, 1).ssh is None
        await tab.send(HostsState, "save", form=raw)
        assert tab.told("Machine is saved.") and tab.shown["host"].id == 1
        for kind, typed in (("cron", {}), ("ssh", {"config.login": "on"})):
            await tab.send(HostsState, "open_form", thing="service", row_id=service_id)
            await tab.send(HostsState, "choose_kind", kind=kind)
            raw = as_a_browser_sends(tab.shown["form"]) | typed
            await tab.send(HostsState, "save", form=raw)
            assert tab.told("Port is saved.")
    with database.read() as session:
        assert session.get_one(Host, 1).ssh["user"] == "webmon"  # type: ignore[index]


async def test_a_service_that_changes_its_kind_brings_the_access_too(database: Database) -> None:
    service_id = add_service(database)
    cookie = sign_in(database, Role.EDITOR)
    async with open_tab(cookie) as one, open_tab(cookie) as two:
        for tab in (one, two):
            await tab.send(HostsState, "load")
            await tab.send(HostsState, "open_form", thing="service", row_id=service_id)
            await tab.send(HostsState, "choose_kind", kind="cron")
        raw = as_a_browser_sends(one.shown["form"])
        await one.send(HostsState, "save", form=raw)
        assert "SSH access" in one.shown["mistake"].message
        raw |= {"ssh.user": "webmon", "ssh.password": "s3cret"}
        await one.send(HostsState, "save", form=raw)
        assert one.told("Port is saved.")
        await two.send(HostsState, "save", form=raw | {"ssh.user": "root"})
        assert "has been given SSH access meanwhile" in two.shown["mistake"].message
    with database.read() as session:
        assert session.get_one(Host, 1).ssh["user"] == "webmon"  # type: ignore[index]


async def test_a_host_without_ssh_access_stays_without_and_loses_it_when_asked(
    database: Database,
) -> None:
    with database.write() as session:
        host_id = factories.host(session, "Datastore").id
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        for typed in ({}, {"ssh.user": "webmon", "ssh.password": "geheim"}, {"ssh.remove": "on"}):
            await tab.send(HostsState, "open_form", thing="host", row_id=host_id)
            await tab.send(HostsState, "save", form=as_a_browser_sends(tab.shown["form"]) | typed)
            assert tab.told("Datastore is saved.")
            with database.read() as session:
                assert bool(session.get_one(Host, host_id).ssh) is ("ssh.user" in typed)
    assert "geheim" not in str(tab.shown)


async def test_a_viewer_sees_the_known_key_but_no_line_to_install(database: Database) -> None:
    with database.write() as session:
        access = SshAccess(user="webmon", private_key=private_key())
        host = factories.host(session, "Datastore", ssh=crypto.seal(access), host_keys=PINNED)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "toggle_host", host_id=host.id)
        assert [key.fingerprint for key in tab.shown["host"].known_keys] == ["SHA256:old"]
        assert not tab.shown.get("install_line") and not tab.shown.get("is_admin")
        await tab.send(HostsState, "toggle_host", host_id=host.id)
        assert tab.shown["host"].id == 0


async def test_an_admin_accepts_a_new_key_after_the_question(database: Database) -> None:
    host_id = add_host_with_another_key(database)
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(HostsState, "load")
        assert tab.shown["hosts"][0].services[0].changed_port == 22
        await tab.send(HostsState, "toggle_host", host_id=host_id)
        assert tab.shown["host"].known_keys[0].is_changed
        await tab.send(HostsState, "accept_key")
        await tab.send(HostsState, "ask_accept_key", host_id=host_id, port=22)
        assert tab.shown["key_question"].message == CHANGED
        await tab.send(HostsState, "keep")
        await tab.send(HostsState, "accept_key")
        assert known_keys(database, host_id) == PINNED
        await tab.send(HostsState, "ask_accept_key", host_id=host_id, port=22)
        await tab.send(HostsState, "accept_key")
        assert tab.told("The new key of Datastore is accepted: SHA256:new")
        [pin] = known_keys(database, host_id).values()
        assert (pin["type"], pin["fingerprint"]) == ("ssh-ed25519", "SHA256:new")
        assert tab.shown["hosts"][0].services[0].changed_port == 0
        assert tab.shown["host"].known_keys[0].fingerprint == "SHA256:new"
        assert not tab.shown["host"].known_keys[0].is_changed
        for port in (22, 2222, None, "22"):
            await tab.send(HostsState, "ask_accept_key", host_id=host_id, port=port)
            assert tab.told("no longer shows a different key")


async def test_what_somebody_else_deleted_is_closed(database: Database) -> None:
    service_id = add_service(database)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "toggle_detail", service_id=service_id)
        await tab.send(HostsState, "toggle_host", host_id=1)
        with database.write() as session:
            session.delete(session.get_one(Host, 1))
        await tab.send(HostsState, "tick")
        assert not tab.events
        assert (tab.shown["detail"].id, tab.shown["host"].id) == (0, 0)


async def test_another_key_than_the_one_that_was_shown_is_not_accepted(database: Database) -> None:
    host_id = add_host_with_another_key(database)
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "ask_accept_key", host_id=host_id, port=22)
        with database.write() as session:  # the next check meets a third one
            state = session.exec(select(ServiceState)).one()
            state.message = CHANGED.replace("SHA256:new", "SHA256:third")
            state.evidence = SHOWN | {"fingerprint": "SHA256:third"}
        await tab.send(HostsState, "accept_key")
        assert known_keys(database, host_id)["22"]["fingerprint"] == "SHA256:new"


@pytest.mark.parametrize("change", [{"role": Role.VIEWER}, {"limited": True}])
async def test_with_other_rights_the_page_is_loaded_again_before_anything_else(
    database: Database, change: dict[str, Any]
) -> None:
    """What the state holds was shown to somebody with other rights."""
    cookie = sign_in(database, Role.ADMIN)
    async with open_tab(cookie) as tab:
        await tab.send(HostsState, "load")
        with database.write() as session:
            session.execute(update(User).values(**change))
        await tab.send(HostsState, "load")
        assert tab.told("window.location.reload()")
        assert tab.shown["can_edit"] is True  # nothing was sent


async def test_a_service_is_muted_and_paused_on_its_page(database: Database) -> None:
    service_id = add_service(database, status="down")
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        tab.address = f"/service/?id={service_id}"
        await tab.send(ServicePageState, "load")
        await tab.send(ServicePageState, "mute", form={"reason": "", "until": "1h"})
        assert "must not be empty" in tab.shown["quiet_mistake"].lower()
        await tab.send(ServicePageState, "mute", form={"reason": "new disks", "until": "1h"})
        (mute,) = tab.shown["view"].mutes
        assert (mute.what, "new disks" in mute.why) == ("Datastore / Port", True)
        await tab.send(ServicePageState, "end_mute", mute_id=mute.id)
        assert tab.shown["view"].mutes == ()
        await tab.send(ServicePageState, "pause", form={"until": "1d"})
        assert tab.shown["view"].paused and tab.shown["view"].paused_until
        await tab.send(ServicePageState, "resume")
        assert (tab.shown["view"].paused, tab.shown["view"].paused_until) == (False, "")


async def test_a_host_is_muted_on_its_page(database: Database) -> None:
    add_service(database, status="down")
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        tab.address = "/host/?id=1"
        await tab.send(HostPageState, "load")
        await tab.send(HostPageState, "mute", form={"reason": "moving", "until": "well"})
        assert [each.what for each in tab.shown["view"].mutes] == ["Datastore"]


async def test_a_pause_from_the_list_may_have_an_end(database: Database) -> None:
    service_id = add_service(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "pause", service_id=service_id, hours=1)
        assert tab.shown["hosts"][0].services[0].paused_until
        await tab.send(HostsState, "pause", service_id=service_id, hours="many")
        assert not tab.shown["hosts"][0].services[0].paused_until


async def test_many_services_are_changed_after_a_look_at_it_and_undone(database: Database) -> None:
    service_id = add_service(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "toggle_selecting")
        await tab.send(HostsState, "apply_bulk")
        await tab.send(HostsState, "select_page")
        await tab.send(HostsState, "choose_action", what="interval_seconds")
        for typed in ("often", "0s"):
            await tab.send(HostsState, "preview_bulk", form={"value": typed})
            await tab.send(HostsState, "apply_bulk")
            assert tab.shown["bulk_mistake"], typed
        await tab.send(HostsState, "preview_bulk", form={"value": "5m"})
        assert tab.shown["previewed"] == ("1 service: 1m → 5m",)
        await tab.send(HostsState, "apply_bulk")
        assert tab.told("1 service changed.") and not tab.shown["selecting"]
        with database.read() as session:
            assert session.get_one(Service, service_id).interval_seconds == 300
        await tab.send(HostsState, "undo_bulk")
        assert tab.told("1 undone.")
        await tab.send(HostsState, "undo_bulk")
        assert tab.told("too late")
        for what, value, line in (
            ("pause", "", "1 service: paused"),
            ("add_tag", "web", "1 host: with the tag web"),
            ("namespace", "1", "Nothing would change."),
            ("delete", "", "1 host with 1 service and the history: deleted."),
        ):
            await tab.send(HostsState, "select_every")
            await tab.send(HostsState, "choose_action", what=what)
            await tab.send(HostsState, "preview_bulk", form={"value": value})
            assert tab.shown["previewed"][0].startswith(line)
    with database.read() as session:
        assert session.get_one(Service, service_id).interval_seconds == 60


async def test_every_answer_says_whose_it_is_and_a_tick_is_none(database: Database) -> None:
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(HostsState, "load")
        assert tab.shown["answer"] == "1 load"
        await tab.send(HostsState, "tick")
        await tab.send(HostsState, "toggle_detail", service_id=999)
        assert tab.shown["answer"] == "2 toggle_detail"
