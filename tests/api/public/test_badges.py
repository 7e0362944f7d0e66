"""Badges and Statuspage's documents: of what is public alone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from xml.etree import ElementTree

import httpx
import pytest
from sqlmodel import select

from tests import factories
from tests.api.apps import fresh_app
from tests.clock import HOUR, MINUTE, NOW
from webmon import clock, db
from webmon.commands.downtimes.plan import plan_downtime
from webmon.domain.badges import as_svg
from webmon.domain.checks.status import Status
from webmon.edge import Edge
from webmon.models import Host, Incident, Worker

UP, DOWN = Status.UP, Status.DOWN


@pytest.fixture
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "utcnow", lambda: NOW)


@pytest.fixture
async def client(database: db.Database, present: None) -> AsyncIterator[httpx.AsyncClient]:
    """Behind the edge: a public host with a private service, a private host, another namespace."""
    with database.write() as session:
        iati, di = (factories.namespace(session, slug) for slug in ("iati", "di"))
        tool = factories.host(session, "Data store", namespace_id=iati.id)
        secret = factories.host(session, "Secret", namespace_id=iati.id, public=False)
        checked = {"last_checked_at": NOW}
        factories.service(session, "Web <b>", host_id=tool.id, status=UP, **checked)
        api = factories.service(session, "API", host_id=tool.id, status=DOWN, **checked)
        hidden = factories.service(
            session, "Hidden", host_id=tool.id, public=False, status=DOWN, message="refused"
        )
        inner = factories.service(session, "Inner", host_id=secret.id, status=DOWN)
        other = factories.host(session, "Other", namespace_id=di.id)
        factories.service(session, "Page", host_id=other.id, status=UP, **checked)
        for each in (api, hidden, inner):
            session.add(Incident(service_id=each.id, opened_at=NOW - HOUR, message="refused"))
        over = {"opened_at": NOW - 3 * HOUR, "resolved_at": NOW - 2 * HOUR}
        session.add(Incident(service_id=api.id, message="refused", **over))
        session.add(Worker(id="w", started_at=NOW, ticked_at=NOW))
    app = fresh_app()
    transport = httpx.ASGITransport(Edge(app, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "label", "message"),
    [
        ("/badge/iati/Data%20store", "Data store", "difficulties"),
        ("/badge/iati/Data%20store/API", "Data store / API", "down"),
        ("/badge/iati/Data%20store/Web%20%3Cb%3E", "Data store / Web <b>", "up"),
    ],
)
async def test_a_badge_says_how_something_public_is(
    client: httpx.AsyncClient, path: str, label: str, message: str
) -> None:
    told = (await client.get(f"{path}.json")).json()
    assert (told["schemaVersion"], told["label"], told["message"]) == (1, label, message)
    answer = await client.get(f"{path}.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    picture = ElementTree.fromstring(answer.content)
    assert picture.get("aria-label") == f"{label}: {message}"
    again = await client.get(f"{path}.svg", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert (await client.head(f"{path}.svg")).status_code == 200


async def test_what_is_private_is_unknown(client: httpx.AsyncClient) -> None:
    private = ("iati/Secret", "iati/Secret/Inner", "iati/Data%20store/Hidden")
    unknown = ("iati/Nothing", "nowhere/Data%20store", "di/Data%20store", "iati/Data%20store/No")
    answers = [await client.get(f"/badge/{path}.svg") for path in (*private, *unknown)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert (await client.get("/badge/iati/Data%20store.png")).status_code == 404


async def test_what_nobody_has_looked_at_for_a_while_is_unknown(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "utcnow", lambda: NOW + 2 * MINUTE)
    told = (await client.get("/badge/iati/Data%20store/API.json")).json()
    assert (told["message"], told["isError"]) == ("unknown", False)
    page = (await client.get("/api/v2/summary.json")).json()
    assert page["status"]["indicator"] == "unknown"
    assert {each["status"] for each in page["components"]} == {"unknown"}


def test_a_long_name_is_shortened_and_drawn_to_its_width() -> None:
    picture = ElementTree.fromstring(as_svg("x" * 200, "up"))
    assert int(picture.get("width", "0")) < 500


async def test_a_reader_of_statuspage_finds_what_it_knows(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api/v2/summary.json")).json()
    assert page["status"] == {"indicator": "minor", "description": "Partially Degraded Service"}
    assert set(page["page"]) == {"id", "name", "url", "time_zone", "updated_at"}
    tool, api, web, *_ = page["components"]
    assert (tool["name"], tool["group"], tool["status"]) == ("Data store", True, "partial_outage")
    assert tool["components"] == [api["id"], web["id"]]
    assert (api["name"], api["status"], api["group_id"]) == ("API", "major_outage", tool["id"])
    (incident,) = page["incidents"]
    assert (incident["name"], incident["status"]) == ("Data store – API is down", "investigating")
    assert incident["components"][0]["id"] == api["id"]
    assert page["scheduled_maintenances"] == []


async def test_each_document_has_its_part_and_nothing_private(client: httpx.AsyncClient) -> None:
    for name in ("status", "summary", "components", "incidents", "scheduled-maintenances"):
        answer = await client.get(f"/api/v2/{name}.json")
        assert answer.status_code == 200
        assert "page" in answer.json()
        for private in ("Secret", "Hidden", "Inner", "refused", "127.0.0.1"):
            assert private not in answer.text
        again = await client.get(
            f"/api/v2/{name}.json", headers={"If-None-Match": answer.headers["etag"]}
        )
        assert again.status_code == 304
    told = (await client.get("/api/v2/incidents.json")).json()["incidents"]
    assert [each["status"] for each in told] == ["investigating", "resolved"]


async def test_one_namespace_alone(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api/v2/summary.json?namespace=di")).json()
    assert [each["name"] for each in page["components"]] == ["Other", "Page"]
    assert (page["page"]["name"], page["incidents"]) == ("DI", [])
    assert (await client.get("/api/v2/summary.json?namespace=no")).status_code == 404


async def test_the_last_known_is_told_with_its_age_while_the_database_is_away(
    client: httpx.AsyncClient, database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await client.get("/api/v1/status")
    away = db.Database("postgresql://nobody@127.0.0.1:1/none")
    db.use(away)
    monkeypatch.setattr(clock, "utcnow", lambda: NOW + timedelta(seconds=90))
    later = await client.get("/api/v1/status")
    assert (later.status_code, later.json()) == (200, first.json())
    assert later.headers["age"] == "90" and "age" not in first.headers
    assert "Last known state" in (await client.get("/status/?part=board")).text
    away.dispose()
    db.use(database)


async def test_planned_downtime_is_shown_as_such(
    client: httpx.AsyncClient, database: db.Database
) -> None:
    with database.write() as session:
        host = session.exec(select(Host).where(Host.name == "Data store")).one()
        fields = {
            "title": "Upgrade",
            "message": "Short interruptions.",
            "namespace_id": host.namespace_id,
            "host_ids": [host.id],
            "starts_at": f"{NOW - MINUTE:%Y-%m-%dT%H:%M}",
            "duration_seconds": 3600,
        }
        plan_downtime(session, fields, actor=None, now=NOW)
    told = (await client.get("/badge/iati/Data%20store.json")).json()
    assert told["message"] == "planned downtime"
    page = (await client.get("/api/v2/summary.json")).json()
    (planned,) = page["scheduled_maintenances"]
    assert (planned["name"], planned["status"]) == ("Upgrade", "in_progress")
    assert planned["scheduled_until"] == "2026-11-23T10:59:00.000Z"
    assert [each["name"] for each in planned["components"]] == ["Data store"]
    assert planned["incident_updates"][0]["body"] == "Short interruptions."
    status = {each["name"]: each["status"] for each in page["components"]}
    assert (status["Data store"], status["API"]) == ("under_maintenance", "under_maintenance")
    assert page["status"]["indicator"] == "maintenance"
