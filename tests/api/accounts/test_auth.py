"""The forms: sign in, sign out, set up. Through the edge, as browsers reach them."""

import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from sqlmodel import select

from tests.api.browsers import EMAIL, PASSWORD, add_anna, open_browser
from webmon.api.accounts import auth
from webmon.clock import utcnow
from webmon.commands.accounts import users
from webmon.commands.accounts.password_links import new_link
from webmon.db import Database
from webmon.domain.accounts import throttle
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import COOKIE, DEVICE_COOKIE, token_hash
from webmon.models import LoginSession, User
from webmon.queries.accounts import list_users

AGAIN = f"email={quote(EMAIL)}"
pytestmark = pytest.mark.usefixtures("cheap_passwords", "database")


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(auth, trusted_proxies=1) as client:
        yield client


@pytest.fixture
def anna(database: Database, cheap_passwords: None) -> None:
    add_anna(database, Role.EDITOR)


@pytest.fixture
def setup_token(database: Database) -> str:
    with database.write() as session:
        token = users.new_setup_token(session)
    assert token is not None
    return token


async def post(browser: httpx.AsyncClient, path: str, **form: str) -> str:
    """Where the form's answer leads."""
    answer = await browser.post(path, data=form)
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["location"]


async def log_in(browser: httpx.AsyncClient, **form: str) -> str:
    return await post(browser, "/auth/login", **({"email": EMAIL, "password": PASSWORD} | form))


@pytest.mark.usefixtures("anna")
async def test_signing_in_opens_the_admin_app(browser: httpx.AsyncClient) -> None:
    assert await log_in(browser) == "/admin/"
    assert (await browser.get("/admin/")).text == "admin"


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: httpx.AsyncClient, scheme: str
) -> None:
    answer = await browser.post(
        "/auth/login",
        data={"email": EMAIL, "password": PASSWORD},
        headers={"x-forwarded-proto": scheme},
    )
    expected = {
        COOKIE: {"httponly", "samesite=lax", "path=/", "max-age=1209600"},
        DEVICE_COOKIE: {"httponly", "samesite=lax", "path=/auth/", "max-age=31536000"},
    }
    for cookie in answer.headers.get_list("set-cookie"):
        name, *attributes = cookie.lower().split("; ")
        secure = {"secure"} if scheme == "https" else set()
        assert set(attributes) == expected.pop(name.partition("=")[0]) | secure
    assert not expected


