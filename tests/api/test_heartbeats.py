"""Reporting in over HTTP: every signal, any body, and nothing for who guesses."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import func, select
from starlette.types import Message

from tests import factories
from tests.api.apps import fresh_app
from tests.clock import NOW
from tests.soon import soon
from webmon import db
from webmon.api import heartbeats as routes
from webmon.api import self_request
from webmon.clock import utcnow
from webmon.commands.inventory import services
from webmon.commands.locks import lock_services
from webmon.config import Settings, read_settings
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.edge import Edge
from webmon.models import CheckResult, Heartbeat, Service, ServiceState
from webmon.queries.inventory.heartbeat_urls import heartbeat_url
from webmon.queries.system.listening import listened_until

FIELDS = {"name": "Import", "kind": "heartbeat", "config": {"every": "10m"}}


@pytest.fixture
def path(database: Database) -> str:
    """The address of a heartbeat, without the host."""
    with database.write() as session:
        host = factories.host(session)
        service = services.create_service(session, host.id, FIELDS, actor=None, now=NOW)
        return heartbeat_url(session, service.id, actor=None).removeprefix("http://localhost:8000")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = fresh_app()
    transport = httpx.ASGITransport(Edge(admin=app, public=app))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server runs here; this stands for one that answers."""
    monkeypatch.setattr(routes, "takes_heartbeats", yes)


async def yes(_: Settings) -> bool:
    return True


async def no(_: Settings) -> bool:
    return False


def state(database: Database) -> ServiceState:
    with database.read() as session:
        return session.exec(select(ServiceState)).one()


def results(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(CheckResult)).one()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
async def test_a_request_is_a_heartbeat(database, client, path, method) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.text) == (200, "" if method == "HEAD" else "OK")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    assert state(database).status is Status.UP


@pytest.mark.parametrize(
    ("signal", "status"),
    [
        ("/", "up"),
        ("/0", "up"),
        ("/0/", "up"),
        ("/fail", "down"),
        ("/255", "down"),
        ("/1/", "down"),
    ],
)
async def test_the_last_part_of_the_address_says_how_it_ended(
    database, client, path, signal, status
) -> None:
    answer = await client.post(path + signal)
    assert (answer.status_code, answer.text) == (200, "OK")
    assert state(database).status == status


@pytest.mark.parametrize(
    ("answer", "takes"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", True),
        (b"HTTP/1.1 503 Away\r\n\r\n", False),
        (b"nonsense\r\n", False),
        (b"", False),
        (None, False),
    ],
)
async def test_only_an_answer_over_the_network_proves_that_heartbeats_are_taken(
    monkeypatch, answer, takes
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        assert request.startswith(b"HEAD /api/v1/heartbeats/-")
        writer.write(answer or b"")
        if answer is None:
            await reader.read()
        writer.close()

    monkeypatch.setattr(self_request, "PATIENCE_SECONDS", 0.5)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await self_request.takes_heartbeats(read_settings(port=port)) == takes
    server.close()
    assert not await self_request.takes_heartbeats(read_settings(port=port))


async def test_a_server_that_cannot_be_reached_is_no_listening(
    database, path, monkeypatch, caplog
) -> None:
    monkeypatch.setattr(routes, "LISTEN_EVERY", timedelta(milliseconds=1))
    monkeypatch.setattr(routes, "takes_heartbeats", no)
    listening = asyncio.create_task(routes.keep_listening())
    await soon(lambda: "no heartbeat can be received" in caplog.text)
    await asyncio.sleep(0.02)  # it is said once
    listening.cancel()
    with database.read() as session:
        assert listened_until(session) is None
    assert caplog.text.count("no heartbeat can be received: this server does not answer") == 1


@pytest.mark.usefixtures("reachable")
async def test_while_it_listens_it_says_so(database, path, monkeypatch) -> None:
    monkeypatch.setattr(routes, "LISTEN_EVERY", timedelta(milliseconds=10))
    began = utcnow()
    listening = asyncio.create_task(routes.keep_listening())
    try:
        async with asyncio.timeout(10):
            noted = None
            while noted is None or noted <= began + timedelta(milliseconds=10):
                await asyncio.sleep(0.01)
                with database.read() as session:
                    noted = listened_until(session)
    finally:
        listening.cancel()
    assert noted <= utcnow()


@pytest.mark.usefixtures("reachable")
async def test_a_database_that_is_away_does_not_end_the_listening(
    database, path, monkeypatch, caplog
) -> None:
    monkeypatch.setattr(routes, "LISTEN_EVERY", timedelta(milliseconds=1))
    answers = iter([OperationalError("", None, Exception("it is away"))] * 3)

    def fail(*_: object, now: object) -> int:
        if (error := next(answers, None)) is not None:
            raise error
        recovered.set()
        return 0

    recovered = threading.Event()
    monkeypatch.setattr(routes.heartbeat_listening, "listen", fail)
    listening = asyncio.create_task(routes.keep_listening())
    assert await asyncio.to_thread(recovered.wait, 10)
    listening.cancel()
    assert caplog.text.count("no heartbeat can be received: it is away") == 1


async def test_the_time_between_start_and_success_is_measured(database, client, path) -> None:
    await client.get(f"{path}/start")
    assert results(database) == 0
    await asyncio.sleep(0.02)
    await client.get(path)
    assert 20_000 <= state(database).response_us < 10_000_000


async def test_exit_statuses_of_windows(database, client, path) -> None:
    answer = await client.put(f"{path}/3221225477", content=b"access violation")
    assert (answer.status_code, state(database).evidence["exit_status"]) == (200, 3221225477)
    senseless = await client.post(f"{path}/4294967296")
    assert (senseless.status_code, senseless.json()["detail"][:24]) == (
        404,
        "an exit status is a numb",
    )


@pytest.mark.parametrize("wrong", ["/--1", "/007", "/stop", "/start/now", "/0/1", "x", "X/fail"])
async def test_every_mistake_is_the_same_404(database, client, path, wrong) -> None:
    unknown = await client.get("/api/v1/heartbeats/none")
    answer = await client.post(path + wrong, content=b"x" * 100)
    assert (answer.status_code, answer.json()["detail"]) == (404, "Not Found")
    assert (unknown.status_code, unknown.content) == (404, answer.content)
    assert results(database) == 0


@pytest.mark.parametrize(
    "token", ["a" * 32, "a" * 101, "a" * 5000, "%C3%BC", "..%5C", "%F0%9F%92%93", "'--"]
)
async def test_guessing_writes_nothing(database, client, path, token, monkeypatch) -> None:
    def refuse() -> None:
        raise AssertionError("a guess must not take the write lock")

    monkeypatch.setattr(db, "write", refuse)
    assert (await client.get(f"/api/v1/heartbeats/{token}")).status_code == 404
    assert (await client.post(f"/api/v1/heartbeats/{token}/fail")).status_code == 404


async def test_other_methods_do_nothing(database, client, path) -> None:
    for method in ("DELETE", "PATCH"):
        assert (await client.request(method, path)).status_code == 405
    assert results(database) == 0


async def test_a_job_s_output_is_kept_up_to_ten_kilobytes(database, client, path) -> None:
    answer = await client.post(f"{path}/1", content=b"first line\n" + b"\xff\0" + b"x" * 3_000_000)
    assert answer.status_code == 200
    body = state(database).evidence["body"]
    assert body.startswith("first line\n\ufffdxxx") and body.endswith("x…")
    assert len(body) == 10_240


async def test_a_body_of_unknown_length_that_never_ends_is_cut_off(
    database, client, path, monkeypatch
) -> None:
    monkeypatch.setattr(routes, "MOST_BYTES_READ", 100_000)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"y" * 10_000

    assert (await client.post(path, content=endless())).status_code == 200
    assert state(database).evidence["body"].startswith("yyy")


async def test_a_body_that_stalls_or_breaks_off_is_a_heartbeat_all_the_same(
    database, path, monkeypatch
) -> None:
    monkeypatch.setattr(routes, "BODY_SECONDS", 0.05)
    app = fresh_app()
    for ending in ("stall", "break"):
        messages = [{"type": "http.request", "body": ending.encode(), "more_body": True}]

        async def receive(messages=messages, ending=ending) -> Message:
            if messages:
                return messages.pop()
            if ending == "stall":
                await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        sent: list[Message] = []

        async def send(message: Message, sent=sent) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"test")],
        }
        await app(scope, receive, send)
        assert sent[0]["status"] == 200
        assert state(database).evidence["body"] == ending


