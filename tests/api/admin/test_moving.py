"""Moving here in the browser: looked at first, then made, within what one may do."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from tests import factories
from tests.api.browsers import open_browser
from webmon.api.admin import moving
from webmon.clock import utcnow
from webmon.commands.accounts.logins import open_session
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import COOKIE
from webmon.models import Activity, Service

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

GATUS = b"""
endpoints:
  - {name: front, url: "https://www.example.org/", conditions: ["[STATUS] == 200"]}
  - {name: socket, url: "wss://www.example.org"}
"""
SECRET = GATUS + b'  - {name: key, url: "https://www.example.org/", headers: {X-Key: hush}}\n'

Send = Callable[..., Any]


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(moving) as client:
        yield client


@pytest.fixture
def send(browser: httpx.AsyncClient, database: Database) -> Send:
    """Sends a file as somebody with ``role``, limited to the namespace iati."""
    tokens: dict[tuple[Role, bool], str] = {}
    with database.write() as session:
        iati, di = factories.namespace(session, "iati"), factories.namespace(session, "di")
        hidden = factories.host(session, "www.example.org", namespace_id=di.id)
        factories.service(session, "front", host_id=hidden.id)
        for role in (Role.EDITOR, Role.VIEWER):
            person = factories.user(session, f"{role}@x.org", role, namespace_ids=[iati.id])
            for lately in (True, False):
                at = utcnow() if lately else utcnow() - timedelta(hours=1)
                tokens[role, lately] = open_session(session, person.id, now=at)

    async def run(
        content: bytes = GATUS, *, role: Role = Role.EDITOR, lately: bool = True, **form: str
    ) -> Any:
        browser.cookies.set(COOKIE, tokens[role, lately], domain="status.example")
        data = {"source": "gatus", "namespace": "iati"} | form
        files = {"file": ("gatus.yaml", content)}
        return await browser.post("/admin/api/import", data=data, files=files)

    return run


def names(database: Database) -> list[str]:
    with database.read() as session:
        return [row.name for row in session.exec(select(Service).order_by(Service.name))]


async def test_it_is_shown_before_it_is_made(send: Send, database: Database) -> None:
    shown = (await send()).json()
    assert (shown["carried"], shown["done"]) == (1, False)
    assert [(line["sign"], line["why"]) for line in shown["lines"]] == [
        ("+", ""),
        ("-", "there is no check for wss:// here"),
    ]
    assert names(database) == ["front"], "that of DI"
    made = (await send(confirmed="yes")).json()
    assert made == shown | {"done": True} and names(database) == ["front", "front"]
    with database.read() as session:
        entries = session.exec(select(Activity).where(Activity.verb == "added")).all()
    assert {(row.way, row.actor) for row in entries} == {("app", "editor@x.org")}
    again = (await send(confirmed="yes")).json()
    assert again["summary"] == "0 carried, 0 carried and changed, 1 here already, 1 left out"


async def test_who_may_not_learns_nothing(
    send: Send, browser: httpx.AsyncClient, database: Database
) -> None:
    for answer in (
        await send(role=Role.VIEWER),
        await send(namespace="di"),
        await send(namespace="di", confirmed="yes"),
        await send(namespace="new", confirmed="yes"),
    ):
        assert answer.status_code == 403 and "front" not in answer.text
    assert names(database) == ["front"]
    assert (await send(SECRET, lately=False)).status_code == 428
    assert (await send(SECRET)).json()["carried"] == 2
    browser.cookies.clear()
    assert (await browser.post("/admin/api/import")).status_code == 303


@pytest.mark.parametrize(
    ("source", "content", "said"),
    [
        ("gatus", b"[" * 100_000, "the file is nested too deeply"),
        ("gatus", b"endpoints: &e [*e]", "the file is nested too deeply"),
        ("gatus", b"x: 1", "the file has no list of endpoints"),
        ("kuma", b"SQLite format 3\0nonsense", "the file is not a database of Uptime Kuma"),
        ("healthchecks", b"{", "the file is not JSON"),
        ("uptimerobot", b"a,b\n", "the file has no column"),
        ("nagios", b"", "source"),
    ],
)
async def test_what_is_no_such_file_is_refused(
    send: Send, source: str, content: bytes, said: str
) -> None:
    answer = await send(content, source=source)
    assert answer.status_code == 422 and said in answer.text and "/tmp" not in answer.text


async def test_a_file_may_have_ten_megabytes(send: Send) -> None:
    assert (await send(b"{" * 9_900_000, source="healthchecks")).status_code == 422
    assert (await send(b"{" * 10_200_000, source="healthchecks")).status_code == 413
