"""The settings of the installation, through the edge: who may change what, and what it does."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlmodel import select

from pages.admin.settings.state import why_refused
from tests import factories
from tests.api.accounts.test_auth import log_in, post
from tests.api.browsers import EMAIL, PASSWORD, add_anna, open_browser
from webmon import config
from webmon.api import look
from webmon.api.accounts import auth, profile
from webmon.api.admin import logos, settings
from webmon.api.public import logo
from webmon.clock import utcnow
from webmon.commands.accounts.logins import open_session
from webmon.commands.installation.settings import save_settings
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.sessions import COOKIE
from webmon.domain.colours import DARK_PAGE, LIGHT_PAGE, accent_css, checked_accent, contrast
from webmon.edge import own_address
from webmon.errors import ConfirmationNeeded
from webmon.models import Activity, Letter, LoginSession, SecondFactor, Setting
from webmon.queries import outside_apps
from webmon.queries.accounts import actor_for_token
from webmon.queries.installation import admin_settings, installation, status_page

pytestmark = pytest.mark.usefixtures("cheap_passwords", "database", "anna")
FORM = {"site_name": "IATI tools", "accent": "#B3541E", "session_days": "30"}
SAVED = "/admin/settings/?done=saved"


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(auth, profile, settings, logos, logo) as client:
        yield client


@pytest.fixture
def anna(database: Database, cheap_passwords: None) -> int:
    return add_anna(database)


def present(database: Database) -> Any:
    with database.read() as session:
        return installation(session)


async def test_the_public_page_has_an_address_of_its_own_where_nothing_else_is_served(
    browser: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_address, "FRESH_SECONDS", 0)
    await log_in(browser)
    own = {"public_address": "https://Tools.example/"}
    refused = "/admin/settings/?error=public_address"
    assert await post(browser, "/auth/settings", **own) == refused, "no WEBMON_BASE_URL"
    monkeypatch.setenv("WEBMON_BASE_URL", "http://status.example")
    config.settings.cache_clear()
    for wrong in ("http://status.example:8443", "tools.example", "https://tools.example/x"):
        assert await post(browser, "/auth/settings", public_address=wrong) == refused
    assert await post(browser, "/auth/settings", **own) == SAVED
    with database.read() as session:
        assert status_page(session, "iati") == "https://tools.example/status/?namespace=iati"
    there = {"host": "tools.example"}
    assert (await browser.get("/", headers=there)).headers["location"] == "/status/"
    for path, leads_to in (
        ("/admin/", "http://status.example/admin/"),
        ("/login/", "http://status.example/login/"),
    ):
        assert (await browser.get(path, headers=there)).headers["location"] == leads_to
    for path in ("/admin/hosts/", "/admin/api/find", "/metrics", "/api/v1/hosts", "/setup/"):
        assert (await browser.get(path, headers=there)).status_code == 404
    answer = await browser.post("/auth/settings", data=FORM, headers=there)
    assert answer.status_code == 404
    assert (await browser.get("/admin/")).text == "admin"
    monkeypatch.setenv("WEBMON_PUBLIC_ADDRESS", "https://set.example")
    config.settings.cache_clear()
    assert present(database).public_address == "https://set.example"
    assert "public_address" in present(database).locked


APP = {"name": "IATI workspace", "secret": "s3cret-of-slack"}
PROVIDER = {
    "issuer": "https://id.example/realms/tools",
    "client_id": "beaconry",
    "client_secret": "s3cret-of-oidc",
    "groups": "admins=admin, team=editor:iati",
}


async def test_slack_apps_and_the_provider_are_set_and_their_secrets_never_shown(
    browser: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, page = "/auth/settings/provider", "/admin/settings/"
    await log_in(browser)
    assert await post(browser, "/auth/settings/slack-app", **APP) == f"{page}?done=slack_app"
    assert await post(browser, there, **PROVIDER) == f"{page}?done=provider"
    for wrong, field in (
        ({"issuer": "id.example"}, "issuer"),
        ({"groups": "team=root"}, "groups"),
        ({"client_id": ""}, "client_id"),
        ({"issuer": "https://evil.example", "client_secret": ""}, "client_secret"),
    ):
        assert await post(browser, there, **(PROVIDER | wrong)) == f"{page}?error={field}"
    assert await post(browser, "/auth/settings/slack-app", name="x") == f"{page}?error=secret"
    changed = PROVIDER | {"client_secret": "", "client_id": "other"}
    assert await post(browser, there, **changed) == f"{page}?done=provider"
    with database.read() as session:
        now = outside_apps.provider(session)
        view = admin_settings(session, actor=Actor(1, EMAIL, Role.ADMIN))
        told = repr(session.exec(select(Activity)).all()) + repr(
            session.exec(select(Setting)).all()
        )
        assert outside_apps.slack_secrets(session) == ["s3cret-of-slack"]
    assert (now.client_id, now.client_secret) == ("other", "s3cret-of-oidc")
    assert (view.slack_apps, view.issuer) == (("IATI workspace",), PROVIDER["issuer"])
    assert view.has_client_secret and "s3cret" not in repr(view) + told
    assert "another secret" not in told and told.count("a secret") == 2

    gone = await post(browser, "/auth/settings/slack-app/remove", name="IATI workspace")
    assert gone == f"{page}?done=slack_app_removed"
    assert await post(browser, there) == f"{page}?done=provider"
    with database.read() as session:
        assert outside_apps.provider(session) == outside_apps.Provider()
        assert outside_apps.slack_secrets(session) == []
    monkeypatch.setenv("WEBMON_SLACK_SIGNING_SECRET", "set-outside")
    monkeypatch.setenv("WEBMON_OIDC_ISSUER", "https://outside.example")
    config.settings.cache_clear()
    assert await post(browser, "/auth/settings/slack-app", **APP) == f"{page}?error=locked"
    assert await post(browser, there, **PROVIDER) == f"{page}?error=locked"
    with database.read() as session:
        view = admin_settings(session, actor=Actor(1, EMAIL, Role.ADMIN))
    assert (view.issuer, view.provider_locked, view.slack_locked) == (
        "https://outside.example", True, True,
    )  # fmt: skip


PNG = b"\x89PNG\r\n\x1a\n" + b"a picture"


async def test_a_logo_is_a_picture_and_shown_where_its_namespace_is(
    browser: httpx.AsyncClient, database: Database, anna: int
) -> None:
    with database.write() as session:
        iati, di = (factories.namespace(session, slug).id for slug in ("iati", "di"))
        for namespace, public in ((iati, True), (di, False)):
            host = factories.host(session, f"Of {namespace}", namespace_id=namespace, public=public)
            factories.service(session, host_id=host.id)
    here, page = {"origin": "http://status.example"}, "/admin/settings/"

    async def send(picture: bytes, **fields: str) -> str:
        files = {"file": ("logo.png", picture, "image/png")}
        answer = await browser.post("/admin/api/logo", data=fields, files=files, headers=here)
        return answer.headers.get("location", str(answer.status_code))

    assert (await send(PNG)).startswith("/login/")
    await log_in(browser)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for wrong, namespace in ((svg, ""), (b"", ""), (PNG + bytes(200_000), ""), (PNG, "gone")):
        assert await send(wrong, namespace=namespace) == f"{page}?error=logo"
    assert await send(PNG + bytes(300_000)) == "413"
    for namespace in ("", "iati", "di"):
        assert await send(PNG + namespace.encode(), namespace=namespace) == f"{page}?done=logo"
    shown = look.in_look('<div id="brand"></div>', "iati")
    address = re.search(r'<img src="(/status/logo[^"]+)" alt="">', shown).group(1)
    answer = await browser.get(address.replace("&amp;", "&"))
    assert (answer.content, answer.headers["content-type"]) == (PNG + b"iati", "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = {"if-none-match": answer.headers["etag"]}
    assert (await browser.get("/status/logo?namespace=iati", headers=again)).status_code == 304
    assert (await browser.get("/status/logo")).content == PNG
    for hidden in ("di", "gone"):
        assert (await browser.get(f"/status/logo?namespace={hidden}")).status_code == 404
    assert await send(b"", namespace="", remove="yes") == f"{page}?done=logo"
    assert (await browser.get("/status/logo")).status_code == 404
    with database.read() as session:
        view = admin_settings(session, actor=Actor(1, EMAIL, Role.ADMIN))
        entries = session.exec(select(Activity).where(Activity.name.startswith("the logo"))).all()
    assert sorted(view.logos) == ["DI", "IATI"]
    assert [each.verb for each in entries] == ["changed"] * 4
    with database.write() as session:
        token = open_session(session, anna, now=utcnow() - timedelta(minutes=11))
    browser.cookies.clear()
    browser.cookies.set(COOKIE, token, domain="status.example")
    assert await send(PNG) == f"{page}?error=confirm"


async def test_an_admin_sets_name_colour_and_the_rest(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await log_in(browser)
    form = FORM | {
        "raw_retention_days": "7",
        "hourly_retention_days": "90",
        "connectivity_targets": "192.0.2.1:53, [2001:db8::1]:53",
        "provider_factor_counts": "true",
    }
    assert await post(browser, "/auth/settings", **form) == SAVED
    now = present(database)
    assert (now.site_name, now.accent, now.session_days) == ("IATI tools", "#b3541e", 30)
    assert (now.raw_retention_days, now.hourly_retention_days) == (7, 90)
    assert now.provider_factor_counts is True
    assert now.connectivity_targets == ("192.0.2.1:53", "[2001:db8::1]:53")
    page = look.in_look('<head></head><div id="brand"></div>')
    assert ">IATI tools</a>" in page and "--accent:#b3541e" in page
    await post(browser, "/auth/logout")
    answer = await browser.post("/auth/login", data={"email": EMAIL, "password": PASSWORD})
    assert f"{COOKIE}=" in answer.headers["set-cookie"]
    assert f"Max-Age={30 * 86400}" in answer.headers["set-cookie"]
    with database.read() as session:
        [live] = session.exec(select(LoginSession)).all()
        [entry] = session.exec(
            select(Activity).where(Activity.verb == "changed the settings of")
        ).all()
    assert live.expires_at - live.created_at == timedelta(days=30)
    assert entry.actor == EMAIL and entry.changes["site_name"] == ["", "IATI tools"]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"site_name": "x" * 61}, "site_name"),
        ({"site_name": "a\nb"}, "site_name"),
        ({"accent": "red"}, "accent"),
        ({"accent": "#ffff00"}, "accent"),
        ({"accent": "#1b4f8f}body{display:none"}, "accent"),
        ({"raw_retention_days": "0"}, "raw_retention_days"),
        ({"raw_retention_days": "abc"}, "raw_retention_days"),
        ({"hourly_retention_days": "9" * 30}, "hourly_retention_days"),
        ({"session_days": "400"}, "session_days"),
        ({"connectivity_targets": "example.org"}, "connectivity_targets"),
        ({"connectivity_targets": "example.org:²"}, "connectivity_targets"),
        ({"second_factor_roles": "root"}, "second_factor_roles"),
        ({"second_factor_roles": "admin"}, "second_factor_roles"),  # who asks has none
    ],
)
async def test_what_cannot_be_is_refused_whole(
    browser: httpx.AsyncClient, database: Database, form: dict[str, str], field: str
) -> None:
    await log_in(browser)
    before = present(database)
    answer = await post(browser, "/auth/settings", **(FORM | form))
    shown = "&" + urlencode({"accent": form["accent"][:20]}) if field == "accent" else ""
    assert answer == f"/admin/settings/?error={field}{shown}" and present(database) == before


async def test_what_the_environment_sets_is_locked(
    browser: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBMON_RAW_RETENTION_DAYS", "3")
    monkeypatch.setenv("WEBMON_SMTP_URL", "smtp://me:geheim@mail.example.org:587")
    config.settings.cache_clear()
    await log_in(browser)
    assert await post(browser, "/auth/settings", **FORM, raw_retention_days="7") == SAVED
    assert present(database).raw_retention_days == 3
    with database.read() as session:
        view = admin_settings(session, actor=Actor(1, EMAIL, Role.ADMIN))
    assert view.locked == ("raw_retention_days",) and view.raw_retention_days == "3"
    assert view.mail == "smtp://mail.example.org:587" and "geheim" not in repr(view)


@pytest.mark.parametrize(
    ("role", "limited"), [("editor", False), ("viewer", False), ("admin", True)]
)
async def test_others_neither_see_nor_change_them(
    browser: httpx.AsyncClient, database: Database, role: str, limited: bool
) -> None:
    with database.write() as session:
        ids = (factories.namespace(session, "iati").id,) if limited else ()
        user = factories.user(session, "ben@example.org", Role(role), namespace_ids=ids)
        actor = Actor(user.id, user.email, user.role, frozenset(ids) if limited else None)
        token = open_session(session, user.id, now=utcnow())
        assert admin_settings(session, actor=actor).site_name == ""
        assert not admin_settings(session, actor=actor).may_manage
    before = present(database)
    browser.cookies.set(COOKIE, token, domain="status.example")
    for path in (
        *("/auth/settings", "/auth/settings/test-mail", "/auth/settings/provider"),
        *("/auth/settings/slack-app", "/auth/settings/slack-app/remove"),
    ):
        if path.endswith("mail") and limited:
            continue
        assert await post(browser, path, **FORM) == "/login/"
    assert present(database) == before
    browser.cookies.clear()
    assert await post(browser, "/auth/settings", **FORM) == "/login/"
    await log_in(browser)  # the key to the same door
    assert await post(browser, "/auth/settings", **FORM) == SAVED


async def test_who_has_not_lately_said_who_they_are_is_asked(
    browser: httpx.AsyncClient, database: Database, anna: int
) -> None:
    with database.write() as session:
        token = open_session(session, anna, now=utcnow() - timedelta(minutes=11))
        actor = actor_for_token(session, token, now=utcnow())
        with pytest.raises(ConfirmationNeeded):
            save_settings(session, {}, actor=actor, now=utcnow())
    browser.cookies.set(COOKIE, token, domain="status.example")
    for path, form in {
        "/auth/settings": FORM,
        "/auth/settings/slack-app": APP,
        "/auth/settings/slack-app/remove": APP,
        "/auth/settings/provider": PROVIDER,
    }.items():
        assert await post(browser, path, **form) == "/admin/settings/?error=confirm"


async def test_requiring_a_second_factor_shuts_out_who_has_none(
    browser: httpx.AsyncClient, database: Database, anna: int
) -> None:
    with database.write() as session:
        ben = factories.user(session, "ben@example.org", Role.ADMIN)
        token = open_session(session, ben.id, now=utcnow())
        session.add(SecondFactor(user_id=anna, secret="-", last_counter=0, created_at=utcnow()))
        own = open_session(session, anna, now=utcnow())
    browser.cookies.set(COOKIE, own, domain="status.example")
    answer = await browser.post(
        "/auth/settings", data=FORM | {"second_factor_roles": ["admin", "editor"]}
    )
    assert answer.headers["location"] == SAVED
    with database.read() as session:
        assert actor_for_token(session, token, now=utcnow()) is None
        assert actor_for_token(session, own, now=utcnow()) is not None


async def test_a_test_mail_goes_to_who_asks(
    browser: httpx.AsyncClient, database: Database, anna: int
) -> None:
    await log_in(browser)
    assert await post(browser, "/auth/settings/test-mail") == "/admin/settings/?done=test"
    with database.read() as session:
        [letter] = session.exec(select(Letter)).all()
        view = admin_settings(session, actor=Actor(anna, EMAIL, Role.ADMIN))
    assert letter.user_id == anna and view.last_test == "The test is on its way."


@pytest.mark.parametrize("colour", ["#1b4f8f", "#b3541e", "#000000", "#7a3e9d", "#0000ff"])
def test_every_colour_that_is_taken_can_be_read_by_day_and_by_night(colour: str) -> None:
    assert contrast(checked_accent(colour), LIGHT_PAGE) >= 4.5
    night = accent_css(colour).rpartition("--accent:")[2][:7]
    assert contrast(night, DARK_PAGE) >= 4.5


def test_a_pale_colour_is_refused_with_one_that_would_do() -> None:
    with pytest.raises(ValueError, match=r"1\.3 to 1.*4\.5 to 1; #[0-9a-f]{6} would do") as caught:
        checked_accent("#ffcc00")
    assert contrast(str(caught.value).partition("; ")[2][:7], LIGHT_PAGE) >= 4.5
    assert "its contrast is 1.3 to 1" in why_refused("#ffcc00")
    assert why_refused("<b>") == "The accent colour must be a colour such as #1b4f8f."
    assert why_refused("") == why_refused("#1b4f8f") == ""
