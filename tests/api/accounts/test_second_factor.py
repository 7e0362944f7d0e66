"""The second factor, from outside: set up, asked for, used once, required, lost, reset."""

import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from passlib.totp import TOTP
from sqlmodel import select

from tests.api.accounts.test_auth import log_in, post
from tests.api.browsers import PASSWORD, add_anna, open_browser
from webmon.api.accounts import auth, profile, second_factor
from webmon.clock import utcnow
from webmon.commands.accounts import password_links, users
from webmon.commands.accounts import second_factor as commands
from webmon.commands.accounts.logins import open_session
from webmon.commands.accounts.passwords import hash_password
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role, require_confirmed
from webmon.domain.accounts.sessions import COOKIE, DEVICE_COOKIE, token_hash
from webmon.errors import ConfirmationNeeded, Invalid
from webmon.models import LoginSession, RecoveryCode, SecondFactor, Setting
from webmon.queries.accounts import actor_for_token, list_users
from webmon.queries.second_factors import REQUIRED_OF

pytestmark = pytest.mark.usefixtures("cheap_passwords", "database", "anna")


class Clock:
    """The time of the forms; codes are made for it."""

    def __init__(self) -> None:
        self.at = utcnow()

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (auth, profile, second_factor):
        monkeypatch.setattr(module, "utcnow", clock)
    return clock


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(auth, profile, second_factor) as client:
        yield client


@pytest.fixture
def anna(database: Database, cheap_passwords: None) -> int:
    return add_anna(database)


def code_of(secret: str, clock: Clock, steps: int = 0) -> str:
    at = clock.at + timedelta(seconds=30 * steps)
    return str(TOTP(key=secret, format="base32").generate(time=at.timestamp()).token)


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of a page, and the secret that it shows."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    [secret] = re.findall(r"<code>([A-Z2-7 ]+)</code>", page)
    return {name: unescape(value) for name, value in hidden.items()} | {
        "secret": secret.replace(" ", "")
    }


def codes_in(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]+)</code>", page)


async def set_up(browser: httpx.AsyncClient, clock: Clock) -> tuple[str, list[str]]:
    """The secret and the recovery codes of somebody who is signed in."""
    fields = fields_of((await browser.get("/auth/second-factor")).text)
    secret = fields.pop("secret")
    form = fields | {"code": code_of(secret, clock), "password": PASSWORD}
    answer = await browser.post("/auth/second-factor", data=form)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    clock.at += timedelta(minutes=2)
    return secret, codes_in(answer.text)


async def second_step(browser: httpx.AsyncClient, code: str) -> httpx.Response:
    return await browser.post("/auth/code", data={"code": code})


async def is_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/admin/")).status_code == 200


def sessions(database: Database) -> list[LoginSession]:
    with database.read() as session:
        return list(session.exec(select(LoginSession)).all())


async def test_setting_up_needs_password_and_code_and_shows_ten_codes_once(
    browser: httpx.AsyncClient, clock: Clock, database: Database
) -> None:
    await log_in(browser)
    page = (await browser.get("/auth/second-factor")).text
    assert "<svg" in page and "<script" not in page and "http" not in re.sub(r"<svg.*?>", "", page)
    fields = fields_of(page)
    secret = fields.pop("secret")
    for wrong in (
        {"code": "000000", "password": PASSWORD},
        {"code": code_of(secret, clock), "password": "wrong"},
        {"code": code_of(secret, clock), "password": ""},
        {"code": code_of(secret, clock), "password": PASSWORD, "sealed": "x" + fields["sealed"]},
    ):
        answer = await browser.post("/auth/second-factor", data=fields | wrong)
        assert answer.status_code in (303, 403)
    with database.read() as session:
        assert session.exec(select(SecondFactor)).all() == []
    before = browser.cookies[COOKIE]
    form = fields | {"code": code_of(secret, clock), "password": PASSWORD}
    answer = await browser.post("/auth/second-factor", data=form)
    codes = codes_in(answer.text)
    assert len(set(codes)) == 10
    assert [each.token_hash for each in sessions(database)] == [token_hash(browser.cookies[COOKIE])]
    assert browser.cookies[COOKIE] != before
    with database.read() as session:
        stored = repr(session.exec(select(SecondFactor)).one()) + repr(
            session.exec(select(RecoveryCode)).all()
        )
        assert [each.has_factor for each in list_users(session)] == [True]
    assert secret not in stored and not any(code in stored for code in codes)