async def test_a_paused_service_says_ok_and_records_nothing(database, client, path) -> None:
    with database.write() as session:
        service = session.exec(select(Service)).one()
        services.pause(session, service.id, actor=None, now=NOW)
    assert (await client.get(f"{path}/fail")).text == "OK"
    assert results(database) == 0
    with database.read() as session:
        assert session.exec(select(Heartbeat)).one().last_at is None


async def test_a_page_of_another_site_cannot_report_a_script_can(database, client, path) -> None:
    refused = await client.post(f"{path}/fail", headers={"origin": "https://evil.example"})
    assert (refused.status_code, results(database)) == (403, 0)
    assert (await client.post(f"{path}/fail", headers={"user-agent": "curl/8"})).status_code == 200


async def test_while_the_database_is_away_the_job_is_told_to_come_again(
    client, path, monkeypatch, caplog
) -> None:
    def away(*_: object) -> None:
        raise db.DatabaseUnavailable("SELECT", {"token": path}, Exception("locked"))

    monkeypatch.setattr(routes, "_receive", lambda *_, now: away())
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert answer.json()["detail"] == "the database cannot be reached"
    assert "locked" in caplog.text


async def test_no_log_has_the_token(client, path, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").propagate = False  # the test's own client
    await client.post(f"{path}/fail", content=b"no")
    await client.post(f"{path}/none")
    logging.getLogger("httpx").propagate = True
    assert path.rpartition("/")[2] not in caplog.text


async def test_too_many_waiting_are_sent_away(client, path, monkeypatch) -> None:
    monkeypatch.setattr(routes, "MOST_WAITING", 0)
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


async def test_many_heartbeats_at_once_are_all_recorded(
    database, client, path, monkeypatch
) -> None:
    monkeypatch.setattr(routes, "ANSWER_SECONDS", 60.0)  # this is not about speed
    answers = await asyncio.gather(*(client.post(path, content=b"x" * 10_000) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert results(database) == 50


async def test_heartbeats_that_wait_for_the_database_hold_nobody_up(database, client, path) -> None:
    with database.write() as session:
        lock_services(session, select(Service.id))
        waiting = [asyncio.create_task(client.post(path)) for _ in range(10)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            assert (await client.get("/healthz")).status_code == 200
            assert await asyncio.to_thread(results, database) == 0
        assert not any(task.done() for task in waiting)
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}


async def test_the_routes_are_documented_once(client) -> None:
    document = (await client.get("/api/openapi.json")).json()
    described = {path: set(what) for path, what in document["paths"].items() if "heartb" in path}
    assert described == {
        "/api/v1/heartbeats/{token}": {"get", "post"},
        "/api/v1/heartbeats/{token}/{signal}": {"get", "post"},
    }
