"""Namespaces: who may make them, what they may be called, what goes with them."""

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon.commands.inventory.namespaces import (
    create_namespace,
    delete_namespace,
    update_namespace,
)
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Host, Namespace, Service, ServiceState

GOOD = {"slug": "iati", "name": "IATI", "timezone": "Europe/London"}
EDITOR = Actor(1, "e@example.org", Role.EDITOR)
VIEWER = Actor(2, "v@example.org", Role.VIEWER)


def test_a_namespace_is_stored_as_given(session: Session) -> None:
    made = create_namespace(session, GOOD, actor=EDITOR, now=NOW)
    stored = session.get_one(Namespace, made.id)
    assert (stored.slug, stored.name, stored.timezone) == ("iati", "IATI", "Europe/London")


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"slug": ""}, "slug", "must not be empty"),
        ({"slug": "IATI"}, "slug", "lowercase letters, digits and hyphens"),
        ({"slug": "-iati"}, "slug", "lowercase letters, digits and hyphens"),
        ({"slug": "a" * 51}, "slug", "at most 50 characters"),
        ({"name": "   "}, "name", "must not be empty"),
        ({"name": "a" * 101}, "name", "at most 100 characters"),
        ({"name": 7}, "name", "must be a text"),
        ({"timezone": "Mars/Olympus"}, "timezone", "the name of a timezone"),
        ({"accent": "red"}, "accent", "must be a colour such as #1b4f8f"),
        ({"accent": "#ffee00"}, "accent", "is too pale to be read on the page"),
        (
            {"colour": "red"},
            "colour",
            "is not known here; known are accent, name, networks, slug, timezone",
        ),
    ],
)
def test_a_wrong_field_is_refused_with_its_name(
    session: Session, change: dict[str, object], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        create_namespace(session, GOOD | change, actor=None, now=NOW)
    assert refusal.value.field == field
    assert reason in refusal.value.message


def test_a_missing_field_is_refused_with_its_name(session: Session) -> None:
    with pytest.raises(Invalid, match="name: is required"):
        create_namespace(session, {"slug": "iati"}, actor=None, now=NOW)


def test_a_slug_is_taken_only_once(session: Session) -> None:
    create_namespace(session, GOOD, actor=None, now=NOW)
    other = create_namespace(session, GOOD | {"slug": "di"}, actor=None, now=NOW)
    with pytest.raises(Invalid, match="slug: there is a namespace iati already"):
        create_namespace(session, GOOD, actor=None, now=NOW)
    with pytest.raises(Invalid, match="slug: there is a namespace iati already"):
        update_namespace(session, other.id, GOOD, actor=None, now=NOW)


def test_a_namespace_can_be_renamed_and_keep_its_slug(session: Session) -> None:
    made = create_namespace(session, GOOD, actor=None, now=NOW)
    update_namespace(session, made.id, GOOD | {"name": "Aid"}, actor=EDITOR, now=NOW)
    assert session.get_one(Namespace, made.id).name == "Aid"


def test_deleting_a_namespace_takes_all_that_is_in_it(session: Session) -> None:
    host = factories.host(session)
    factories.service(session, host_id=host.id)
    kept = factories.service(session, "Kept")
    delete_namespace(session, host.namespace_id, actor=EDITOR, now=NOW)
    assert session.exec(select(Host.id)).all() == [kept.host_id]
    assert session.exec(select(Service.id)).all() == [kept.id]
    assert session.exec(select(ServiceState.service_id)).all() == [kept.id]


@pytest.mark.parametrize("namespace_id", [999, 0, -1, 10**30, "1", None, True])
def test_what_is_not_a_namespace_is_not_found(session: Session, namespace_id: object) -> None:
    factories.namespace(session)
    with pytest.raises(NotFound):
        delete_namespace(session, namespace_id, actor=None, now=NOW)  # type: ignore[arg-type]


def test_a_viewer_changes_nothing(session: Session) -> None:
    namespace = factories.namespace(session)
    with pytest.raises(PermissionDenied, match="only an editor"):
        create_namespace(session, GOOD, actor=VIEWER, now=NOW)
    with pytest.raises(PermissionDenied, match="only an editor"):
        update_namespace(session, namespace.id, GOOD, actor=VIEWER, now=NOW)
    with pytest.raises(PermissionDenied, match="only an editor"):
        delete_namespace(session, namespace.id, actor=VIEWER, now=NOW)


def test_who_is_limited_to_a_namespace_edits_it_but_makes_and_deletes_none(
    session: Session,
) -> None:
    own, other = factories.namespace(session), factories.namespace(session, "di")
    limited = Actor(3, "l@example.org", Role.EDITOR, frozenset({own.id}))
    update_namespace(session, own.id, GOOD | {"name": "Aid"}, actor=limited, now=NOW)
    with pytest.raises(NotFound, match="does not exist"):
        update_namespace(session, other.id, GOOD, actor=limited, now=NOW)
    with pytest.raises(PermissionDenied, match="all namespaces"):
        create_namespace(session, GOOD | {"slug": "new"}, actor=limited, now=NOW)
    with pytest.raises(PermissionDenied, match="all namespaces"):
        delete_namespace(session, own.id, actor=limited, now=NOW)


def test_only_an_admin_deletes_a_namespace_that_has_channels(session: Session) -> None:
    made = create_namespace(session, GOOD, actor=EDITOR, now=NOW)
    factories.channel(session, namespace_id=made.id)
    with pytest.raises(PermissionDenied, match="only an admin"):
        delete_namespace(session, made.id, actor=EDITOR, now=NOW)
    delete_namespace(session, made.id, actor=Actor(3, "a@example.org", Role.ADMIN), now=NOW)
