"""People: added, set up for the first time, given a new password, shut out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon.commands.accounts import logins, users
from webmon.commands.accounts.passwords import HashedPassword, hash_password, password_fits
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, NotFound
from webmon.models import LoginSession, Namespace, Setting, User
from webmon.queries.accounts import actor_for_token, list_users, live_actors

HASHED = HashedPassword("not looked at here")


def add(session: Session, email: str = "anna@example.org", **fields: object) -> int:
    options = {"role": Role.EDITOR, "now": NOW} | fields
    return users.create_user(session, email, HASHED, **options)  # type: ignore[arg-type]


def test_an_address_is_stored_in_lower_case_and_only_once(session: Session) -> None:
    add(session, " Anna@Example.ORG ")
    assert [user.email for user in list_users(session)] == ["anna@example.org"]
    with pytest.raises(Invalid, match="already") as caught:
        add(session, "ANNA@example.org")
    assert caught.value.field == "email"


def test_an_address_that_others_have_is_refused_without_saying_so(session: Session) -> None:
    ours, theirs = (factories.namespace(session, slug=slug).id for slug in ("ours", "theirs"))
    factories.user(session, "theirs@example.org", namespace_ids=[theirs])
    factories.user(session, "all@example.org")
    known = factories.user(session, "ours@example.org", namespace_ids=[ours]).id
    admin = Actor(0, "me@example.org", Role.ADMIN, frozenset({ours}))
    for email, message in (
        ("theirs@example.org", users.NOT_HERE),
        ("all@example.org", users.NOT_HERE),
        ("ours@example.org", "there is a user ours@example.org already"),
    ):
        fields = {"email": email, "role": "viewer", "namespaces": ["ours"]}
        with pytest.raises(Invalid, match=message):
            users.invite_user(session, fields, actor=admin, now=NOW)
    fields = {"email": "theirs@example.org", "role": "viewer", "namespaces": ["ours"]}
    with pytest.raises(Invalid, match=users.NOT_HERE):
        users.update_user(session, known, fields, actor=admin, now=NOW)


@pytest.mark.parametrize(
    "email",
    [
        *("", "anna", "@example.org", "anna@", "a b@example.org", "a@b@c", "a\x00@b", "<a@b>"),
        *("a@b,c@d", "x" * 65 + "@example.org", "a@" + "b" * 253),
    ],
)
def test_what_is_no_address_is_refused(session: Session, email: str) -> None:
    with pytest.raises(Invalid) as caught:
        add(session, email)
    assert caught.value.field == "email"


def test_a_user_is_limited_to_the_namespaces_given(session: Session) -> None:
    first, second = (Namespace(slug=slug, name=slug, created_at=NOW) for slug in ("iati", "di"))
    session.add_all([first, second])
    user_id = add(session, namespaces=("iati", "iati"))
    token = logins.open_session(session, user_id, now=NOW)
    session.flush()
    actor = actor_for_token(session, token, now=NOW)
    assert actor is not None
    assert actor.namespace_ids == {first.id}
    assert list_users(session)[0].namespaces == ("iati",)


def test_who_loses_the_last_namespace_sees_none_rather_than_all(session: Session) -> None:
    namespace = Namespace(slug="iati", name="IATI", created_at=NOW)
    session.add(namespace)
    session.flush()
    users.create_user(session, "a@b.org", HASHED, Role.EDITOR, namespaces=["iati"], now=NOW)
    user = session.exec(select(User)).one()
    token = logins.open_session(session, user.id, now=NOW)
    session.delete(namespace)
    session.flush()
    actor = actor_for_token(session, token, now=NOW)
    assert actor is not None
    assert actor.namespace_ids == frozenset()


def test_an_unknown_namespace_is_refused(session: Session) -> None:
    with pytest.raises(Invalid) as caught:
        add(session, namespaces=("nowhere",))
    assert caught.value.field == "namespaces"


def test_a_hash_is_argon2id_and_fits_its_password_only(cheap_passwords: None) -> None:
    hashed = hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert password_fits("correct horse battery", hashed)
    assert not password_fits("correct house", hashed)
    assert not password_fits("x" * 1_000_000, hashed)
    assert not password_fits("correct horse battery", None)


def test_hashing_costs_what_owasp_asks_for() -> None:
    assert "$m=19456,t=3,p=1$" in hash_password("correct horse battery")


def test_the_setup_link_works_once(session: Session) -> None:
    token = users.new_setup_token(session)
    session.flush()
    assert token is not None
    assert users.setup_token_fits(session, token)
    assert token not in [row.value for row in session.exec(select(Setting))]
    users.create_first_admin(session, token, "anna@example.org", HASHED, now=NOW)
    assert list_users(session)[0].role is Role.ADMIN
    with pytest.raises(NotFound):
        users.create_first_admin(session, token, "eve@example.org", HASHED, now=NOW)
    assert users.new_setup_token(session) is None


def test_a_new_start_replaces_the_setup_link(session: Session) -> None:
    old, new = users.new_setup_token(session), users.new_setup_token(session)
    session.flush()
    assert old is not None and new is not None
    assert not users.setup_token_fits(session, old)
    with pytest.raises(NotFound):
        users.create_first_admin(session, old, "eve@example.org", HASHED, now=NOW)
    users.create_first_admin(session, new, "anna@example.org", HASHED, now=NOW)


def test_a_user_added_otherwise_ends_the_setup_link(session: Session) -> None:
    token = users.new_setup_token(session)
    session.flush()
    add(session)
    assert token is not None
    assert not users.setup_token_fits(session, token)


def test_a_wrong_address_leaves_the_setup_link_usable(database: Database) -> None:
    with database.write() as session:
        token = users.new_setup_token(session)
    assert token is not None
    with pytest.raises(Invalid), database.write() as session:
        users.create_first_admin(session, token, "nonsense", HASHED, now=NOW)
    with database.write() as session:
        users.create_first_admin(session, token, "anna@example.org", HASHED, now=NOW)


def test_of_two_who_use_the_setup_link_at_once_one_wins(database: Database) -> None:
    with database.write() as session:
        token = users.new_setup_token(session)
    assert token is not None

    def use(name: str) -> bool:
        try:
            with database.write() as session:
                users.create_first_admin(session, token, f"{name}@b.org", HASHED, now=NOW)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(use, "abcd")) == [False, False, False, True]
    with database.read() as session:
        assert len(session.exec(select(User)).all()) == 1


def sessions_of(session: Session) -> list[LoginSession]:
    session.flush()
    return list(session.exec(select(LoginSession)))


def test_a_new_password_ends_every_session(session: Session) -> None:
    user_id = add(session)
    tokens = [logins.open_session(session, user_id, now=NOW) for _ in range(2)]
    users.set_password(
        session,
        users.id_of(session, "Anna@example.org"),
        HashedPassword("new"),
        actor=None,
        now=NOW,
    )
    assert sessions_of(session) == []
    assert [actor_for_token(session, token, now=NOW) for token in tokens] == [None, None]


def test_disabling_ends_every_session_and_lets_nobody_back_in(session: Session) -> None:
    user_id = add(session)
    logins.open_session(session, user_id, now=NOW)
    users.disable_user(session, users.id_of(session, "anna@example.org"), actor=None, now=NOW)
    assert sessions_of(session) == []
    token = logins.open_session(session, user_id, now=NOW)
    [row] = sessions_of(session)
    assert actor_for_token(session, token, now=NOW) is None
    assert live_actors(session, {row.token_hash}, now=NOW) == {}
    assert list_users(session)[0].disabled


def test_who_is_not_there_cannot_be_changed(session: Session) -> None:
    with pytest.raises(NotFound):
        users.set_password(
            session, users.id_of(session, "nobody@example.org"), HASHED, actor=None, now=NOW
        )
    with pytest.raises(NotFound):
        users.disable_user(session, users.id_of(session, "nobody@example.org"), actor=None, now=NOW)


def test_a_session_ends_after_14_days_and_its_token_is_not_stored(session: Session) -> None:
    token = logins.open_session(session, add(session), now=NOW)
    [row] = sessions_of(session)
    assert len(token) >= 43
    assert token != row.token_hash
    almost = NOW + timedelta(days=14) - timedelta(seconds=1)
    assert actor_for_token(session, token, now=almost) is not None
    assert actor_for_token(session, token, now=NOW + timedelta(days=14)) is None
    assert actor_for_token(session, row.token_hash, now=NOW) is None
    assert actor_for_token(session, None, now=NOW) is None


def test_ended_sessions_are_deleted_in_time(session: Session) -> None:
    user_id = add(session)
    logins.open_session(session, user_id, now=NOW)
    logins.open_session(session, user_id, now=NOW + timedelta(days=15))
    assert len(sessions_of(session)) == 1
