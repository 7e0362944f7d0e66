"""Keys for programs: shown once, limited, replaced without a gap, taken back at once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import HOUR, NOW
from webmon.commands.accounts import api_keys
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.api_keys import Scope, key_in
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import ApiKey
from webmon.queries.api_keys import Bearer, bearer_of, list_keys

DAY = timedelta(days=1)


def add(session: Session, name: str = "grafana", scope: Scope = Scope.READ, **more: Any) -> str:
    return api_keys.add_key(session, name, scope, **({"actor": None, "now": NOW} | more))


def who(session: Session, key: str, after: timedelta = timedelta(0)) -> Bearer | None:
    session.flush()
    return bearer_of(session, key, now=NOW + after)


def test_only_a_hash_and_the_beginning_are_stored(session: Session) -> None:
    key = add(session)
    assert key.startswith("wm_") and len(key) > 40
    stored = session.exec(select(ApiKey)).one()
    assert key not in repr(stored.model_dump().values())
    assert key.startswith(stored.beginning) and len(stored.beginning) < 12
    assert who(session, key) is not None
    assert who(session, key + "x") is None and who(session, "wm_") is None


def test_a_reading_key_views_and_a_writing_one_edits_within_its_namespaces(
    session: Session,
) -> None:
    space = factories.namespace(session, "iati")
    roles = {}
    for name, scope, slugs in (
        ("a", Scope.READ, ()),
        ("b", Scope.WRITE, ("iati",)),
        ("c", Scope.WRITE, ()),
    ):
        found = who(session, add(session, name, scope, namespaces=slugs))
        assert found is not None
        roles[name] = found.actor.role, found.actor.namespace_ids
    assert roles == {
        "a": (Role.VIEWER, None),
        "b": (Role.EDITOR, frozenset({space.id})),
        "c": (Role.ADMIN, None),
    }


def test_a_key_is_never_more_than_its_owner(session: Session) -> None:
    spaces = [factories.namespace(session, slug) for slug in ("iati", "di")]
    owner = factories.user(session, "bert@example.org", Role.EDITOR, namespace_ids=[spaces[0].id])
    key = add(session, scope=Scope.WRITE)
    row = session.exec(select(ApiKey)).one()
    row.user_id = owner.id
    found = who(session, key)
    assert found is not None
    assert found.actor.role is Role.EDITOR
    assert found.actor.namespace_ids == {spaces[0].id}
    owner.disabled_at = NOW
    assert who(session, key) is None


def test_a_key_whose_namespace_is_gone_sees_nothing(session: Session) -> None:
    space = factories.namespace(session, "iati")
    key = add(session, namespaces=("iati",))
    session.delete(space)
    found = who(session, key)
    assert found is not None and found.actor.namespace_ids == frozenset()


def test_a_key_ends_when_it_expires_or_is_revoked(session: Session) -> None:
    key = add(session, lasts=DAY)
    assert who(session, key, DAY - HOUR) is not None
    assert who(session, key, DAY) is None
    other = add(session, "other")
    assert api_keys.revoke_key(session, "other", actor=None, now=NOW) == 1
    assert who(session, other) is None
    with pytest.raises(NotFound):
        api_keys.revoke_key(session, "other", actor=None, now=NOW)


def test_rotating_leaves_no_gap(session: Session) -> None:
    factories.namespace(session, "iati")
    old = add(session, scope=Scope.WRITE, namespaces=("iati",))
    rotate = {"overlap": DAY, "actor": None, "now": NOW}
    new = api_keys.rotate_key(session, "grafana", **rotate)
    before, after = who(session, old, DAY - HOUR), who(session, new, 9 * DAY)
    assert before is not None and after is not None
    assert before.actor == after.actor
    assert who(session, old, DAY) is None
    assert [each.state for each in list_keys(session, now=NOW + DAY)] == ["active", "expired"]


def test_a_name_is_taken_only_as_long_as_its_key_holds(session: Session) -> None:
    add(session, lasts=DAY)
    with pytest.raises(Invalid, match="rotate"):
        add(session)
    add(session, now=NOW + DAY)


@pytest.mark.parametrize(
    ("name", "more", "field"),
    [
        ("", {}, "name"),
        ("a\nb", {}, "name"),
        ("x" * 101, {}, "name"),
        ("x", {"namespaces": ["nowhere"]}, "namespaces"),
        ("x", {"lasts": timedelta(days=9999)}, "expires"),
    ],
)
def test_what_makes_no_sense_is_refused(
    session: Session, name: str, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        add(session, name, **more)
    assert caught.value.field == field


def test_only_admins_of_everything_make_keys(session: Session) -> None:
    for actor in (Actor(1, "a", Role.EDITOR), Actor(1, "a", Role.ADMIN, frozenset({1}))):
        with pytest.raises(PermissionDenied):
            add(session, actor=actor)


def test_the_last_use_is_noted_once_a_minute(session: Session) -> None:
    key = add(session)
    first = who(session, key)
    assert first is not None and first.note_use
    api_keys.note_use(session, first.key_id, now=NOW)
    for seconds, due in ((59, False), (61, True)):
        found = who(session, key, timedelta(seconds=seconds))
        assert found is not None and found.note_use is due
    session.expire_all()
    assert list_keys(session, now=NOW)[0].last_used_at == NOW


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Bearer wm_abc", "wm_abc"),
        ("bearer  wm_abc ", "wm_abc"),
        ("Basic wm_abc", ""),
        ("wm_abc", ""),
        ("Bearer abc", ""),
        ("", ""),
    ],
)
def test_a_key_travels_in_one_way_only(header: str, key: str) -> None:
    assert key_in(header) == key