async def test_without_the_code_nobody_is_in(
    browser: httpx.AsyncClient, clock: Clock, database: Database
) -> None:
    await log_in(browser)
    secret, _ = await set_up(browser, clock)
    await post(browser, "/auth/logout")
    browser.cookies.clear()
    assert await log_in(browser, next="/admin/hosts/") == "/auth/code?next=%2Fadmin%2Fhosts%2F"
    assert COOKIE not in browser.cookies and DEVICE_COOKIE not in browser.cookies
    assert not await is_in(browser) and sessions(database) == []
    page = (await browser.get("/auth/second-factor")).headers["location"]  # no other app instead
    assert page == "/login/"
    for wrong in ("", "000000", "12345", "x" * 3000, "０１２３４５", "abcd-efgh-jkmn-pqrs"):
        assert (await second_step(browser, wrong)).status_code in (403, 429)
        clock.at += timedelta(minutes=1)
    form = {"code": code_of(secret, clock), "next": "/admin/hosts/"}
    answer = await browser.post("/auth/code", data=form)
    assert answer.headers["location"] == "/admin/hosts/" and await is_in(browser)


async def test_a_code_works_once_and_one_step_early_or_late(
    browser: httpx.AsyncClient, clock: Clock
) -> None:
    await log_in(browser)
    secret, _ = await set_up(browser, clock)
    for steps, status in ((-2, 403), (2, 403), (-1, 303), (-1, 403), (0, 303), (0, 403), (1, 303)):
        browser.cookies.clear()
        assert "/auth/code" in await log_in(browser)
        assert (await second_step(browser, code_of(secret, clock, steps))).status_code == status


async def test_a_short_password_is_told_the_length_that_is_enough_with_a_code(
    browser: httpx.AsyncClient, clock: Clock
) -> None:
    await log_in(browser)
    await set_up(browser, clock)
    form = {"current": PASSWORD, "password": "short", "password_again": "short"}
    answer = await post(browser, "/auth/password", **form)
    assert answer == "/admin/profile/?error=password_short_with_factor"


async def test_a_recovery_code_works_once(browser: httpx.AsyncClient, clock: Clock) -> None:
    await log_in(browser)
    _, codes = await set_up(browser, clock)
    for code, status in ((codes[3], 303), (codes[3], 403), (codes[4].upper(), 303)):
        browser.cookies.clear()
        await log_in(browser)
        assert (await second_step(browser, code)).status_code == status


async def test_wrong_codes_make_a_wait_wherever_they_come_from(
    browser: httpx.AsyncClient, clock: Clock
) -> None:
    await log_in(browser)
    secret, _ = await set_up(browser, clock)
    browser.cookies.clear()
    await log_in(browser)
    for _ in range(6):
        assert (await second_step(browser, "000000")).status_code == 403
    answer = await second_step(browser, code_of(secret, clock))
    assert answer.status_code == 429 and "Wait" in answer.text
    clock.at += timedelta(seconds=30)
    assert (await second_step(browser, code_of(secret, clock))).status_code == 303


async def test_the_second_step_is_over_after_ten_minutes_or_with_another_password(
    browser: httpx.AsyncClient, clock: Clock, database: Database, anna: int
) -> None:
    await log_in(browser)
    secret, _ = await set_up(browser, clock)
    browser.cookies.clear()
    await log_in(browser)
    clock.at += timedelta(minutes=11)
    answer = await second_step(browser, code_of(secret, clock))
    assert answer.headers["location"].startswith("/login/?error=expired")
    await log_in(browser)
    with database.write() as session:
        user = session.get_one(users.User, anna)
        users.store_password(session, user, hash_password("another good password"))
    answer = await second_step(browser, code_of(secret, clock))
    assert answer.headers["location"].startswith("/login/?error=expired")
    browser.cookies.set("webmon_pending", "made-up", domain="status.example", path="/auth/")
    assert "expired" in (await second_step(browser, "1")).headers["location"]


def test_of_two_with_the_same_code_one_gets_in(database: Database, anna: int) -> None:
    secret, now = commands.new_secret(), utcnow()
    app = TOTP(key=secret, format="base32")
    with database.write() as session:
        code = app.generate(time=(now - timedelta(minutes=5)).timestamp()).token
        codes = commands.set_up(session, anna, secret, code, now=now - timedelta(minutes=5))

    def use(code: str) -> bool:
        try:
            with database.write() as session:
                commands.use_code(session, anna, code, now=now)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        for code in (app.generate(time=now.timestamp()).token, codes[0]):
            assert sum(threads.map(use, [code] * 8)) == 1


async def test_a_role_may_need_a_second_factor(
    browser: httpx.AsyncClient, clock: Clock, database: Database
) -> None:
    await log_in(browser)
    assert await is_in(browser)
    with database.write() as session:
        session.add(Setting(name=REQUIRED_OF, value="admin,editor"))
    assert not await is_in(browser)  # also who is in already
    assert await log_in(browser, next="/admin/hosts/") == (
        "/auth/second-factor?next=%2Fadmin%2Fhosts%2F"
    )
    assert not await is_in(browser)
    page = (await browser.get("/auth/second-factor?next=/admin/hosts/")).text
    fields = fields_of(page)
    secret = fields.pop("secret")
    assert (await browser.post("/auth/second-factor", data=fields)).status_code == 403
    form = fields | {"code": code_of(secret, clock)}
    answer = await browser.post("/auth/second-factor", data=form)
    assert len(codes_in(answer.text)) == 10 and 'href="/admin/hosts/"' in answer.text
    assert await is_in(browser)
    clock.at += timedelta(minutes=1)
    refused = await post(browser, "/auth/second-factor/remove", code=code_of(secret, clock))
    assert refused == "/admin/profile/?error=required" and await is_in(browser)
    with database.read() as session:
        assert len(session.exec(select(SecondFactor)).all()) == 1


