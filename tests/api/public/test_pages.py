"""What the server writes into the built pages; everything in it is escaped."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import update

from tests import factories
from tests.clock import MINUTE, NOW
from webmon import clock, db
from webmon.api.public import kept_snapshots as snapshots_module
from webmon.api.public import pages as public_pages
from webmon.api.public.kept_snapshots import Snapshots
from webmon.domain.checks.status import Status
from webmon.models import Namespace, ServiceState

HOSTILE = 'Data</script><script>alert("x")</script>&'
SHELL = "<html><head><title>x</title></head><body>{}</body></html>"


@pytest.fixture
async def client(database: db.Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    pages = {"status": "board", "login": "alert next forgotten provider"}
    pages |= dict.fromkeys(("setup", "invite"), "alert token")
    for name, slots in pages.items():
        (tmp_path / name).mkdir()
        divs = "".join(f'<div class="slot" id="{slot}"></div>' for slot in slots.split())
        field = '<input name="email" id="email" type="email"/>'
        (tmp_path / name / "index.html").write_text(SHELL.format(divs + field))
    with database.write() as session:
        space = factories.namespace(session, "iati", name="IA & TI")
        factories.namespace(session, "di")
        host = factories.host(session, HOSTILE, namespace_id=space.id)
        factories.service(session, "<b>Web</b>", host_id=host.id, status=Status.DOWN)
    app = FastAPI()
    app.include_router(public_pages.router(Snapshots(), tmp_path))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        yield client


def _board(page: str) -> str:
    found = re.search(r'<div class="slot" id="board">(.*)</div><input', page, re.DOTALL)
    assert found
    return found[1]


async def test_a_namespace_s_page_has_its_own_colour(
    client: httpx.AsyncClient, database: db.Database
) -> None:
    with database.write() as session:
        session.execute(update(Namespace).where(Namespace.slug == "iati").values(accent="#b3541e"))
    assert "--accent:#b3541e" in (await client.get("/status/?namespace=iati")).text
    for other in ("/status/", "/status/?namespace=nobody", "/login/"):
        assert "--accent" not in (await client.get(other)).text


async def test_the_status_page_holds_the_board(client: httpx.AsyncClient) -> None:
    answer = await client.get("/status/")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Data&lt;/script&gt;&lt;script&gt;alert(&quot;x&quot;)" in _board(answer.text)
    assert "&lt;b&gt;Web&lt;/b&gt;" in _board(answer.text)
    assert "IA &amp; TI" in _board(answer.text)
    assert "<script" not in answer.text


@pytest.mark.parametrize("namespace", ["", "iati", "di", "nowhere"])
async def test_the_part_that_is_refreshed_is_the_board_of_the_page(
    client: httpx.AsyncClient, namespace: str
) -> None:
    page = await client.get("/status/", params={"namespace": namespace})
    part = await client.get("/status/", params={"namespace": namespace, "part": "board"})
    assert part.status_code == page.status_code
    assert part.text == _board(page.text)


async def test_the_part_is_kept_by_its_tag_and_by_caches_on_the_way(
    client: httpx.AsyncClient,
) -> None:
    part = await client.get("/status/?part=board")
    assert part.headers["cache-control"] == "public, max-age=15"
    assert part.headers["content-type"] == "text/html; charset=utf-8"
    assert part.headers["content-encoding"] == "gzip"
    page = await client.get("/status/")
    assert page.headers["etag"] != part.headers["etag"]
    again = {"If-None-Match": part.headers["etag"]}
    assert (await client.get("/status/?part=board", headers=again)).status_code == 304


async def test_old_statuses_are_not_shown_as_if_they_were_fresh(
    client: httpx.AsyncClient, database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = (await client.get("/status/")).text
    assert "Updated " in fresh
    assert "notice" not in fresh
    with database.write() as session:
        session.exec(update(ServiceState).values(last_checked_at=NOW - MINUTE))
    monkeypatch.setattr(clock, "utcnow", lambda: NOW)
    old = (await client.get("/status/")).text
    assert (
        'Last known state: <time datetime="2026-11-23T09:59:00Z">23 Nov 2026, 09:59:00 UTC</time>'
    ) in old
    assert (
        '<p class="notice" role="alert">These are the statuses of '
        '<time datetime="2026-11-23T09:59:00Z">23 November, 09:59 UTC</time>. '
    ) in old


async def test_the_list_is_filtered_without_javascript(client: httpx.AsyncClient) -> None:
    page = (await client.get("/status/?namespace=di")).text
    assert "<h1>Nothing is watched in DI yet</h1>" in page
    assert '<a href="/status/?namespace=di" aria-current="page">' in page


async def test_the_page_of_an_unknown_namespace_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/status/", params={"namespace": "<b>"})
    assert answer.status_code == 404
    assert "There is no namespace “&lt;b&gt;”" in answer.text


async def test_the_page_is_there_when_the_database_is_not(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no route to the database")

    monkeypatch.setattr(snapshots_module, "public_status", broken)
    for address in ("/status/", "/status/?part=board"):
        answer = await client.get(address)
        assert answer.status_code == 503
        assert answer.headers["cache-control"] == "no-store"
        assert "The status cannot be read at the moment" in answer.text


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("/login/?error=wrong", "The e-mail address or the password is wrong."),
        ("/login/?error=throttled&wait=1", "The next one is possible in 1 second."),
        ("/login/?error=throttled&wait=30", "The next one is possible in 30 seconds."),
        ("/login/?error=throttled&wait=125", "The next one is possible in 3 minutes."),
        ("/setup/?token=t&error=password_short", "The password needs at least 15 characters."),
        ("/setup/?token=t&error=done", "There is an account already."),
        ("/setup/", "This link is not valid"),
        ("/invite/", "This link is not valid or has expired. Ask an admin"),
        ("/invite/?token=t&error=password_mismatch", "The two passwords differ."),
        ("/invite/?token=t&error=password_short_with_factor", "at least 8 characters."),
    ],
)
async def test_what_went_wrong_is_announced(
    client: httpx.AsyncClient, address: str, text: str
) -> None:
    answer = await client.get(address)
    assert answer.headers["cache-control"] == "no-store"
    assert '<p class="alert" role="alert">' in answer.text
    assert text in answer.text


async def test_the_login_keeps_the_page_that_was_asked_for(client: httpx.AsyncClient) -> None:
    answer = await client.get("/login/", params={"next": '/admin/hosts/?search="x"'})
    field = '<input type="hidden" name="next" value="/admin/hosts/?search=&quot;x&quot;">'
    assert field in answer.text
    assert 'name="next"' not in (await client.get("/login/")).text


@pytest.mark.parametrize(
    "address", ["/login/", "/login/?error=nonsense", "/setup/?token=t", "/login/?wait=%C2%B2"]
)
async def test_otherwise_nothing_is(client: httpx.AsyncClient, address: str) -> None:
    answer = await client.get(address)
    assert answer.status_code == 200
    assert "role=" not in answer.text


@pytest.mark.parametrize("page", ["login", "setup"])
async def test_the_address_that_was_typed_stands_in_the_form_again(
    client: httpx.AsyncClient, page: str
) -> None:
    typed = {"error": "wrong", "token": "t", "email": 'a"b@example.org'}
    shown = (await client.get(f"/{page}/", params=typed)).text
    assert 'id="email" value="a&quot;b@example.org" type="email"' in shown


async def test_the_token_of_the_link_goes_into_the_form(client: httpx.AsyncClient) -> None:
    page = (await client.get("/setup/", params={"token": 'a"><b>'})).text
    assert '<input type="hidden" name="token" value="a&quot;&gt;&lt;b&gt;">' in page


def test_a_build_without_the_place_to_fill_is_refused() -> None:
    with pytest.raises(ValueError, match="board"):
        public_pages.fill('<div id="other"></div>', "board", "x")
