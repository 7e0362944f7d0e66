"""The last active admin stays one, also when two admins are at work at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon.commands.accounts import users
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import User

VIEWER = {"role": Role.VIEWER, "namespaces": None}


def demote(session: Session, user_id: int, actor: Actor | None) -> None:
    fields = {"email": f"{user_id}@example.org", **VIEWER}
    users.update_user(session, user_id, fields, actor=actor, now=NOW)


def disable(session: Session, user_id: int, actor: Actor | None) -> None:
    users.disable_user(session, user_id, actor=actor, now=NOW)


def delete(session: Session, user_id: int, actor: Actor | None) -> None:
    users.delete_user(session, user_id, actor=actor, now=NOW)


WAYS: list[Callable[..., None]] = [demote, disable, delete]


@pytest.mark.parametrize("way", WAYS)
def test_the_last_admin_can_not_go(session: Session, way: Callable[..., None]) -> None:
    anna = factories.user(session, "anna@example.org")
    factories.user(session, "ben@example.org", Role.EDITOR)
    factories.user(session, "eve@example.org", disabled_at=NOW)
    factories.user(session, "ida@example.org", invited=True)
    with pytest.raises(Invalid, match="last active admin"):
        way(session, anna.id, None)


@pytest.mark.parametrize("way", WAYS)
def test_one_of_two_admins_can_go(session: Session, way: Callable[..., None]) -> None:
    anna, ben = (factories.user(session, f"{name}@example.org") for name in ("anna", "ben"))
    way(session, anna.id, Actor(ben.id, ben.email, Role.ADMIN))


def test_somebody_stays_admin_of_all_namespaces(session: Session) -> None:
    iati = factories.namespace(session).id
    anna = factories.user(session, "anna@example.org")
    factories.user(session, "ben@example.org", namespace_ids=[iati])
    fields = {"email": anna.email, "role": Role.ADMIN, "namespaces": ["iati"]}
    with pytest.raises(Invalid, match="of all namespaces"):
        users.update_user(session, anna.id, fields, actor=None, now=NOW)


@pytest.mark.parametrize("way", WAYS)
def test_of_two_admins_who_end_each_other_at_once_one_stays(
    database: Database, way: Callable[..., None]
) -> None:
    for _ in range(4):
        with database.write() as session:
            for user in session.exec(select(User)):
                session.delete(user)
            session.flush()
            pair = [factories.user(session, f"{name}@example.org") for name in ("anna", "ben")]
        actors = [Actor(user.id, user.email, Role.ADMIN) for user in pair]
        both = Barrier(2)

        def end(who: Actor, whom: Actor, both: Barrier = both) -> Any:
            both.wait()
            try:
                with database.write() as session:
                    way(session, whom.user_id, who)
            except (Invalid, NotFound, PermissionDenied) as error:
                return error
            return None

        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(end, actors, reversed(actors)))
        assert sum(answer is None for answer in answers) == 1
        with database.read() as session:
            left = [user for user in session.exec(select(User)) if not user.disabled_at]
            assert sum(user.role is Role.ADMIN for user in left) == 1


def test_who_was_demoted_meanwhile_does_nothing_more(session: Session) -> None:
    anna, ben = (factories.user(session, f"{name}@example.org") for name in ("anna", "ben"))
    factories.user(session, "ida@example.org")
    before = Actor(ben.id, ben.email, Role.ADMIN)
    demote(session, ben.id, None)
    with pytest.raises(PermissionDenied):
        delete(session, anna.id, before)