@pytest.mark.usefixtures("anna")
async def test_a_browser_that_signed_in_before_is_not_kept_out_by_others(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log_in(browser)
    known = {"cookie": f"{DEVICE_COOKIE}={browser.cookies[DEVICE_COOKIE]}"}
    browser.cookies.clear()
    for _ in range(7):
        await log_in(browser, password="wrong")
    assert "throttled" in await log_in(browser)
    form = {"email": EMAIL, "password": PASSWORD}
    answer = await browser.post("/auth/login", data=form, headers=known)
    assert answer.headers["location"] == "/admin/"
    monkeypatch.setattr(auth.ANYBODY, "_waiting", auth.WAITING_LOGINS)  # a flood of strangers
    answer = await browser.post("/auth/login", data=form, headers=known)
    assert answer.headers["location"] == "/admin/"


@pytest.mark.usefixtures("anna")
async def test_an_account_under_attack_can_be_signed_in_to_by_who_waits(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FREE_PER_ACCOUNT", 3)
    monkeypatch.setattr(auth, "PATIENCE_SECONDS", 0.2)
    for _ in range(3):
        await log_in(browser, password="wrong")
    began = time.monotonic()
    assert await log_in(browser) == "/admin/"
    assert time.monotonic() - began >= 0.2
    browser.cookies.clear()
    monkeypatch.setattr(auth, "PATIENT_LOGINS", 0)
    assert "throttled" in await log_in(browser, password="wrong")


@pytest.mark.usefixtures("anna")
async def test_the_cookie_is_new_at_every_login(
    browser: httpx.AsyncClient, database: Database
) -> None:
    """A session that somebody else put into the browser is never taken over."""
    browser.cookies.set(COOKIE, "chosen-by-an-attacker", domain="status.example")
    await log_in(browser)
    first = browser.cookies[COOKIE]
    await log_in(browser)
    second = browser.cookies[COOKIE]
    assert len({"chosen-by-an-attacker", first, second}) == 3
    with database.read() as session:
        assert session.exec(select(LoginSession.token_hash)).all() == [token_hash(second)]


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    "form",
    [
        *({"password": "wrong"}, {"email": "nobody@example.org"}, {"email": ""}, {"password": ""}),
        *({"email": "a\x00b@example.org"}, {"email": "\udce4@example.org"}),
    ],
)
async def test_a_wrong_login_says_only_that(
    browser: httpx.AsyncClient, form: dict[str, str]
) -> None:
    body = "&".join(
        f"{name}={quote(value, errors='surrogateescape')}"
        for name, value in ({"email": EMAIL, "password": PASSWORD} | form).items()
    )
    answer = await browser.post(
        "/auth/login",
        content=body,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    page = answer.headers["location"].partition("&")[0]
    assert page == "/login/?error=wrong"
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("anna")
async def test_the_address_that_was_typed_is_shown_again_but_nothing_else_that_was(
    browser: httpx.AsyncClient,
) -> None:
    assert await log_in(browser, password="wrong") == f"/login/?error=wrong&{AGAIN}"
    assert await log_in(browser, email=PASSWORD, password="x") == "/login/?error=wrong"


@pytest.mark.usefixtures("anna")
async def test_too_many_attempts_say_how_long_to_wait(browser: httpx.AsyncClient) -> None:
    for _ in range(6):
        assert await log_in(browser, password="wrong") == f"/login/?error=wrong&{AGAIN}"
    answers = [f"/login/?error=throttled&wait={wait}&{AGAIN}" for wait in "12"]
    assert await log_in(browser) in answers


@pytest.mark.usefixtures("anna")
async def test_the_address_that_is_throttled_is_the_one_behind_the_proxy(
    browser: httpx.AsyncClient,
) -> None:
    form = {"email": EMAIL, "password": PASSWORD}
    for number in range(21):
        form["email"] = f"user{number}@example.org"
        headers = {"x-forwarded-for": f"10.0.0.{number}, 192.0.2.1"}
        await browser.post("/auth/login", data=form, headers=headers)
    form["email"] = EMAIL
    blocked = await browser.post("/auth/login", data=form, headers={"x-forwarded-for": "192.0.2.1"})
    assert blocked.headers["location"].startswith("/login/?error=throttled&wait=")
    free = await browser.post("/auth/login", data=form, headers={"x-forwarded-for": "192.0.2.2"})
    assert free.headers["location"] == "/admin/"


@pytest.mark.usefixtures("anna")
async def test_a_flood_of_logins_is_turned_away(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "WAITING_LOGINS", 0)
    assert await log_in(browser) == f"/login/?error=throttled&wait=10&{AGAIN}"


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    ("wish", "location"),
    [
        ("/admin/hosts/?page=2", "/admin/hosts/?page=2"),
        ("/status/", "/admin/"),
        ("https://evil.example/admin/", "/admin/"),
        ("//evil.example/admin/", "/admin/"),
        ("/admin/..//evil.example", "/admin/"),
        ("/admin/\\evil.example", "/admin/"),
        ("/admin/\r\nset-cookie: a=b", "/admin/"),
        ("/administrator", "/admin/"),
        ("/admin/../../evil", "/admin/"),
        ("/admin/%2e%2E/status/", "/admin/"),
        ("/admin/..%5cevil/", "/admin/"),
        ("/admin/hosts/?q=../..", "/admin/hosts/?q=../.."),
    ],
)
async def test_after_the_login_one_stays_in_the_admin_app(
    browser: httpx.AsyncClient, wish: str, location: str
) -> None:
    assert await log_in(browser, next=wish) == location


@pytest.mark.usefixtures("anna")
async def test_a_wrong_password_does_not_lose_the_page_that_was_asked_for(
    browser: httpx.AsyncClient,
) -> None:
    again = await log_in(browser, password="wrong", next="/admin/hosts/?page=2")
    assert parse_qs(urlsplit(again).query)["next"] == ["/admin/hosts/?page=2"]
    assert "next" not in await log_in(browser, password="wrong", next="//evil.example")


@pytest.mark.usefixtures("anna")
async def test_signing_out_ends_the_session(browser: httpx.AsyncClient) -> None:
    await log_in(browser)
    token = browser.cookies[COOKIE]
    assert await post(browser, "/auth/logout") == "/login/"
    assert COOKIE not in browser.cookies
    browser.cookies.set(COOKIE, token)
    assert (await browser.get("/admin/")).headers["location"] == "/login/"


async def test_signing_out_twice_does_no_harm(browser: httpx.AsyncClient) -> None:
    assert await post(browser, "/auth/logout") == "/login/"


@pytest.mark.usefixtures("anna")
async def test_nothing_is_done_by_following_a_link(browser: httpx.AsyncClient) -> None:
    await log_in(browser)
    for path in ("/auth/logout", "/auth/login", "/auth/setup"):
        assert (await browser.get(path)).status_code == 405
    assert (await browser.get("/admin/")).status_code == 200


async def set_up(browser: httpx.AsyncClient, token: str, **form: str) -> str:
    fields = {"email": EMAIL, "password": PASSWORD, "password_again": PASSWORD, "token": token}
    return await post(browser, "/auth/setup", **(fields | form))


async def test_the_setup_form_makes_the_first_admin_and_signs_in(
    browser: httpx.AsyncClient, database: Database, setup_token: str
) -> None:
    assert await set_up(browser, setup_token) == "/admin/"
    assert (await browser.get("/admin/")).text == "admin"
    with database.read() as session:
        [user] = list_users(session)
    assert (user.email, user.role, user.namespaces) == (EMAIL, Role.ADMIN, ())


async def test_a_program_need_not_repeat_the_password(
    browser: httpx.AsyncClient, setup_token: str
) -> None:
    form = {"token": setup_token, "email": EMAIL, "password": PASSWORD}
    assert await post(browser, "/auth/setup", **form) == "/admin/"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"email": "nonsense"}, "email"),
        ({"password": "short", "password_again": "short"}, "password_short"),
        ({"password": "x" * 1001, "password_again": "x" * 1001}, "password_long"),
        ({"password_again": "correct house battery"}, "password_mismatch"),
    ],
)
async def test_the_setup_form_says_what_is_wrong_and_can_be_sent_again(
    browser: httpx.AsyncClient, setup_token: str, form: dict[str, str], code: str
) -> None:
    typed = "" if code == "email" else f"&{AGAIN}"
    again = f"/setup/?token={setup_token}&error={code}{typed}"
    assert await set_up(browser, setup_token, **form) == again
    assert await set_up(browser, setup_token) == "/admin/"


