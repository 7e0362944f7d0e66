"""The room "API keys": a key is made, shown once, replaced with overlap and revoked."""

from pages.admin.keys import page
from pages.admin.keys.state import KeysState
from tests import factories
from tests.pages.tab import open_tab
from tests.pages.test_admin import sign_in
from webmon.clock import utcnow
from webmon.commands.accounts import users
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.api_keys import Scope
from webmon.queries.api_keys import bearer_of

FORM = {"key_name": "deploy", "scope": "write", "lasts": "90", "namespace.iati": "on"}


def test_the_page_renders_without_a_database() -> None:
    assert "Only admins of all namespaces" in str(page.keys().render())


async def test_a_key_is_made_replaced_and_revoked(database: Database) -> None:
    cookie = sign_in(database, Role.ADMIN)
    with database.write() as session:
        factories.namespace(session, "iati")
        factories.user(session, "ida@example.org", Role.ADMIN)

    def bearer(key: str):
        with database.read() as session:
            return bearer_of(session, key, now=utcnow())

    async with open_tab(cookie) as tab:
        await tab.send(KeysState, "load")
        await tab.send(KeysState, "begin")
        await tab.send(KeysState, "make", form=FORM | {"key_name": ""})
        assert tab.told("Name") and tab.shown["makes"]
        await tab.send(KeysState, "make", form=FORM)
        first = tab.shown["key"]
        assert first.startswith("wm_") and not tab.shown["makes"]
        found = bearer(first)
        assert (found.scope, found.actor.role) == (Scope.WRITE, Role.EDITOR)
        assert len(found.actor.namespace_ids) == 1
        [row] = tab.shown["view"].found
        assert (row.name, row.where, row.owner) == ("deploy", "iati", "admin@example.org")
        assert row.expires_at and first not in repr(tab.shown["view"])
        await tab.send(KeysState, "leave")
        assert tab.shown["key"] == ""
        await tab.send(KeysState, "ask_first", step="replace", name="deploy")
        await tab.send(KeysState, "go_on", form={"overlap": "3600", "lasts": ""})
        second = tab.shown["key"]
        assert bearer(first) and bearer(second) and first != second
        await tab.send(KeysState, "ask_first", step="revoke", name="deploy")
        await tab.send(KeysState, "go_on", form={})
        assert bearer(first) is bearer(second) is None
        await tab.send(KeysState, "make", form=FORM | {"scope": "read"})
        third = tab.shown["key"]
        with database.write() as session:
            me = users.id_of(session, "admin@example.org")
            assert bearer_of(session, third, now=utcnow()) is not None
            users.disable_user(session, me, actor=None, now=utcnow())
        assert bearer(third) is None, "it ends with the account"


async def test_others_than_admins_of_everything_see_and_make_none(database: Database) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(KeysState, "load")
        assert not tab.shown["view"].may_manage and tab.shown["view"].found == ()
        await tab.send(KeysState, "make", form=FORM)
        assert tab.told("may not") and not tab.shown["key"]
