"""The users' page as somebody uses it, and as nobody may."""

import re
from typing import Any

import pytest

from pages.admin.users import page
from pages.admin.users.state import UsersState
from tests import factories
from tests.pages.tab import open_tab
from tests.pages.test_admin import as_a_browser_sends, sign_in
from webmon.clock import utcnow
from webmon.commands.accounts import password_links
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.models import User

CHANGING: dict[str, dict[str, Any]] = {
    "open_form": {"thing": "user", "row_id": 1},
    "open_new": {"thing": "user", "parent_id": 0},
    "save": {"form": {"email": "x@example.org", "role": "admin"}},
    "ask_delete": {"thing": "user", "row_id": 1},
    "delete": {"form": {}},
    "make_link": {"user_id": 1},
    "withdraw_link": {"user_id": 1},
    "reset_password": {"user_id": 1},
    "deactivate": {"user_id": 1},
    "reactivate": {"user_id": 1},
    "search_for": {"text": "a"},
}


def test_the_page_renders_without_a_database() -> None:
    assert "Invite somebody" in str(page.users().render())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_only_admins_see_and_change_people(database: Database, role: Role) -> None:
    with database.write() as session:
        factories.user(session, "ida@example.org")
    async with open_tab(sign_in(database, role)) as tab:
        await tab.send(UsersState, "load")
        assert not tab.shown["view"].may_manage and tab.shown["view"].users == ()
        for handler, arguments in CHANGING.items():
            await tab.send(UsersState, handler, **arguments)
            assert tab.told("You may not do this.")


async def test_somebody_is_invited_edited_deactivated_and_deleted(database: Database) -> None:
    with database.write() as session:
        factories.namespace(session, "iati")
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(UsersState, "load")
        await tab.send(UsersState, "open_new", thing="user", parent_id=0)
        typed = as_a_browser_sends(tab.shown["form"]) | {"email": "ida@example.org"}
        await tab.send(UsersState, "save", form=typed | {"where": "some"})
        assert tab.shown["mistake"].message == "Choose at least one."
        typed |= {"where": "some", "namespaces.iati": "on", "shown_name": "Ida"}
        await tab.send(UsersState, "save", form=typed)
        [token] = re.findall(r"/invite/\?token=(\S+)", tab.shown["link"])
        with database.write() as session:
            assert password_links.link_owner(session, token, now=utcnow()) == "ida@example.org"
        await tab.send(UsersState, "close_link")
        assert tab.shown["link"] == ""
        [ida] = [each for each in tab.shown["view"].users if each.email == "ida@example.org"]
        assert (ida.state, ida.role, ida.namespaces) == ("invited", Role.VIEWER, ("iati",))
        await tab.send(UsersState, "open_form", thing="user", row_id=ida.id)
        typed = as_a_browser_sends(tab.shown["form"])
        assert typed["namespaces.iati"] == "on" and typed["shown_name"] == "Ida"
        await tab.send(UsersState, "save", form=typed | {"role": "editor", "where": "all"})
        assert tab.shown["link"] == "", "a link is made once, not for every change"
        for handler in ("make_link", "withdraw_link", "deactivate", "reactivate", "reset_password"):
            await tab.send(UsersState, handler, user_id=ida.id)
        assert "/invite/?token=" in tab.shown["link"]
        await tab.send(UsersState, "search_for", text="IDA")
        assert [each.email for each in tab.shown["view"].users] == ["ida@example.org"]
        await tab.send(UsersState, "ask_delete", thing="user", row_id=ida.id)
        await tab.send(UsersState, "delete", form={})
        assert tab.told("Ida is deleted.")
    with database.read() as session:
        assert session.get(User, ida.id) is None


async def test_the_last_admin_is_told_why_they_stay(database: Database) -> None:
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(UsersState, "load")
        [me] = tab.shown["view"].users
        assert me.is_self
        await tab.send(UsersState, "deactivate", user_id=me.id)
        assert tab.told("This is the last active admin")
