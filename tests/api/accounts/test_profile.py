"""The forms of the profile, through the edge, as browsers and strangers reach them."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlmodel import select

from tests.api.accounts.test_auth import log_in, post
from tests.api.browsers import EMAIL, PASSWORD, add_anna, open_browser
from webmon.api.accounts import auth, profile
from webmon.clock import utcnow
from webmon.commands.accounts import users
from webmon.commands.accounts.logins import open_session
from webmon.commands.accounts.passwords import hash_password
from webmon.commands.slack import links
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.sessions import COOKIE, shown_id, token_hash
from webmon.models import Activity, LoginSession, User
from webmon.queries.own_profile import own_profile

pytestmark = pytest.mark.usefixtures("cheap_passwords", "database", "anna")
NEW = "a staple of batteries"
CHANGE = {"current": PASSWORD, "password": NEW, "password_again": NEW}


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(auth, profile) as client:
        yield client


@pytest.fixture
def anna(database: Database, cheap_passwords: None) -> int:
    return add_anna(database, Role.VIEWER)


def sign_in_elsewhere(database: Database, user_id: int, browser: str = "") -> str:
    with database.write() as session:
        return open_session(session, user_id, address="192.0.2.7", browser=browser, now=utcnow())


def live(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.exec(select(LoginSession.token_hash)))


def stored(database: Database) -> Any:
    with database.read() as session:
        return session.exec(select(User)).one()


FORMS = {
    "/auth/profile": {"name": "Eve"},
    "/auth/password": CHANGE,
    "/auth/sessions/end": {"which": "others"},
    "/auth/mails": {"mails": "reminders"},
}


@pytest.mark.parametrize("path", FORMS)
async def test_without_a_session_nothing_changes(
    browser: httpx.AsyncClient, database: Database, anna: int, path: str
) -> None:
    token, before = sign_in_elsewhere(database, anna), stored(database)
    browser.cookies.set(COOKIE, "made-up", domain="status.example")
    assert await post(browser, path, **FORMS[path]) == "/login/"
    assert live(database) == {token_hash(token)}
    assert stored(database) == before
    browser.cookies.set(COOKIE, token, domain="status.example")  # the key to the same door
    assert "done=" in await post(browser, path, **FORMS[path])


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_of_another_site_changes_nothing(
    browser: httpx.AsyncClient, database: Database, anna: int, path: str
) -> None:
    browser.cookies.set(COOKIE, sign_in_elsewhere(database, anna), domain="status.example")
    other, before = sign_in_elsewhere(database, anna), stored(database)
    headers = {"origin": "http://evil.example"}
    await browser.post(path, data=FORMS[path], headers=headers)
    assert stored(database) == before and token_hash(other) in live(database)
    assert (await browser.get(path)).status_code == 405


async def test_name_timezone_and_theme_are_kept(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await log_in(browser)
    form = {"name": " Anna ", "timezone": "Europe/London", "theme": "dark"}
    assert await post(browser, "/auth/profile", **form) == "/admin/profile/?done=profile"
    user = stored(database)
    assert (user.name, user.timezone, user.theme) == ("Anna", "Europe/London", "dark")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "x" * 101}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"theme": "x" * 5000}, "theme"),
    ],
)
async def test_what_cannot_be_is_refused(
    browser: httpx.AsyncClient, database: Database, form: dict[str, str], field: str
) -> None:
    await log_in(browser)
    assert await post(browser, "/auth/profile", **form) == f"/admin/profile/?error={field}"
    assert stored(database).name == ""


async def test_one_chooses_which_mails_one_gets(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await log_in(browser)
    wanted = {"mails": ["outages", "downtimes"]}
    assert await post(browser, "/auth/mails", **wanted) == "/admin/profile/?done=mails"
    assert stored(database).unwanted_mails == ["reminders"]
    assert await post(browser, "/auth/mails", mails="x" * 9000) == "/admin/profile/?error=mails"
    assert stored(database).unwanted_mails == ["reminders"]
    assert await post(browser, "/auth/mails") == "/admin/profile/?done=mails"
    assert stored(database).unwanted_mails == ["outages", "reminders", "downtimes"]
    with database.read() as session:
        entries = session.exec(select(Activity).where(Activity.verb == "changed")).all()
    assert [each.changes["unwanted_mails"] for each in entries] == [
        [None, ["reminders"]],
        [["reminders"], ["outages", "reminders", "downtimes"]],
    ]


async def test_a_new_password_signs_out_everywhere_else(
    browser: httpx.AsyncClient, database: Database, anna: int
) -> None:
    await log_in(browser)
    before = {browser.cookies[COOKIE], sign_in_elsewhere(database, anna)}
    assert await post(browser, "/auth/password", **CHANGE) == "/admin/profile/?done=password"
    assert browser.cookies[COOKIE] not in before
    assert live(database) == {token_hash(browser.cookies[COOKIE])}
    assert (await browser.get("/admin/")).text == "admin"
    await post(browser, "/auth/logout")
    assert "wrong" in await log_in(browser)
    assert await log_in(browser, password=NEW) == "/admin/"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"current": "wrong"}, "current"),
        ({"current": ""}, "current"),
        ({"password": "short", "password_again": "short"}, "password_short"),
        ({"password": "password" * 2, "password_again": "password" * 2}, "password_common"),
        ({"password_again": NEW + "x"}, "password_mismatch"),
    ],
)
async def test_a_wrong_form_changes_no_password(
    browser: httpx.AsyncClient, database: Database, form: dict[str, str], code: str
) -> None:
    await log_in(browser)
    before = stored(database).password_hash
    answer = await post(browser, "/auth/password", **(CHANGE | form))
    assert answer == f"/admin/profile/?error={code}"
    assert stored(database).password_hash == before


async def test_the_present_password_is_not_guessed_for_ever(browser: httpx.AsyncClient) -> None:
    await log_in(browser)
    for _ in range(6):
        await post(browser, "/auth/password", **(CHANGE | {"current": "wrong"}))
    assert "error=throttled" in await post(browser, "/auth/password", **CHANGE)


async def test_one_session_or_all_others_are_ended(
    browser: httpx.AsyncClient, database: Database, anna: int
) -> None:
    await log_in(browser)
    own = token_hash(browser.cookies[COOKIE])
    first, second, third = (token_hash(sign_in_elsewhere(database, anna)) for _ in range(3))
    await post(browser, "/auth/sessions/end", which=shown_id(first))
    assert live(database) == {own, second, third}
    assert "error" in await post(browser, "/auth/sessions/end", which=shown_id(own))
    assert "error" in await post(browser, "/auth/sessions/end", which=second)  # a hash is no name
    assert live(database) == {own, second, third}
    await post(browser, "/auth/sessions/end", which="others")
    assert live(database) == {own}


async def test_nobody_ends_anothers_session(browser: httpx.AsyncClient, database: Database) -> None:
    with database.write() as session:
        ben = users.create_user(
            session, "ben@example.org", hash_password(PASSWORD), Role.ADMIN, now=utcnow()
        )
    token = token_hash(sign_in_elsewhere(database, ben))
    await log_in(browser)
    for which in (shown_id(token), "others"):
        await post(browser, "/auth/sessions/end", which=which)
    assert token in live(database)


def test_the_profile_tells_devices_in_plain_words_and_no_hash(
    database: Database, anna: int
) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    token = token_hash(sign_in_elsewhere(database, anna, firefox))
    sign_in_elsewhere(database, anna, "\x00<script>")
    with database.read() as session:
        actor = Actor(anna, EMAIL, Role.VIEWER)
        view = own_profile(session, token, actor=actor, now=utcnow())
    assert [each.is_present for each in view.sessions] == [True, False]
    assert [each.device for each in view.sessions] == ["Firefox on Linux", "an unknown device"]
    assert view.sessions[0].address == "192.0.2.7" and token not in repr(view)


async def test_a_code_for_slack_is_shown_to_who_is_signed_in(
    browser: httpx.AsyncClient, database: Database
) -> None:
    stranger = await browser.post("/auth/slack-code")
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/login/")
    await log_in(browser)
    page = await browser.post("/auth/slack-code")
    assert page.headers["cache-control"] == "no-store"
    (code,) = re.findall(r"/webmon link (\S+)", page.text)
    with database.write() as session:
        assert links.link(session, code, "T1", "U1", now=utcnow()) == EMAIL