async def test_it_is_turned_off_and_codes_are_made_again_with_a_code_only(
    browser: httpx.AsyncClient, clock: Clock, database: Database
) -> None:
    await log_in(browser)
    secret, codes = await set_up(browser, clock)
    for path in ("/auth/second-factor/remove", "/auth/second-factor/codes"):
        assert await post(browser, path, code="000000") == "/admin/profile/?error=code"
    answer = await browser.post("/auth/second-factor/codes", data={"code": codes[0]})
    new = codes_in(answer.text)
    assert len(new) == 10 and not set(new) & set(codes)
    refused = await browser.post("/auth/second-factor/codes", data={"code": codes[1]})
    assert refused.headers["location"] == "/admin/profile/?error=code"
    done = await post(browser, "/auth/second-factor/remove", code=code_of(secret, clock))
    assert done == "/admin/profile/?done=factor_removed"
    browser.cookies.clear()
    assert await log_in(browser) == "/admin/"


async def choose_password(browser: httpx.AsyncClient, token: str) -> str:
    """Open the link in a browser that nobody is signed in with: where that leads."""
    browser.cookies.clear()
    form = {"token": token, "password": "another good password"}
    return await post(browser, "/auth/invite", **form)


async def test_an_admin_resets_password_and_factor_together(
    browser: httpx.AsyncClient, clock: Clock, database: Database, anna: int
) -> None:
    await log_in(browser)
    await set_up(browser, clock)
    with database.write() as session:
        token = password_links.reset_password(session, anna, actor=None, now=clock.at)
    assert await choose_password(browser, token) == "/admin/"


async def test_a_reset_link_does_not_go_round_the_second_factor(
    browser: httpx.AsyncClient, clock: Clock, database: Database, anna: int
) -> None:
    await log_in(browser)
    await set_up(browser, clock)
    with database.write() as session:
        token = password_links.new_link(session, anna, actor=None, now=clock.at)
    assert await choose_password(browser, token) == "/auth/code?next=%2Fadmin%2F"
    assert not await is_in(browser)


async def test_who_confirms_again_may_do_weighty_things_for_ten_minutes(
    browser: httpx.AsyncClient, clock: Clock, database: Database
) -> None:
    await log_in(browser)
    token = browser.cookies[COOKIE]

    def confirmed() -> bool:
        with database.read() as session:
            actor = actor_for_token(session, token, now=clock.at)
        assert actor is not None
        try:
            require_confirmed(actor, now=clock.at)
        except ConfirmationNeeded:
            return False
        return True

    assert confirmed()
    clock.at += timedelta(minutes=11)
    assert not confirmed()
    answer = await browser.post("/auth/confirm", data={"password": "wrong"})
    assert answer.status_code == 403 and not confirmed()
    answer = await browser.post("/auth/confirm", data={"password": PASSWORD})
    assert answer.status_code == 204 and confirmed()
    clock.at += timedelta(minutes=11)
    assert not confirmed()
    secret, _ = await set_up(browser, clock)
    token = browser.cookies[COOKIE]
    clock.at += timedelta(minutes=11)
    answer = await browser.post("/auth/confirm", data={"password": PASSWORD})  # not enough now
    assert answer.status_code == 403 and not confirmed()
    answer = await browser.post("/auth/confirm", data={"code": code_of(secret, clock)})
    assert answer.status_code == 204 and confirmed()
    answer = await browser.post("/auth/confirm", data={"code": code_of(secret, clock)})
    assert answer.status_code == 403
    browser.cookies.clear()
    assert (await browser.post("/auth/confirm", data={"password": PASSWORD})).status_code == 401


def test_programs_are_not_asked_to_confirm() -> None:
    require_confirmed(None, now=utcnow())
    require_confirmed(Actor(0, "API key ci", Role.ADMIN), now=utcnow())


def test_an_open_session_of_elsewhere_ends_when_the_factor_is_set_up(
    database: Database, anna: int
) -> None:
    secret, now = commands.new_secret(), utcnow()
    with database.write() as session:
        token: Any = open_session(session, anna, now=now)
        code = TOTP(key=secret, format="base32").generate(time=now.timestamp()).token
        commands.set_up(session, anna, secret, code, now=now)
    with database.read() as session:
        assert actor_for_token(session, token, now=now) is None
