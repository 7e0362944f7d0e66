"""Invitations and resets: a link sets a password once, for its person, while it lasts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon.commands.accounts import logins, password_links, users
from webmon.commands.accounts.passwords import HashedPassword
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import LoginSession, PasswordLink, User
from webmon.queries.accounts import admin_users, list_users

NEW = HashedPassword("new")
ADMIN = Actor(0, "root@example.org", Role.ADMIN)


def invite(session: Session, **fields: object) -> int:
    wanted = {"email": "ida@example.org", "role": Role.EDITOR} | fields
    return users.invite_user(session, wanted, actor=ADMIN, now=NOW).id


def test_an_invited_person_chooses_a_password_once(session: Session) -> None:
    user_id = invite(session, name="Ida")
    token = password_links.new_link(session, user_id, actor=ADMIN, now=NOW)
    assert [each.state for each in list_users(session, now=NOW)] == ["invited"]
    assert token not in repr(session.exec(select(PasswordLink)).all())
    assert password_links.link_owner(session, token, now=NOW) == "ida@example.org"
    assert password_links.choose_password(session, token, NEW, now=NOW) == user_id
    assert session.get_one(User, user_id).password_hash == "new"
    assert [each.state for each in list_users(session, now=NOW)] == ["active"]
    with pytest.raises(NotFound):
        password_links.choose_password(session, token, NEW, now=NOW)


def test_a_link_ends_after_72_hours_by_withdrawal_and_by_a_newer_one(session: Session) -> None:
    user_id = invite(session)
    old = password_links.new_link(session, user_id, actor=ADMIN, now=NOW)
    token = password_links.new_link(session, user_id, actor=ADMIN, now=NOW)
    late = NOW + timedelta(hours=72)
    assert password_links.link_owner(session, old, now=NOW) is None
    assert password_links.link_owner(session, token, now=late) is None
    with pytest.raises(NotFound):
        password_links.choose_password(session, token, NEW, now=late)
    token = password_links.new_link(session, user_id, actor=ADMIN, now=NOW)
    password_links.withdraw_link(session, user_id, actor=ADMIN, now=NOW)
    with pytest.raises(NotFound):
        password_links.choose_password(session, token, NEW, now=NOW)


def test_of_two_who_open_a_link_at_once_one_gets_in(database: Database) -> None:
    with database.write() as session:
        token = password_links.new_link(session, invite(session), actor=ADMIN, now=NOW)

    def choose(number: int) -> bool:
        try:
            with database.write() as session:
                password_links.choose_password(session, token, HashedPassword(str(number)), now=NOW)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(choose, range(4))) == [False, False, False, True]


def test_a_reset_ends_the_password_and_every_session(session: Session) -> None:
    user = factories.user(session, "ida@example.org", Role.EDITOR)
    user.password_hash = "old"
    logins.open_session(session, user.id, now=NOW)
    token = password_links.reset_password(session, user.id, actor=ADMIN, now=NOW)
    assert user.password_hash == "" and session.exec(select(LoginSession)).all() == []
    assert [each.state for each in list_users(session, now=NOW)] == ["reset"]
    password_links.choose_password(session, token, NEW, now=NOW)


def test_nobody_resets_their_own_password_and_loses_the_link(session: Session) -> None:
    user = factories.user(session, "ida@example.org")
    with pytest.raises(Invalid, match="profile"):
        password_links.reset_password(
            session, user.id, actor=Actor(user.id, user.email, Role.ADMIN), now=NOW
        )


def test_a_deactivated_person_gets_in_by_no_link(session: Session) -> None:
    user_id = invite(session)
    token = password_links.new_link(session, user_id, actor=ADMIN, now=NOW)
    users.disable_user(session, user_id, actor=None, now=NOW)
    with pytest.raises(NotFound):
        password_links.choose_password(session, token, NEW, now=NOW)
    with pytest.raises(Invalid, match="reactivate"):
        password_links.new_link(session, user_id, actor=ADMIN, now=NOW)
    users.enable_user(session, user_id, actor=ADMIN, now=NOW)
    password_links.new_link(session, user_id, actor=ADMIN, now=NOW)


def test_only_admins_manage_people(session: Session) -> None:
    user_id = invite(session)
    for role in (Role.VIEWER, Role.EDITOR):
        actor = Actor(0, "x@example.org", role)
        assert admin_users(session, actor=actor, now=NOW).users == ()
        with pytest.raises(PermissionDenied):
            users.invite_user(
                session, {"email": "b@example.org", "role": "admin"}, actor=actor, now=NOW
            )
        for command in (
            users.disable_user,
            users.enable_user,
            users.delete_user,
            password_links.new_link,
            password_links.reset_password,
            password_links.withdraw_link,
        ):
            with pytest.raises(PermissionDenied):
                command(session, user_id, actor=actor, now=NOW)


def test_an_admin_of_some_namespaces_manages_people_of_these_alone(session: Session) -> None:
    iati, di = (factories.namespace(session, slug).id for slug in ("iati", "di"))
    theirs = factories.user(session, "ours@example.org", Role.EDITOR, namespace_ids=[iati])
    for email, namespace_ids in {"all": (), "both": (iati, di), "di": (di,)}.items():
        factories.user(session, f"{email}@example.org", namespace_ids=namespace_ids)
    me = factories.user(session, "me@example.org", namespace_ids=[iati])
    actor = Actor(me.id, me.email, Role.ADMIN, frozenset({iati}))
    view = admin_users(session, actor=actor, now=NOW)
    assert [each.email for each in view.users] == ["me@example.org", "ours@example.org"]
    assert view.namespaces == (("iati", "IATI"),)
    for other in list_users(session):
        if other.id not in (theirs.id, me.id):
            with pytest.raises(NotFound):
                users.disable_user(session, other.id, actor=actor, now=NOW)
    for wider in (None, ["iati", "di"], ["di"]):
        with pytest.raises(Invalid):
            fields = {"email": theirs.email, "role": Role.ADMIN, "namespaces": wider}
            users.update_user(session, theirs.id, fields, actor=actor, now=NOW)
        with pytest.raises(Invalid):
            users.invite_user(
                session,
                {"email": "new@example.org", "role": "viewer", "namespaces": wider},
                actor=actor,
                now=NOW,
            )
