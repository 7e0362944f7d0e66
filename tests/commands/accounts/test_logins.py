"""Signing in, and the brake on guessing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlmodel import select

from tests.clock import NOW, SECOND
from webmon.commands.accounts import logins, users
from webmon.commands.accounts.passwords import hash_password
from webmon.db import Database
from webmon.domain.accounts import throttle
from webmon.domain.accounts.access import Role
from webmon.errors import Invalid, MustBePatient, Throttled
from webmon.models import LoginAttempts, LoginSession
from webmon.queries.accounts import actor_for_token

EMAIL, PASSWORD = "anna@example.org", "correct horse battery"
pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture(autouse=True)
def anna(database: Database, cheap_passwords: None) -> None:
    with database.write() as session:
        users.create_user(session, EMAIL, hash_password(PASSWORD), Role.EDITOR, now=NOW)


def attempt(
    password: str = "wrong",
    *,
    email: str = EMAIL,
    address: str = "192.0.2.1",
    at: datetime = NOW,
    **options: Any,
) -> str:
    """What comes of it: "in", "wrong", "patience", or the seconds to wait."""
    try:
        logins.log_in(email, password, address=address, now=at, **options)
    except Throttled as error:
        return str(error.wait_seconds)
    except MustBePatient:
        return "patience"
    except Invalid:
        return "wrong"
    return "in"


def test_a_login_opens_a_session(database: Database) -> None:
    token = logins.log_in(" ANNA@example.org", PASSWORD, address="192.0.2.1", now=NOW).token
    with database.write() as session:
        actor = actor_for_token(session, token, now=NOW)
        assert actor is not None
        assert (actor.email, actor.role, actor.namespace_ids) == (EMAIL, Role.EDITOR, None)
        logins.log_out(session, token, now=NOW)
        assert actor_for_token(session, token, now=NOW) is None


def test_five_failures_cost_nothing_then_the_wait_doubles() -> None:
    assert [attempt() for _ in range(6)] == ["wrong"] * 6
    assert attempt(PASSWORD) == "2"  # not even looked at
    at, waits = NOW, []
    for _ in range(12):
        wait = int(attempt(at=at))
        waits.append(wait)
        assert attempt(at=at + (wait - 0.5) * SECOND) == "1"
        at += wait * SECOND
        assert attempt(at=at) == "wrong"
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_the_right_password_after_the_wait_resets_the_account() -> None:
    for _ in range(6):
        attempt()
    assert attempt(PASSWORD, at=NOW + 2 * SECOND) == "in"
    assert [attempt(at=NOW + 2 * SECOND) for _ in range(5)] == ["wrong"] * 5
    assert attempt(PASSWORD, at=NOW + 2 * SECOND) == "in"


def test_an_address_is_blocked_after_twenty_failures_for_any_accounts() -> None:
    users = (f"user{number}@example.org" for number in count())
    assert [attempt(email=next(users)) for _ in range(21)] == ["wrong"] * 21
    assert attempt(PASSWORD) == "2"
    assert attempt(PASSWORD, address="192.0.2.2") == "in"


def test_successes_do_not_use_an_address_up() -> None:
    assert {attempt(PASSWORD) for _ in range(30)} == {"in"}


def test_an_own_account_does_not_wash_an_address_clean() -> None:
    for number in range(21):
        attempt(email=f"user{number}@example.org")
    assert attempt(PASSWORD, at=NOW + 2 * SECOND) == "in"
    assert attempt(email="one@example.org", at=NOW + 2 * SECOND) == "wrong"
    assert attempt(PASSWORD, at=NOW + 3 * SECOND) == "3"


def device_of(email: str = EMAIL) -> str:
    """The cookie of a browser that has signed in."""
    return logins.log_in(email, PASSWORD, address="203.0.113.1", now=NOW).device


def test_failures_from_elsewhere_do_not_lock_the_owner_out() -> None:
    for number in range(12):
        for _ in range(7):
            attempt(address=f"198.51.100.{number}")
    assert attempt(address="198.51.100.1") == "2"
    assert attempt(PASSWORD, address="192.0.2.9") == "in"


def test_a_known_browser_is_not_blocked_by_others_at_its_address() -> None:
    """Everybody has one address behind a proxy whose X-Forwarded-For is not believed."""
    device = device_of()
    for number in range(30):
        attempt(email=f"user{number % 7}@example.org")
    for _ in range(10):
        attempt()
    assert attempt(PASSWORD).isdigit()
    assert attempt(PASSWORD, device=device) == "in"


def test_a_known_browser_has_a_brake_of_its_own() -> None:
    device = device_of()
    assert [attempt(device=device) for _ in range(6)] == ["wrong"] * 6
    assert attempt(PASSWORD, device=device) == "2"
    assert attempt(PASSWORD) == "in"
    assert attempt(PASSWORD, device=device, at=NOW + 2 * SECOND) == "in"


def test_a_browser_is_known_for_one_account_only(database: Database) -> None:
    with database.write() as session:
        users.create_user(session, "ben@example.org", hash_password(PASSWORD), Role.VIEWER, now=NOW)
    device = device_of("ben@example.org")
    for _ in range(6):
        attempt(device=device)
    assert attempt(PASSWORD, device=device) == "2"


@pytest.mark.parametrize("change", [lambda d: d[:-2] + "xx", lambda d: "", lambda d: "ä" + d])
def test_a_made_up_device_is_none(change: Any) -> None:
    device = change(device_of())
    for _ in range(6):
        attempt()
    assert attempt(PASSWORD, device=device) == "2"


def test_the_cookie_of_a_known_browser_stays() -> None:
    device = device_of()
    again = logins.log_in(EMAIL, PASSWORD, address="192.0.2.1", device=device, now=NOW)
    assert again.device == device


def test_an_account_that_is_guessed_at_from_everywhere_answers_slowly() -> None:
    """It is not blocked: who waits gets in, and a known browser need not even wait."""
    device = device_of()
    for number in range(throttle.FREE_PER_ACCOUNT):
        attempt(address=f"10.0.{number}.1")
    assert attempt(PASSWORD) == "patience"
    assert attempt(PASSWORD, device=device) == "in"
    assert attempt(PASSWORD, is_patient=True) == "in"
    assert attempt("wrong", is_patient=True) == "wrong"


def test_an_ipv6_network_counts_as_one_address() -> None:
    for number in range(21):
        attempt(email=f"user{number}@example.org", address=f"2001:db8::{number + 1:x}")
    assert attempt(PASSWORD, address="2001:db8::ffff") == "2"
    assert attempt(PASSWORD, address="2001:db8:0:1::1") == "in"


def test_an_unknown_account_is_throttled_like_a_known_one() -> None:
    known = [attempt() for _ in range(8)]
    unknown = [attempt(email="nobody@example.org", address="192.0.2.2") for _ in range(8)]
    assert known == unknown


@pytest.mark.parametrize("email", ["", "x" * 10_000, "a\x00@example.org", "<script>"])
def test_what_is_no_address_is_simply_wrong(email: str) -> None:
    assert attempt(PASSWORD, email=email) == "wrong"


def test_an_unknown_account_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    verified = []
    monkeypatch.setattr(logins, "password_fits", lambda *given: bool(verified.append(given)))
    attempt(email="nobody@example.org")
    assert verified == [("wrong", None)]


def test_during_a_block_the_password_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(6):
        attempt()
    monkeypatch.setattr(logins, "password_fits", lambda *_: pytest.fail("looked at"))
    assert attempt(PASSWORD) == "2"


def test_many_attempts_at_once_are_no_way_round_the_brake() -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: attempt(), range(16)))
    assert sorted(answers, reverse=True) == ["wrong"] * 6 + ["2"] * 10


def test_nobody_waits_for_a_password_being_verified(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is, others can write: on SQLite they would fail after the busy timeout."""

    def write_meanwhile(*_: object) -> bool:
        with database.write() as session:
            logins.log_out(session, "nothing", now=NOW)
        return True

    monkeypatch.setattr(logins, "password_fits", write_meanwhile)
    assert attempt(PASSWORD) == "in"


