"""The admin app without a browser: who may see and call what, and what the handlers do."""

import ast
import inspect
import textwrap
from typing import Any

import pytest
from reflex.state import State
from reflex_base.registry import RegistrationContext
from sqlmodel import select

from pages.admin import hosts
from pages.admin.hosts_state import HostsState
from tests import factories
from tests.pages.tab import open_tab
from webmon import crypto
from webmon.clock import utcnow
from webmon.db import Database
from webmon.domain.access import Role
from webmon.domain.sessions import token_hash
from webmon.models import Host, LoginSession, Service, ServiceState, User
from webmon.ui.form import FormView
from webmon.ui.private import PrivateState, is_framework


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
    fields = (*form.fields, *form.config, *form.options, *form.more)
    texts = {field.name: field.value for field in fields if field.input != "checkbox"}
    return texts | {field.name: "on" for field in fields if field.checked}


EDITING: dict[str, dict[str, Any]] = {
    "watch": {"form": {"url": "example.org"}},
    "open_host": {"host_id": 1},
    "open_namespace": {"namespace_id": 1},
    "open_new_service": {"host_id": 1},
    "open_service": {"service_id": 1},
    "choose_kind": {"kind": "tcp"},
    "close_form": {},
    "save": {"form": {}},
    "check": {"service_id": 1},
    "pause": {"service_id": 1},
    "resume": {"service_id": 1},
    "ask_delete": {"thing": "host", "row_id": 1},
    "keep": {},
    "delete": {},
}
LOOKING = {"load", "tick", "search_for", "choose_namespace", "turn_to", "toggle_detail", "follow"}


def own_states() -> list[type[State]]:
    return [s for s in RegistrationContext.get().base_states.values() if not is_framework(s)]


def test_every_state_of_ours_is_private() -> None:
    assert own_states()
    assert all(issubclass(state, PrivateState) for state in own_states())


def test_every_handler_says_who_may_call_it() -> None:
    roles = {
        name: getattr(handler.fn, "open_to", None)
        for state in own_states()
        for name, handler in state.event_handlers.items()
    }
    assert roles.pop("setvar") is None  # Reflex's own: nobody may
    assert {name for name, role in roles.items() if role is Role.EDITOR} == set(EDITING)
    assert {name for name, role in roles.items() if role is Role.VIEWER} == LOOKING


def test_no_handler_for_viewers_writes() -> None:
    for name in LOOKING:
        handler = inspect.unwrap(HostsState.event_handlers[name].fn)
        tree = ast.parse(textwrap.dedent(inspect.getsource(handler)))
        assert "act" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_the_page_renders_without_a_database() -> None:
    assert "Watch a site" in str(hosts.hosts().render())


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


async def test_what_is_wrong_is_said_at_its_field_and_the_form_stays(database: Database) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "open_new_service", host_id=1)
        await tab.send(HostsState, "choose_kind", kind="tcp")
        typed = {"name": "Shell", "interval_seconds": "0s", "config.port": "22"}
        await tab.send(HostsState, "save", form=typed)
        assert tab.shown["mistake"].control == "interval_seconds"
        assert tab.shown["mistake"].message == "Must be between 1 s and 7 d."
        assert tab.shown["form"].thing == "service"
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
        await tab.send(HostsState, "open_service", service_id=service_id)
        fields = {field.name: field for field in tab.shown["form"].config}
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
        await tab.send(HostsState, "delete")
        assert count(database, Host) == 1
        await tab.send(HostsState, "ask_delete", thing="host", row_id=1)
        question = "Delete Datastore with its service and the history?"
        assert tab.shown["doomed"].question == question
        await tab.send(HostsState, "keep")
        await tab.send(HostsState, "delete")
        assert count(database, Host) == 1
        await tab.send(HostsState, "ask_delete", thing="host", row_id=1)
        await tab.send(HostsState, "delete")
        assert tab.told("Datastore is deleted.")
    assert count(database, Host) == count(database, Service) == 0


async def test_check_now_asks_the_worker_and_waits_for_the_result(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.admin.hosts_state.FOLLOW_SECONDS", (0.0,))
    service_id = add_service(database, next_check_at=None, status="up")
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        await tab.send(HostsState, "check", service_id=service_id)
        assert tab.shown["hosts"][0].services[0].asked
        with database.write() as session:
            state = session.get_one(ServiceState, service_id)
            assert state.next_check_at is not None
            state.last_checked_at = utcnow()
        await tab.send(HostsState, "tick")
        assert not tab.shown["hosts"][0].services[0].asked


@pytest.mark.parametrize("wrong", [None, "one", -1, 10**30, {}, [1]])
async def test_arguments_of_any_type_do_no_harm(database: Database, wrong: Any) -> None:
    add_service(database)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(HostsState, "load")
        for handler in ("check", "pause", "resume", "toggle_detail", "open_service"):
            await tab.send(HostsState, handler, service_id=wrong)
            assert tab.told("does not exist")
        await tab.send(HostsState, "ask_delete", thing="service", row_id=wrong)
        assert tab.told("does not exist")
        await tab.send(HostsState, "turn_to", page=wrong)
        await tab.send(HostsState, "search_for", text=wrong)
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
