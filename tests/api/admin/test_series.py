"""`GET /admin/api/series`: numbers for charts, of what the signed-in person sees."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from tests import factories
from tests.clock import MINUTE, NOW
from webmon import clock, db
from webmon.api.admin import series
from webmon.commands.accounts import logins, users
from webmon.commands.accounts.passwords import HashedPassword
from webmon.commands.checks.record import Finding, record
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import COOKIE
from webmon.domain.checks.status import Status
from webmon.models import Service
from webmon.probes.base import Outcome, up

URL = "/admin/api/series"
DAY = timedelta(days=1)


@pytest.fixture
def services(database: db.Database, monkeypatch: pytest.MonkeyPatch) -> dict[str, Service]:
    monkeypatch.setattr(clock, "utcnow", lambda: NOW)
    monkeypatch.setattr(series, "utcnow", lambda: NOW)
    made = {}
    with database.write() as session:
        for slug in ("iati", "di"):
            space = factories.namespace(session, slug)
            host = factories.host(session, f"Tool of {slug}", namespace_id=space.id)
            long_ago = dict.fromkeys(("since", "up_since", "down_since"), NOW - 30 * DAY)
            made[slug] = factories.service(session, "Website", host_id=host.id, **long_ago)
            made[f"{slug} machine"] = factories.service(
                session, "Machine", kind="host_metrics", config={}, host_id=host.id
            )
    return made


def signed_in(database: db.Database, name: str, *namespaces: str) -> dict[str, str]:
    with database.write() as session:
        user = users.create_user(
            session,
            f"{name}@example.org",
            HashedPassword("-"),
            Role.VIEWER,
            namespaces=namespaces,
            now=NOW,
        )
        return {COOKIE: logins.open_session(session, user, now=NOW)}


@pytest.fixture
async def client(
    database: db.Database, services: dict[str, Service]
) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(series.router)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://test",
        cookies=signed_in(database, "anna"),
    ) as client:
        yield client


def look(database: db.Database, service: Service, outcome: Outcome, ago: timedelta) -> None:
    at = NOW - ago
    with database.write() as session:
        record(session, [Finding(service.id, None, None, at, outcome)], now=at)


@pytest.mark.parametrize("chosen", ["24h", "7d", "30d", "1y"])
async def test_response_times_are_told_and_gaps_stay_gaps(
    client: httpx.AsyncClient, database: db.Database, services: dict[str, Service], chosen: str
) -> None:
    for minutes, took in ((200, 100_000), (199, 300_000), (30, 200_000)):
        look(database, services["iati"], up("fine", took), minutes * MINUTE)
    answer = await client.get(URL, params={"service": services["iati"].id, "range": chosen})
    told = answer.json()
    assert told["name"] == "Website"
    assert len(told["points"]) <= 300
    values = [point for point in told["points"] if point[1] is not None]
    assert len(values) == {"24h": 2, "7d": 2, "30d": 2, "1y": 1}[chosen]
    assert values[-1][2] == pytest.approx(200 if chosen == "24h" else values[-1][2], rel=0.05)
    assert len(answer.content) < 20_000


async def test_an_outage_is_told_beside_the_points(
    client: httpx.AsyncClient, database: db.Database, services: dict[str, Service]
) -> None:
    service = services["iati"]
    for minutes in (20, 19):
        look(database, service, Outcome(Status.DOWN, "refused"), minutes * MINUTE)
    look(database, service, up("fine", 100), 10 * MINUTE)
    told = (await client.get(URL, params={"service": service.id})).json()
    began, ended = (round((NOW - each * MINUTE).timestamp()) for each in (20, 10))
    assert told["outages"] == [{"began_at": began, "ended_at": ended, "message": "refused"}]


async def test_a_machine_tells_its_disks_and_when_they_are_full(
    client: httpx.AsyncClient, database: db.Database, services: dict[str, Service]
) -> None:
    machine = services["iati machine"]
    for days in range(6, -1, -1):
        disk = {"mount": "/", "used_percent": 80 - days, "free_bytes": 1, "inodes_percent": 7}
        uptime = (20 - days) * 86_400 if days > 1 else (2 - days) * 86_400 - 3600
        evidence = {"load_5m": 0.5, "os_uptime_seconds": uptime, "disks": [disk]}
        look(database, machine, Outcome(Status.UP, "fine", 1, evidence=evidence), days * DAY)
    for chosen in ("24h", "7d", "30d", "1y"):
        answer = await client.get(URL, params={"host": machine.host_id, "range": chosen})
        told = answer.json()
        assert set(told["series"]) == {"disk /", "inodes /", "load"}
        assert told["series"]["disk /"]["points"][-1][1] == pytest.approx(80, abs=1)
        assert told["series"]["disk /"]["full_in_days"] == pytest.approx(20)
        assert len(told["series"]["load"]["points"]) <= 300
        assert len(told["reboots"]) == (0 if chosen == "24h" else 1)


async def test_nothing_of_another_namespace_is_told(
    client: httpx.AsyncClient, database: db.Database, services: dict[str, Service]
) -> None:
    asked = [
        ({kind: getattr(services[slug], name)}, slug)
        for kind, name in (("service", "id"), ("host", "host_id"))
        for slug in ("iati", "di")
    ]
    for params, _ in asked:
        assert (await client.get(URL, params=params)).status_code == 200
    client.cookies = httpx.Cookies(signed_in(database, "bert", "iati"))
    for params, slug in asked:
        status = 200 if slug == "iati" else 404
        assert (await client.get(URL, params=params)).status_code == status
    client.cookies = httpx.Cookies()
    assert (await client.get(URL, params=asked[0][0])).status_code == 401


@pytest.mark.parametrize(
    "query", ["", "service=1&host=1", "service=x", "service=1&range=2h", "service=1&format=xml"]
)
async def test_a_wrong_question_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"{URL}?{query}")).status_code == 422


@pytest.mark.parametrize("key", [0, -1, 2**31, 2**70])
async def test_an_impossible_id_is_not_found(client: httpx.AsyncClient, key: int) -> None:
    assert (await client.get(URL, params={"service": key})).status_code == 404


async def test_what_the_browser_has_is_not_sent_again(
    client: httpx.AsyncClient, services: dict[str, Service]
) -> None:
    first = await client.get(URL, params={"service": services["iati"].id})
    again = await client.get(
        URL,
        params={"service": services["iati"].id},
        headers={"If-None-Match": first.headers["etag"]},
    )
    assert (first.headers["content-encoding"], again.status_code) == ("gzip", 304)


async def test_the_same_comes_as_a_table(
    client: httpx.AsyncClient, database: db.Database, services: dict[str, Service]
) -> None:
    look(database, services["iati"], up("fine", 100_000), MINUTE)
    answer = await client.get(URL, params={"service": services["iati"].id, "format": "csv"})
    lines = answer.text.splitlines()
    assert lines[0] == "at,p50_ms,p95_ms"
    assert lines[-1].startswith("2026-")
    disk = {"mount": "/", "used_percent": 80, "free_bytes": 1, "inodes_percent": None}
    told = Outcome(Status.UP, "fine", 1, evidence={"disks": [disk]})
    look(database, services["iati machine"], told, timedelta(0))
    host = services["iati"].host_id
    answer = await client.get(URL, params={"host": host, "format": "csv"})
    assert answer.text.splitlines()[-1].split(",")[1:] == ["disk /", "80.0", "80.0"]