async def test_a_wrong_setup_link_makes_nobody(
    browser: httpx.AsyncClient, database: Database, setup_token: str
) -> None:
    assert await set_up(browser, f"{setup_token}x") == "/setup/?error=token"
    assert await set_up(browser, "") == "/setup/?error=token"
    with database.read() as session:
        assert session.exec(select(User)).all() == []


async def test_a_used_setup_link_leads_to_the_login(
    browser: httpx.AsyncClient, setup_token: str
) -> None:
    await set_up(browser, setup_token)
    assert await set_up(browser, setup_token, email="eve@example.org") == "/login/"


async def test_a_wrong_setup_link_costs_no_hash(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "hash_password", lambda _: pytest.fail("hashed"))
    assert await set_up(browser, "wrong") == "/setup/?error=token"


async def test_an_invited_person_chooses_a_password_and_is_signed_in(
    browser: httpx.AsyncClient, database: Database
) -> None:
    with database.write() as session:
        fields = {"email": "ida@example.org", "role": Role.VIEWER}
        invited = users.invite_user(session, fields, actor=None, now=utcnow())
        token = new_link(session, invited.id, actor=None, now=utcnow())
    assert await log_in(browser, email="ida@example.org", password="") != "/admin/"
    form = {"token": token, "password": PASSWORD, "password_again": PASSWORD}
    short = await post(browser, "/auth/invite", **form | {"password": "x", "password_again": "x"})
    assert short == f"/invite/?token={token}&error=password_short"
    assert await post(browser, "/auth/invite", **form) == "/admin/"
    assert (await browser.get("/admin/")).text == "admin"
    assert await post(browser, "/auth/invite", **form) == "/invite/?error=token"
    with database.read() as session:
        [row] = session.exec(select(LoginSession)).all()
        assert row.address == "127.0.0.1" and row.browser.startswith("python-httpx")
        assert session.get_one(User, invited.id).last_seen_at is not None