def test_who_is_disabled_meanwhile_does_not_get_in(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disable_meanwhile(*_: object) -> bool:
        with database.write() as session:
            users.disable_user(session, users.id_of(session, EMAIL), actor=None, now=NOW)
        return True

    monkeypatch.setattr(logins, "password_fits", disable_meanwhile)
    assert attempt(PASSWORD) == "wrong"
    with database.read() as session:
        assert session.exec(select(LoginSession)).all() == []


def test_a_disabled_user_is_told_no_more_than_others(database: Database) -> None:
    with database.write() as session:
        users.disable_user(session, users.id_of(session, EMAIL), actor=None, now=NOW)
    assert attempt(PASSWORD) == "wrong"


def test_a_new_password_lifts_the_block(database: Database) -> None:
    for _ in range(7):
        attempt()
    with database.write() as session:
        users.set_password(
            session,
            users.id_of(session, EMAIL),
            hash_password("another good password"),
            actor=None,
            now=NOW,
        )
    assert attempt("another good password") == "in"


def test_old_failures_are_forgotten_and_the_table_stays_small(database: Database) -> None:
    for number in range(10):
        attempt(email=f"user{number}@example.org", address=f"192.0.2.{number + 10}")
    attempt(at=NOW + timedelta(days=1, seconds=1))
    with database.read() as session:
        subjects = session.exec(select(LoginAttempts.subject)).all()
    assert len(subjects) == 3
    assert {"account:anna@example.org", "address:192.0.2.1"} < set(subjects)
