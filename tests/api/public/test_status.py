"""`GET /api/v1/status`: small, cached, honest about what it cannot know."""

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from tests import factories
from tests.clock import NOW
from webmon import clock, db
from webmon.api import question
from webmon.api.public import kept_snapshots as snapshots_module
from webmon.api.public import status
from webmon.api.public.kept_snapshots import Snapshots
from webmon.domain.checks.status import Status

URL = "/api/v1/status"


@pytest.fixture
async def client(database: db.Database) -> AsyncIterator[httpx.AsyncClient]:
    with database.write() as session:
        for slug, state in (("iati", Status.UP), ("di", Status.DOWN)):
            space = factories.namespace(session, slug)
            host = factories.host(session, f"Tool of {slug}", namespace_id=space.id)
            factories.service(session, "Website", host_id=host.id, status=state)
    app = FastAPI()
    app.include_router(status.router(Snapshots()))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        yield client


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry per reading of the database."""
    made: list[int] = []
    original = snapshots_module.public_status

    def counted(*args: object, **options: object) -> object:
        made.append(1)
        return original(*args, **options)

    monkeypatch.setattr(snapshots_module, "public_status", counted)
    return made


async def test_the_json_is_that_of_the_interface(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "utcnow", lambda: NOW + timedelta(milliseconds=999))
    answer = await client.get(URL)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=15"
    service = {"name": "Website", "planned_downtime": False}
    host = {"planned_downtime": False}
    assert answer.json() == {
        "generated_at": "2026-11-23T10:00:00Z",
        "status": "degraded",
        "namespaces": [
            {"slug": "di", "name": "DI", "status": "down"},
            {"slug": "iati", "name": "IATI", "status": "up"},
        ],
        "hosts": [
            host
            | {"name": "Tool of di", "namespace": "di", "status": "down"}
            | {"services": [service | {"status": "down"}]},
            host
            | {"name": "Tool of iati", "namespace": "iati", "status": "up"}
            | {"services": [service | {"status": "up"}]},
        ],
        "downtimes": [],
    }


async def test_one_namespace_alone(client: httpx.AsyncClient) -> None:
    page = (await client.get(URL, params={"namespace": "di"})).json()
    assert page["status"] == "down"
    assert [host["name"] for host in page["hosts"]] == ["Tool of di"]
    assert [each["slug"] for each in page["namespaces"]] == ["di"]


async def test_an_unknown_namespace_is_404_and_not_kept(database: db.Database) -> None:
    snapshots = Snapshots()
    app = FastAPI()
    app.include_router(status.router(snapshots))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        for number in range(20):
            answer = await client.get(URL, params={"namespace": f"x{number}"})
            assert answer.status_code == 404
            assert answer.json() == {"detail": f"there is no namespace “x{number}”"}
    assert not snapshots._packed


async def test_who_has_it_already_gets_304_with_the_same_tag(client: httpx.AsyncClient) -> None:
    first = await client.get(URL, headers={"Accept-Encoding": "identity"})
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for known in (tag, f'W/"other", {tag}', "*"):
        again = await client.get(
            URL, headers={"Accept-Encoding": "identity", "If-None-Match": known}
        )
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await client.get(URL, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


async def test_it_is_compressed_for_who_takes_that_under_a_tag_of_its_own(
    client: httpx.AsyncClient,
) -> None:
    plain = await client.get(URL, headers={"Accept-Encoding": "identity"})
    async with client.stream("GET", URL, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    assert "content-encoding" not in plain.headers
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert answer.headers["etag"] != plain.headers["etag"]
    assert gzip.decompress(packed) == plain.content


async def test_head_says_what_get_would(client: httpx.AsyncClient) -> None:
    answer = await client.head(URL)
    assert answer.status_code == 200
    assert answer.headers["etag"]


async def test_many_who_ask_at_once_cost_one_reading(
    client: httpx.AsyncClient, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "utcnow", lambda: NOW)
    answers = await asyncio.gather(
        *(client.get(URL, params={"namespace": slug}) for slug in ("iati", "di") * 20),
        *(client.get(URL) for _ in range(20)),
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(reads) == 1


async def test_it_is_read_again_after_a_second_even_if_the_clock_was_set_back(
    client: httpx.AsyncClient, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for seconds, expected in ((0, 1), (0.9, 1), (1.0, 2), (-3600, 3)):
        moment = NOW + timedelta(seconds=seconds)
        monkeypatch.setattr(clock, "utcnow", lambda moment=moment: moment)
        await client.get(URL)
        assert len(reads) == expected


async def test_while_nothing_changes_the_tag_stands_for_five_seconds(
    client: httpx.AsyncClient, database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tag_after(seconds: float) -> str:
        monkeypatch.setattr(clock, "utcnow", lambda: NOW + timedelta(seconds=seconds))
        return (await client.get(URL)).headers["etag"]

    first = await tag_after(0)
    assert await tag_after(4) == first
    second = await tag_after(5)
    assert second != first
    with database.write() as session:
        factories.namespace(session, "new")
    assert await tag_after(6.5) != second


async def test_a_database_that_does_not_answer_is_said_and_asked_once_a_second(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no route to the database")

    with monkeypatch.context() as patched:
        patched.setattr(snapshots_module, "public_status", broken)
        patched.setattr(clock, "utcnow", lambda: NOW)
        for _ in range(3):
            answer = await client.get(URL)
            assert answer.status_code == 503
            assert answer.json() == {"detail": "the status cannot be read at the moment"}
    assert len(caplog.records) == 1
    assert (await client.get(URL)).status_code == 200


async def test_a_database_that_stays_silent_is_asked_once_and_not_waited_for(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, reads: list[int]
) -> None:
    speaks = threading.Event()
    original = snapshots_module.public_status

    def slow(*args: object, **options: object) -> object:
        assert speaks.wait(30)
        return original(*args, **options)

    monkeypatch.setattr(snapshots_module, "public_status", slow)
    with monkeypatch.context() as patched:
        patched.setattr(question, "PATIENCE_SECONDS", 0.05)
        for seconds in (0, 2, 4):
            patched.setattr(clock, "utcnow", lambda at=NOW + timedelta(seconds=seconds): at)
            answers = await asyncio.gather(*(client.get(URL) for _ in range(3)))
            assert {answer.status_code for answer in answers} == {503}
    speaks.set()
    assert (await client.get(URL)).status_code == 200
    assert len(reads) in (1, 2), "the one that was silent, and one more where it had ended"
