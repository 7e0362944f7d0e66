"""Sign-in by an identity provider, against one that signs real tokens, and lies."""

import logging
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey
from passlib.totp import TOTP
from sqlmodel import select

from tests import factories
from tests.api.accounts.test_auth import log_in
from tests.api.accounts.test_second_factor import codes_in, fields_of
from tests.api.browsers import EMAIL, add_anna, open_browser
from tests.identity_provider import IdentityProvider
from webmon import config
from webmon.api import look
from webmon.api.accounts import auth, oidc, second_factor
from webmon.clock import utcnow
from webmon.commands.accounts import provider as sign_in_by_provider
from webmon.commands.accounts import users
from webmon.commands.installation.outside_apps import save_provider
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.groups import Grant, granted, read_grant
from webmon.domain.accounts.sessions import COOKIE
from webmon.models import LoginSession, SecondFactor, Setting, User, UserNamespace
from webmon.queries.outside_apps import PROVIDER
from webmon.queries.second_factors import PROVIDER_COUNTS, REQUIRED_OF

pytestmark = pytest.mark.usefixtures("cheap_passwords", "database", "anna")
FAILED, STRANGER = "/login/?error=provider", "/login/?error=stranger"


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(auth, oidc, second_factor) as client:
        yield client


@pytest.fixture
def anna(database: Database, cheap_passwords: None) -> int:
    with database.write() as session:
        factories.namespace(session, "iati")
    return add_anna(database)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    with IdentityProvider() as provider:
        for name, value in {
            "ISSUER": provider.issuer,
            "CLIENT_ID": provider.client_id,
            "CLIENT_SECRET": provider.secret,
            "GROUPS": "tools=editor:iati,bosses=admin,readers=viewer",
        }.items():
            monkeypatch.setenv(f"WEBMON_OIDC_{name}", value)
        monkeypatch.setenv("WEBMON_BASE_URL", "http://status.example")
        config.settings.cache_clear()
        yield provider


async def begin(browser: httpx.AsyncClient, provider: IdentityProvider, query: str = "") -> str:
    """The address of the callback, after the person has agreed."""
    away = (await browser.get(f"/auth/oidc{query}")).headers["location"]
    assert away.startswith(f"{provider.issuer}/authorize?")
    asked = parse_qs(urlsplit(away).query)
    assert asked["redirect_uri"] == ["http://status.example/auth/oidc/callback"]
    code, state = provider.code_for(away)
    return f"/auth/oidc/callback?code={code}&state={state}"


async def sign_in(browser: httpx.AsyncClient, provider: IdentityProvider, query: str = "") -> str:
    """Where a whole sign-in leads."""
    answer = await browser.get(await begin(browser, provider, query))
    assert answer.status_code == 303
    return answer.headers["location"]


def people(database: Database) -> dict[str, User]:
    with database.read() as session:
        return {user.email: user for user in session.exec(select(User))}


def sessions(database: Database) -> list[LoginSession]:
    with database.read() as session:
        return list(session.exec(select(LoginSession)).all())


async def test_a_group_gives_role_and_namespaces(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database
) -> None:
    assert await sign_in(browser, provider, "?next=/admin/hosts/") == "/admin/hosts/"
    assert (await browser.get("/admin/")).text == "admin"
    ida = people(database)["ida@example.org"]
    assert (ida.name, ida.role, ida.limited, ida.password_hash) == ("Ida", Role.EDITOR, True, "")
    with database.read() as session:
        assert len(session.exec(select(UserNamespace)).all()) == 1
    assert [each.by_provider for each in sessions(database)] == [True]
    provider.person |= {"groups": ["readers", "bosses"], "email": "other@example.org"}
    await sign_in(browser, provider)
    again = people(database)["ida@example.org"]  # who they are is the subject, not the address
    assert (again.id, again.role, again.limited) == (ida.id, Role.ADMIN, False)
    provider.person["groups"] = ["tools"]
    assert await sign_in(browser, provider) == "/admin/"
    assert people(database)["ida@example.org"].role is Role.EDITOR


