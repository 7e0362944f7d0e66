"""Metrics as JSON and for Prometheus: the same figures as in the lists, for who may see them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families as parse

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from tests.queries.histories import outage, watched
from webmon import clock, config, db
from webmon.api import metrics
from webmon.api.problems import answer_with_problems
from webmon.api.public import kept
from webmon.commands.accounts.api_keys import add_key
from webmon.commands.checks.record import Finding, record
from webmon.domain.accounts.api_keys import Scope
from webmon.domain.checks.status import Status
from webmon.models import Incident, Service, Worker
from webmon.probes.base import Outcome, up
from webmon.queries.history.response_times import last_day
from webmon.queries.history.uptime import uptimes
from webmon.queries.metrics import prometheus

JSON, TEXT = "/api/v1/metrics", "/metrics"
MACHINE = {
    "load_1m": 0.5,
    "load_5m": 0.25,
    "memory_percent": 40.0,
    "os_uptime_seconds": 86_400,
    "disks": [{"mount": '/a"b\\', "used_percent": 81.0, "free_bytes": 5, "inodes_percent": 1}],
}


@pytest.fixture
def seen(database: db.Database, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A site with an outage, a machine and a certificate in `iati`, one service in `di`."""
    monkeypatch.setattr(clock, "utcnow", lambda: NOW)
    prometheus.forget()
    made: dict[str, Any] = {}
    with database.write() as session:
        iati, di = (factories.namespace(session, slug) for slug in ("iati", "di"))
        host = factories.host(session, "Datastore", namespace_id=iati.id)
        long_ago = dict.fromkeys(("up_since", "down_since"), NOW - 30 * 24 * HOUR)
        made["site"] = watched(
            session, *outage(3 * HOUR, 2 * HOUR), host_id=host.id, since=NOW - 2 * HOUR, **long_ago
        )
        made["machine"] = factories.service(
            session, "Machine", kind="host_metrics", config={}, host_id=host.id, evidence=MACHINE
        )
        made["certificate"] = factories.service(
            session,
            "Certificate",
            kind="tls",
            config={},
            host_id=host.id,
            evidence={"not_after": (NOW + timedelta(days=12)).isoformat()},
        )
        other = factories.host(session, "Hidden", namespace_id=di.id)
        made["other"] = factories.service(
            session, "Secret", host_id=other.id, status=Status.DOWN, message="refused"
        )
        session.add(Incident(service_id=made["other"].id, opened_at=NOW - HOUR))
        session.add(Worker(id="w", started_at=NOW, ticked_at=NOW))
        made["all"] = add_key(session, "all", Scope.READ, actor=None, now=NOW)
        made["iati"] = add_key(
            session, "iati", Scope.READ, namespaces=["iati"], actor=None, now=NOW
        )
    for minutes, took in ((50, 100_000), (40, 300_000), (30, 200_000)):
        at = NOW - minutes * MINUTE
        with database.write() as session:
            finding = Finding(made["site"].id, None, None, at, up("fine", took))
            record(session, [finding], now=at)
    return made


