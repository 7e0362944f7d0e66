"""The room "Namespaces" without a browser."""

from typing import Any

import pytest

from pages.admin.namespaces import page
from pages.admin.namespaces.state import NamespacesState
from tests import factories
from tests.pages.tab import open_tab
from tests.pages.test_admin import as_a_browser_sends, count, sign_in
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.models import Host, Namespace

EDITING: dict[str, dict[str, Any]] = {
    "open_form": {"thing": "namespace", "row_id": 1},
    "open_new": {"thing": "namespace", "parent_id": 0},
    "save": {"form": {"name": "X", "slug": "x", "timezone": "UTC"}},
    "ask_delete": {"thing": "namespace", "row_id": 1},
    "delete": {"form": {}},
}


def test_the_page_renders_without_a_database() -> None:
    assert "Add namespace" in str(page.namespaces().render())


@pytest.mark.parametrize("handler", EDITING)
async def test_a_viewer_changes_nothing(database: Database, handler: str) -> None:
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(NamespacesState, "load")
        assert not tab.shown["view"].can_edit
        await tab.send(NamespacesState, handler, **EDITING[handler])
        assert tab.told("You may not do this.")


async def test_a_namespace_is_added_changed_and_deleted(database: Database) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(NamespacesState, "load")
        before = count(database, Namespace)
        await tab.send(NamespacesState, "open_new", thing="namespace", parent_id=0)
        typed = as_a_browser_sends(tab.shown["form"]) | {"name": "IATI", "slug": "I"}
        await tab.send(NamespacesState, "save", form=typed)
        assert tab.shown["mistake"].control == "slug"
        await tab.send(NamespacesState, "save", form=typed | {"slug": "iati"})
        assert tab.told("IATI is saved.") and tab.shown["form"].thing == ""
        [row] = [each for each in tab.shown["view"].namespaces if each.slug == "iati"]
        await tab.send(NamespacesState, "open_form", thing="namespace", row_id=row.id)
        typed = as_a_browser_sends(tab.shown["form"])
        assert (typed["name"], typed["timezone"]) == ("IATI", "UTC")
        await tab.send(NamespacesState, "save", form=typed | {"timezone": "Europe/London"})
        await tab.send(NamespacesState, "ask_delete", thing="namespace", row_id=row.id)
        await tab.send(NamespacesState, "delete", form={})
        assert tab.shown["gone"].told == "IATI is deleted." and count(database, Namespace) == before


async def test_a_namespace_with_hosts_is_deleted_by_its_short_name_only(
    database: Database,
) -> None:
    with database.write() as session:
        row_id, slug = factories.host(session, "Datastore").namespace_id, "ns-datastore"
        empty_id = factories.namespace(session, "empty").id
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(NamespacesState, "load")
        await tab.send(NamespacesState, "ask_delete", thing="namespace", row_id=row_id)
        assert tab.shown["doomed"].typed == slug
        for typed in ({}, {"typed": ""}, {"typed": slug.upper()}, {"typed": [slug]}, slug):
            await tab.send(NamespacesState, "delete", form=typed)
            assert tab.told(f"ype {slug} to delete") and tab.shown["doomed"].id == row_id
            assert count(database, Host) == 1
        await tab.send(NamespacesState, "delete", form={"typed": slug})
        assert tab.shown["gone"].id and count(database, Host) == 0

        await tab.send(NamespacesState, "ask_delete", thing="namespace", row_id=empty_id)
        assert tab.shown["doomed"].typed == ""
        with database.write() as session:
            factories.host(session, "Late", namespace_id=empty_id)
        await tab.send(NamespacesState, "delete", form={})
        assert tab.shown["doomed"].typed == "empty" and count(database, Host) == 1


async def test_other_things_are_not_edited_here(database: Database) -> None:
    with database.write() as session:
        host_id = factories.host(session, "Datastore").id
    async with open_tab(sign_in(database, Role.ADMIN)) as tab:
        await tab.send(NamespacesState, "load")
        for handler in ("open_form", "ask_delete"):
            await tab.send(NamespacesState, handler, thing="host", row_id=host_id)
            assert tab.told("cannot be edited here")
