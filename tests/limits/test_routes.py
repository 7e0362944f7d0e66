"""Every route, asked by nobody and by somebody of IATI alone."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.api.apps import fresh_app
from tests.limits import world
from tests.limits.world import FIRST_HIDDEN, HIDDEN
from webmon.clock import utcnow
from webmon.commands.accounts.logins import open_session
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import COOKIE
from webmon.edge import Edge

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PUBLIC = (
    *(
        "/assets",
        "/status",
        "/login",
        "/setup",
        "/invite",
        "/badge",
        "/healthz",
        "/readyz",
        "/favicon.svg",
    ),
    *("/api/v1/status", "/api/v2", "/api/docs", "/api/openapi.json", "/auth", "/second-factor"),
    *("/api/v1/heartbeats", "/assets"),
)
"""Routes for anybody: they know what is public, and a form is answered by a redirect."""

KEYED = ("/metrics", "/api/v1")
"""Routes for programs, which need a key."""

PRIVATE = ("/admin/api",)

ASKED: dict[str, dict[str, str | int]] = {
    "/admin/api/series": {"service": FIRST_HIDDEN},
    "/admin/api/find": {"text": "hidden"},
}


def routes() -> list[tuple[str, str]]:
    """Method and path of all of them."""
    return [
        (method, each.path)
        for each in _flat(fresh_app().routes)
        for method in sorted((getattr(each, "methods", None) or {"GET"}) - {"HEAD"})
    ]


def _flat(found: Any) -> Iterator[Any]:
    for each in found:
        inner = getattr(each, "original_router", None)
        yield from [each] if inner is None else _flat(inner.routes)


def of_kind(path: str, kind: tuple[str, ...]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in kind)


async def admin(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("nothing here is a page of the admin app")


@pytest.fixture
async def browser(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Edge(admin, fresh_app()))
    async with httpx.AsyncClient(transport=transport, base_url="http://status.example") as client:
        yield client


async def ask(browser: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    """The answer to a request about DI."""
    names = {"id": FIRST_HIDDEN, "namespace": "di", "host": "hidden host"}
    address = path
    while "{" in address:
        start, end = address.index("{"), address.index("}")
        name = address[start + 1 : end].partition(":")[0]
        address = f"{address[:start]}{names.get(name, 'hidden')}{address[end + 1 :]}"
    return await browser.request(method, address, params=ASKED.get(path, {}))


def test_every_route_is_of_a_kind_that_is_asked_about(database: Database) -> None:
    unknown = [path for _, path in routes() if not of_kind(path, (*PUBLIC, *KEYED, *PRIVATE))]
    assert unknown == []
    assert len(routes()) > 30


async def test_nobody_is_told_anything_behind_a_key_or_a_session(
    browser: httpx.AsyncClient, database: Database
) -> None:
    with database.write() as session:
        world.build(session)
        before = world.contents(session)
    for method, path in routes():
        if of_kind(path, PUBLIC):
            continue
        answer = await ask(browser, method, path)
        assert answer.status_code in ((303,) if of_kind(path, PRIVATE) else (401,)), path
        assert not [each for each in HIDDEN[2:] if each in answer.text], path
    with database.read() as session:
        assert world.contents(session) == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
async def test_who_is_limited_to_a_namespace_is_told_nothing_of_the_other(
    browser: httpx.AsyncClient, database: Database, role: Role
) -> None:
    with database.write() as session:
        iati, _ = world.build(session)
        actor = world.actor(session, iati, role)
        cookie = open_session(session, actor.user_id, now=utcnow())
        before = world.hidden_rows(session)
    browser.cookies.set(COOKIE, cookie)
    for method, path in routes():
        if of_kind(path, PRIVATE):
            answer = await ask(browser, method, path)
            assert answer.status_code < 500
            assert not [each for each in HIDDEN if each in answer.text], path
    with database.read() as session:
        assert world.hidden_rows(session) == before