@pytest.fixture
async def client(seen: dict[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    answer_with_problems(app)
    app.include_router(metrics.router())
    transport = httpx.ASGITransport(app, client=("198.51.100.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def with_key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def series(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """By metric, the values by (host, service) or other labels."""
    return {
        family.name: {
            tuple(value for name, value in each.labels.items() if name not in ("id", "kind")): (
                each.value
            )
            for each in family.samples
        }
        for family in parse(text)
    }


async def test_the_json_is_that_of_the_interface(
    client: httpx.AsyncClient, seen: dict[str, Any]
) -> None:
    answer = await client.get(JSON, headers=with_key(seen["iati"]))
    told = answer.json()
    assert datetime.fromisoformat(told["generated_at"]) == NOW
    assert set(told) == {"generated_at", "totals", "hosts"}
    assert told["totals"] | {"uptime_percent_month": None} == {
        "hosts_up": 1,
        "hosts_total": 1,
        "services_up": 1,
        "services_total": 3,
        "response_ms_avg_24h": 200.0,
        "uptime_percent_month": None,
    }
    (host,) = told["hosts"]
    machine = {key: host[key] for key in ("os_uptime_seconds", "load_1m", "memory_percent")}
    assert machine == {key: MACHINE[key] for key in machine}
    assert host["disks"] == [{"mount": '/a"b\\', "used_percent": 81.0, "free_bytes": 5}]
    site = next(each for each in host["services"] if each["name"] == "Website")
    assert site["response_ms"] == 200.0
    assert site["response_ms_p95_24h"] == 300.0
    assert (site["downtime_seconds_month"], site["incidents_month"]) == (3600, 1)
    assert set(site) == {
        *("name", "kind", "status", "since", "last_checked_at", "response_ms", "message"),
        *("response_ms_avg_24h", "response_ms_p95_24h", "uptime_percent_24h"),
        *("uptime_percent_30d", "uptime_percent_month", "downtime_seconds_month"),
        "incidents_month",
    }


async def test_uptime_and_p95_are_those_of_the_lists(
    client: httpx.AsyncClient, seen: dict[str, Any], database: db.Database
) -> None:
    service: Service = seen["site"]
    with database.read() as session:
        shown = uptimes(session, now=NOW)
        times = last_day(session, [service.id], now=NOW)[service.id]
    told = (await client.get(JSON, headers=with_key(seen["all"]))).json()
    (host,) = (each for each in told["hosts"] if each["name"] == "Datastore")
    site = next(each for each in host["services"] if each["name"] == "Website")
    text = series((await client.get(TEXT, headers=with_key(seen["all"]))).text)
    for window, name in (("24h", "24h"), ("30d", "30d"), ("month", "month")):
        exact = getattr(shown.services[service.id], f"percent_{name}")
        assert 50 < exact < 100
        assert site[f"uptime_percent_{name}"] == pytest.approx(exact, abs=0.0001)
        key = ("iati", "Datastore", "Website", window)
        assert text["webmon_service_uptime_ratio"][key] == pytest.approx(exact / 100)
    assert host["uptime_percent_month"] == pytest.approx(
        shown.hosts[service.host_id].percent_month, abs=0.0001
    )
    assert site["response_ms_p95_24h"] == times.p95_us / 1000


async def test_prometheus_reads_every_series(
    client: httpx.AsyncClient, seen: dict[str, Any]
) -> None:
    answer = await client.get(TEXT, headers=with_key(seen["all"]))
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = series(answer.text)
    assert found["webmon_service_status"][("di", "Hidden", "Secret")] == 2
    assert found["webmon_service_up"] == {
        ("di", "Hidden", "Secret"): 0,
        ("iati", "Datastore", "Website"): 1,
    }
    assert found["webmon_service_response_seconds"][("iati", "Datastore", "Website")] == 0.2
    assert found["webmon_certificate_days"] == {("iati", "Datastore", "Certificate"): 12}
    assert found["webmon_disk_used_ratio"] == {("iati", "Datastore", "Machine", '/a"b\\'): 0.81}
    assert found["webmon_machine_load1"] == {("iati", "Datastore", "Machine"): 0.5}
    assert found["webmon_machine_memory_used_ratio"] == {("iati", "Datastore", "Machine"): 0.4}
    assert found["webmon_incidents_open"] == {("di",): 1}
    assert found["webmon_workers"] == {(): 1}
    assert set(found["webmon_notifications"]) == {("sent",), ("failed",), ("suppressed",)}
    assert {"webmon_build_info", "webmon_worker_lag_seconds", "webmon_checks_due"} < set(found)
    assert "webmon_notifications_queued" in found


async def test_what_was_renamed_or_deleted_leaves_no_series(
    client: httpx.AsyncClient,
    seen: dict[str, Any],
    database: db.Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "SHORTEST_SECONDS", 0)
    monkeypatch.setattr(kept, "RESTED", 0)
    before = (await client.get(TEXT, headers=with_key(seen["all"]))).text
    assert 'service="Website"' in before and 'service="Secret"' in before
    with database.write() as session:
        session.get_one(Service, seen["site"].id).name = "Front page"
        session.delete(session.get_one(Service, seen["other"].id))
    after = (await client.get(TEXT, headers=with_key(seen["all"]))).text
    assert 'service="Website"' not in after and "Secret" not in after
    assert 'service="Front page"' in after


async def test_a_key_of_a_namespace_sees_no_other(
    client: httpx.AsyncClient, seen: dict[str, Any]
) -> None:
    for path in (JSON, TEXT):
        assert "Hidden" in (await client.get(path, headers=with_key(seen["all"]))).text
        answer = await client.get(path, headers=with_key(seen["iati"]))
        assert "Hidden" not in answer.text and '"di"' not in answer.text


@pytest.mark.parametrize("path", [JSON, TEXT])
@pytest.mark.parametrize("headers", [{}, with_key("wm_wrong"), {"Authorization": "Basic eA=="}])
async def test_without_a_key_nothing_is_told(
    client: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    answer = await client.get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["title"] == "Unauthorized"


@pytest.mark.parametrize(("networks", "status"), [("198.51.100.0/24", 200), ("10.0.0.0/8", 401)])
async def test_prometheus_may_come_from_an_allowed_network(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, networks: str, status: int
) -> None:
    monkeypatch.setenv("WEBMON_METRICS_ALLOW", networks)
    config.settings.cache_clear()
    assert (await client.get(TEXT)).status_code == status
    assert (await client.get(JSON)).status_code == 401


async def test_the_text_is_made_once_for_many_scrapes(
    client: httpx.AsyncClient, seen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    original = prometheus.exposition

    def counted(*args: Any, **options: Any) -> str:
        made.append(1)
        return original(*args, **options)

    monkeypatch.setattr(prometheus, "exposition", counted)
    monkeypatch.setattr(kept, "SHORTEST_SECONDS", 60.0)
    for _ in range(5):
        await client.get(TEXT, headers=with_key(seen["all"]))
    assert len(made) == 1


def test_uptime_is_worked_out_again_when_a_status_has_changed(
    seen: dict[str, Any], database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[datetime] = []
    original = prometheus.uptimes

    def counted(*args: Any, now: datetime) -> Any:
        asked.append(now)
        return original(*args, now=now)

    monkeypatch.setattr(prometheus, "uptimes", counted)

    def scrape(after: timedelta) -> None:
        with database.read() as session:
            prometheus.exposition(session, None, now=NOW + after)

    for minutes in (0, 1, 4):
        scrape(minutes * MINUTE)
    assert len(asked) == 1
    down = Outcome(Status.DOWN, "refused")
    with database.write() as session:
        for minutes in (4, 5):
            at = NOW + minutes * MINUTE
            record(session, [Finding(seen["site"].id, None, None, at, down)], now=at)
    scrape(4.5 * MINUTE)
    assert len(asked) == 2
    scrape(10 * MINUTE)
    assert len(asked) == 3