LIES: dict[str, dict[str, Any]] = {
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "audience": {"aud": "somebody-else"},
    "no audience": {"aud": None},
    "audiences": {"aud": ["beaconry", "somebody-else"]},
    "issuer": {"iss": "http://evil.example"},
    "no issuer": {"iss": None},
    "expired": {"exp": int(time.time()) - 120},
    "no end": {"exp": None},
    "of the future": {"iat": int(time.time()) + 3600},
    "nobody": {"sub": None},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_token_that_is_not_for_us_signs_nobody_in(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database, lie: str
) -> None:
    provider.claims = LIES[lie]
    assert await sign_in(browser, provider) == FAILED
    assert COOKIE not in browser.cookies and set(people(database)) == {EMAIL}
    assert sessions(database) == []
    provider.claims = {}
    assert await sign_in(browser, provider) == "/admin/"  # the key to the same door


async def test_a_token_with_another_signature_signs_nobody_in(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database
) -> None:
    public = provider.key.as_pem(private=False)
    for key, algorithm in (
        (RSAKey.generate_key(2048), "RS256"),
        (OctKey.import_key("hidden" * 8), "HS256"),
        (OctKey.import_key(public.replace(b"-----", b"")), "HS256"),
    ):
        provider.sign_with = key, algorithm
        assert await sign_in(browser, provider) == FAILED
    assert sessions(database) == []


async def test_another_state_or_browser_or_a_second_time_signs_nobody_in(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database
) -> None:
    back = await begin(browser, provider)
    for wrong in (
        back + "x",
        back.replace("&state=", "&state=x&no="),
        back + "&iss=http://evil.example",
        "/auth/oidc/callback",
    ):
        answer = await browser.get(wrong)
        assert answer.headers["location"] == FAILED
        back = await begin(browser, provider)
    kept = dict(browser.cookies)
    browser.cookies.clear()
    assert (await browser.get(back)).headers["location"] == FAILED  # in another browser
    browser.cookies.update(kept)
    headers = {"cookie": f"{oidc.COOKIE}={kept[oidc.COOKIE]}"}
    browser.cookies.clear()
    assert (await browser.get(back, headers=headers)).headers["location"] == "/admin/"
    browser.cookies.clear()
    exchanges = provider.exchanges
    assert (await browser.get(back, headers=headers)).headers["location"] == FAILED
    assert provider.exchanges == exchanges and len(sessions(database)) == 1


def of_another_process() -> ModuleType:
    """The commands with a memory of their own, as another web process has them."""
    spec = find_spec(sign_in_by_provider.__name__)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_another_web_process_knows_what_was_used(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database
) -> None:
    back = await begin(browser, provider)
    cookie = browser.cookies[oidc.COOKIE]
    assert (await browser.get(back)).headers["location"] == "/admin/"
    assert oidc.COOKIE not in browser.cookies
    asked, other = parse_qs(urlsplit(back).query), of_another_process()
    code, state, where = asked["code"][0], asked["state"][0], {"address": "", "browser": ""}
    with pytest.raises(other.ProviderError, match="used already"):
        other.arrive(cookie, code, state, "", **where, now=utcnow())
    assert provider.exchanges == 1 and len(sessions(database)) == 1


def confirmed(database: Database) -> bool:
    return any(each.confirmed_at for each in sessions(database))


async def test_who_has_no_password_proves_again_at_the_provider_who_they_are(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database
) -> None:
    again = "?again=1&next=/admin/users/"
    assert (await browser.get(f"/auth/oidc{again}")).headers["location"].startswith("/login/")
    await sign_in(browser, provider)
    token = browser.cookies[COOKIE]
    away = (await browser.get(f"/auth/oidc{again}")).headers["location"]
    asked = parse_qs(urlsplit(away).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    now = int(time.time())
    for lie in (
        {},  # it does not say when it has asked them
        {"auth_time": now - 600},  # it has not asked them now
        {"auth_time": True},
        {"auth_time": now, "sub": "18", "email": EMAIL},  # somebody else has answered
        {"auth_time": now, "nonce": "another"},
    ):
        provider.claims = lie
        answer = await browser.get(await begin(browser, provider, again))
        assert "has not confirmed who you are" in answer.text and not confirmed(database)
    provider.claims = {"auth_time": now}
    assert await sign_in(browser, provider, again) == "/admin/users/"
    assert confirmed(database) and browser.cookies[COOKIE] == token
    assert len(sessions(database)) == 1 and EMAIL in people(database)


def required(database: Database, roles: str, *, provider_counts: bool = False) -> None:
    with database.write() as session:
        session.merge(Setting(name=REQUIRED_OF, value=roles))
        session.merge(Setting(name=PROVIDER_COUNTS, value=str(provider_counts)))


async def get_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/admin/")).status_code == 200


def form_of(page: str, **more: str) -> dict[str, str]:
    fields = fields_of(page)
    code = str(TOTP(key=fields.pop("secret"), format="base32").generate().token)
    return fields | {"code": code} | more


async def test_a_required_factor_is_set_up_and_asked_for_after_the_provider_too(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database
) -> None:
    await sign_in(browser, provider)
    assert await get_in(browser)
    required(database, "editor")
    assert not await get_in(browser), "an open session of the provider's ends as well"
    required(database, "editor", provider_counts=True)
    assert await get_in(browser)
    required(database, "editor")
    browser.cookies.clear()
    assert await sign_in(browser, provider) == "/auth/second-factor?next=%2Fadmin%2F"
    assert COOKIE not in browser.cookies and not await get_in(browser)
    page = (await browser.get("/auth/second-factor")).text
    assert "Your role needs one" in page and 'name="password"' not in page
    answer = await browser.post("/auth/second-factor", data=form_of(page))
    codes = codes_in(answer.text)
    assert len(codes) == 10 and await get_in(browser)
    assert {each.by_provider for each in sessions(database)} == {True}

    browser.cookies.clear()
    assert await sign_in(browser, provider) == "/auth/code?next=%2Fadmin%2F"
    assert not await get_in(browser)
    assert (await browser.post("/auth/code", data={"code": "000000"})).status_code == 403
    assert (await browser.post("/auth/code", data={"code": codes[0]})).status_code == 303
    assert await get_in(browser)
    provider.claims = {"auth_time": int(time.time())}
    answer = await browser.get(await begin(browser, provider, "?again=1"))
    assert "has not confirmed" in answer.text and not confirmed(database), "the code is asked for"

    required(database, "editor", provider_counts=True)
    browser.cookies.clear()
    assert await sign_in(browser, provider) == "/admin/" and await get_in(browser)


async def test_who_has_no_password_sets_up_a_factor_once_the_provider_has_asked_them(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database
) -> None:
    await sign_in(browser, provider)
    page = (await browser.get("/auth/second-factor")).text
    assert 'name="password"' not in page
    form = form_of(page, password="hidden")
    with database.write() as session:
        session.exec(select(LoginSession)).one().created_at -= timedelta(minutes=11)
    for answer in (
        await browser.get("/auth/second-factor"),
        await browser.post("/auth/second-factor", data=form),
    ):
        assert "/auth/oidc?again=1&amp;next=/auth/second-factor" in answer.text
        assert 'name="sealed"' not in answer.text
    with database.read() as session:
        assert session.exec(select(SecondFactor)).all() == []
    provider.claims = {"auth_time": int(time.time())}
    onwards = await sign_in(browser, provider, "?again=1&next=/auth/second-factor")
    assert onwards == "/auth/second-factor"
    form = form_of((await browser.get(onwards)).text)
    assert len(codes_in((await browser.post("/auth/second-factor", data=form)).text)) == 10
    assert [each.by_provider for each in sessions(database)] == [True]


async def test_who_is_in_no_group_or_is_deactivated_may_not_sign_in(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database
) -> None:
    for person in ({"groups": ["others"]}, {"groups": None}, {"groups": "bosses"}):
        provider.claims = person
        assert await sign_in(browser, provider) == STRANGER
    provider.claims = {"email_verified": False}
    assert await sign_in(browser, provider) == STRANGER
    assert set(people(database)) == {EMAIL}
    provider.claims = {}
    await sign_in(browser, provider)
    with database.write() as session:
        ida = session.exec(select(User).where(User.email == "ida@example.org")).one()
        users.disable_user(session, ida.id, actor=None, now=utcnow())
    browser.cookies.clear()
    assert await sign_in(browser, provider) == STRANGER and sessions(database) == []


async def test_a_local_admin_always_gets_in_and_stays_one(
    browser: httpx.AsyncClient, provider: IdentityProvider, database: Database
) -> None:
    assert await log_in(browser) == "/admin/"
    provider.person = {"sub": "1", "email": EMAIL, "email_verified": False, "groups": ["readers"]}
    assert await sign_in(browser, provider) == STRANGER  # an address that nobody has verified
    provider.person["email_verified"] = True
    assert await sign_in(browser, provider) == "/admin/"
    anna = people(database)[EMAIL]
    assert anna.role is Role.ADMIN and anna.password_hash and len(people(database)) == 1
    provider.__exit__()
    assert (await browser.get("/auth/oidc")).headers["location"] == FAILED
    browser.cookies.clear()
    assert await log_in(browser) == "/admin/"


async def test_nothing_secret_is_told(
    browser: httpx.AsyncClient, provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="webmon"):
        provider.claims = {"nonce": "another"}
        await sign_in(browser, provider)
    assert "signed nobody in" in caplog.text
    assert "hidden" not in caplog.text and "eyJ" not in caplog.text


async def test_without_a_provider_there_is_no_such_way(browser: httpx.AsyncClient) -> None:
    for path in ("/auth/oidc", "/auth/oidc/callback?code=a&state=b"):
        assert (await browser.get(path)).status_code == 404
    assert oidc.link_html() == ""


async def test_a_provider_that_is_set_in_the_app_counts_at_once(
    browser: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBMON_BASE_URL", "http://status.example")
    config.settings.cache_clear()
    with IdentityProvider() as provider:
        fields = {
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "client_secret": provider.secret,
            "groups": "tools=editor:iati",
        }
        with database.write() as session:
            save_provider(session, fields, actor=None, now=utcnow())
            assert provider.secret not in session.get_one(Setting, PROVIDER).value
        look.forget()
        assert "/auth/oidc" in oidc.link_html()
        assert await sign_in(browser, provider) == "/admin/"
        assert people(database)["ida@example.org"].role is Role.EDITOR


def test_the_highest_role_counts_where_it_is_given() -> None:
    grants = dict(map(read_grant, ["a=viewer", "b=editor:x+y", "c=editor:z", "d=admin"]))
    assert granted(["a", "b", "c"], grants) == Grant(Role.EDITOR, ("x", "y", "z"))
    assert granted(["b", "d"], grants) == Grant(Role.ADMIN)
    assert granted(["e"], grants) is None
    for wrong in ("a", "a=boss", "=admin", "a=editor:"):
        with pytest.raises(ValueError, match=r"must be|a role is"):
            read_grant(wrong)
