"""Moving here: a true list, checks that are the same, and nothing made twice."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from tests.clock import NOW
from webmon import crypto
from webmon.commands.moving.found import Found
from webmon.commands.moving.gatus_conditions import add_conditions
from webmon.commands.moving.move import READERS, Moved, Source, move_here
from webmon.errors import Invalid
from webmon.models import Host, Service
from webmon.probes.http_exchange.request import HttpConfig

COLUMNS = (
    *("name", "active", "interval", "url", "type", "hostname", "port", "keyword", "maxretries"),
    *("ignore_tls", "upside_down", "maxredirects", "accepted_statuscodes_json", "method", "body"),
    *("dns_resolve_type", "dns_resolve_server", "retry_interval", "push_token", "headers"),
    *("basic_auth_user", "basic_auth_pass", "auth_method", "database_connection_string"),
    *("database_query", "timeout", "json_path", "expected_value", "invert_keyword"),
    *("expiry_notification", "smtp_security", "json_path_operator", "bearer_token", "parent"),
    *("http_body_encoding", "conditions", "expected_tls_alert", "radius_password", "ping_count"),
    *("proxy_id", "ip_family"),
)
PAGE = {"url": "https://www.example.org/a?b=c", "type": "http", "maxredirects": 10}


def kuma(folder: Path, *monitors: dict[str, Any]) -> Path:
    path = folder / "kuma.db"
    with closing(sqlite3.connect(path)) as database:
        names = ", ".join(COLUMNS)
        database.execute(f"CREATE TABLE monitor (id INTEGER PRIMARY KEY, {names})")
        database.execute("CREATE TABLE notification (id INTEGER PRIMARY KEY, name, config)")
        database.execute("INSERT INTO notification (name) VALUES ('Ops chat')")
        for each in monitors:
            row = {"active": 1, "interval": 60, "maxretries": 0, "timeout": 48, **each}
            marks = ", ".join("?" * len(row))
            database.execute(
                f"INSERT INTO monitor ({', '.join(row)}) VALUES ({marks})", list(row.values())
            )
        database.commit()
    return path


def moved(session: Session, source: Source, path: Path) -> Moved:
    return move_here(session, READERS[source](path), namespace="iati", now=NOW)


def services(session: Session) -> dict[str, tuple[str, dict[str, Any]]]:
    rows = session.exec(select(Service, Host).join(Host)).all()
    return {
        f"{host.name}/{each.name}": (each.kind, crypto.unseal(each.config)) for each, host in rows
    }


def test_uptime_kumas_monitors_come_over(session: Session, tmp_path: Path) -> None:
    path = kuma(
        tmp_path,
        {**PAGE, "name": "Website", "maxretries": 2, "retry_interval": 20, "timeout": 30},
        {**PAGE, "name": "Word", "type": "keyword", "keyword": "hello", "invert_keyword": 1},
        {
            **PAGE,
            "name": "API",
            "type": "json-query",
            "json_path": "data.state",
            "expected_value": "ok",
            "headers": '{"X-Key": "hidden"}',
            "auth_method": "basic",
            "basic_auth_user": "u",
            "basic_auth_pass": "p",
        },
        {"name": "Port", "type": "port", "hostname": "db.example.org", "port": 5432},
        {"name": "Ping", "type": "ping", "hostname": "db.example.org", "active": 0},
        {
            "name": "Name",
            "type": "dns",
            "hostname": "example.org",
            "dns_resolve_type": "MX",
            "dns_resolve_server": "1.1.1.1",
        },
        {"name": "Backup", "type": "push", "interval": 3600},
        {
            "name": "Database",
            "type": "postgres",
            "database_connection_string": "postgres://u:hidden@db.example.org:5432/x",
            "database_query": "SELECT 1",
        },
        {
            "name": "Cache",
            "type": "redis",
            "database_connection_string": "rediss://:hidden@cache.example.org:6380",
        },
        {
            "name": "Mail",
            "type": "smtp",
            "hostname": "mail.example.org",
            "port": 587,
            "smtp_security": "starttls",
        },
    )
    found = moved(session, Source.KUMA, path)
    told = services(session)
    assert "hidden" not in "\n".join(map(str, found.lines))
    kind, config = told["www.example.org/Website"]
    assert (kind, config["follow_redirects"]) == ("http", True)
    assert told["www.example.org/Word"][1]["not_contains"] == "hello"
    api = told["www.example.org/API"][1]
    assert (api["json_path"], api["json_equals"]) == ("$.data.state", "ok")
    assert (api["headers"], api["basic_auth"]) == ({"X-Key": "hidden"}, "u:p")
    assert told["db.example.org/Port"] == ("tcp", {"port": 5432})
    assert told["example.org/Name"][1]["record"] == "MX"
    assert told["Jobs/Backup"][1]["every"] == "3600s"
    assert told["db.example.org/Database"][0] == "postgres"
    assert told["cache.example.org/Cache"][1] == {"port": 6380, "password": "hidden", "tls": True}
    assert told["mail.example.org/Mail"][1] == {"port": 587, "starttls": True}
    site = session.exec(select(Service).where(Service.name == "Website")).one()
    assert (site.failures_to_down, site.retry_seconds, site.timeout_seconds) == (3, 20, 30)
    assert session.exec(select(Service.paused).where(Service.name == "Ping")).one() is True
    assert not any(session.exec(select(Host.public)))
    assert found.counts == {"+": 9, "~": 1, "=": 0, "-": 1}
    assert "- Ops chat (notification): channels are made here" in "\n".join(map(str, found.lines))


RECORD = {"variable": "record", "operator": "equals", "value": "192.0.2.7", "andOr": "and"}
QUERY = {"type": "json-query", "json_path": "queue.length"}


def test_what_decides_in_uptime_kuma_2_decides_here(session: Session, tmp_path: Path) -> None:
    asked = {"type": "dns", "hostname": "example.org", "dns_resolve_server": "::1"}
    path = kuma(
        tmp_path,
        {"name": "Quiet", "type": "group", "active": 0},
        {**PAGE, "name": "In it", "parent": 1, "proxy_id": 1, "ip_family": "ipv6"},
        {**PAGE, "name": "Bearer", "auth_method": "bearer", "bearer_token": "t"},
        {**PAGE, "name": "No login", "auth_method": "", "basic_auth_user": "u"},
        {**PAGE, "name": "Form", "method": "POST", "body": "a=1", "http_body_encoding": "form"},
        {"name": "Echo", "type": "ping", "hostname": "a.example.org", "ping_count": 2},
        {**asked, "name": "Name", "port": 5353},
        {**asked, "name": "Answer", "conditions": '[{"variable": "record"}]'},
        {**asked, "name": "Record", "conditions": json.dumps([RECORD])},
        {**asked, "name": "Either", "conditions": json.dumps([RECORD, RECORD])},
        {**PAGE, **QUERY, "name": "Less", "json_path_operator": "<", "expected_value": "9"},
        {**PAGE, **QUERY, "name": "Other", "json_path_operator": "!=", "expected_value": "down"},
        {**PAGE, **QUERY, "name": "Within", "json_path_operator": "contains"},
        {"name": "Alert", "type": "port", "hostname": "a", "port": 1, "expected_tls_alert": "x"},
        {
            "name": "Data",
            "type": "mysql",
            "database_connection_string": "mysql://me@db.example.org:3306/x",
            "radius_password": "a@b",
        },
        {"name": "Job", "type": "push", "interval": 60, "maxretries": 3, "retry_interval": 20},
    )
    found = moved(session, Source.KUMA, path)
    told = {name.partition("/")[2]: config for name, (_, config) in services(session).items()}
    assert session.exec(select(Service.name).where(Service.paused)).all() == ["In it"]
    assert told["Bearer"]["headers"] == {"Authorization": "Bearer t"}
    assert "basic_auth" not in told["No login"]
    assert told["Form"]["headers"] == {"Content-Type": "application/x-www-form-urlencoded"}
    assert told["Echo"] == {"count": 2, "loss_warn_percent": 100}, "one answer is enough"
    assert told["Name"]["resolver"] == "[::1]:5353"
    assert told["Data"]["dsn"] == "mysql://me:a%40b@db.example.org:3306/x"
    assert told["Job"] == {"every": "60s", "grace": "60s"}
    lines = {line.what.partition(" (")[0]: line for line in found.lines}
    assert {lines[name].sign for name in ("Answer", "Either", "Within", "Alert")} == {"-"}
    assert lines["In it"].why == "its proxy is left out"
    assert told["In it"]["address_family"] == "6"
    assert told["Record"]["expect"] == "192.0.2.7"
    assert told["Less"]["conditions"] == ["json $.queue.length < 9"]
    assert told["Other"]["conditions"] == ["json $.queue.length != down"]


def test_what_cannot_be_carried_is_said_with_the_reason(session: Session, tmp_path: Path) -> None:
    path = kuma(
        tmp_path,
        {**PAGE, "name": "Inverse", "upside_down": 1},
        {"name": "Team", "type": "group"},
        {"name": "Steam", "type": "steam"},
        {"name": "Chrome", "type": "real-browser", "url": "https://www.example.org"},
        {**PAGE, "name": "Query", "type": "json-query", "json_path": "$count(items) > 3"},
        {**PAGE, "name": "Windows", "auth_method": "ntlm", "basic_auth_user": "u"},
        {"name": "No port", "type": "port", "hostname": "x.example.org"},
        {"name": "Bad port", "type": "port", "hostname": "x.example.org", "port": 99999},
        {"name": "Broken", "type": "http", "url": "not an address"},
    )
    found = moved(session, Source.KUMA, path)
    assert services(session) == {}
    assert found.counts["-"] == 10
    assert all(line.why for line in found.lines)
    assert session.exec(select(Host)).all() == [], "no host is left behind by what was refused"


def test_run_twice_it_changes_nothing(session: Session, tmp_path: Path) -> None:
    path = kuma(tmp_path, {**PAGE, "name": "Website"}, {**PAGE, "name": "Website"})
    first = moved(session, Source.KUMA, path)
    assert (first.counts["+"], first.counts["~"]) == (1, 1)
    assert set(services(session)) == {"www.example.org/Website", "www.example.org/Website 2"}
    session.exec(select(Host)).one().public = True
    again = moved(session, Source.KUMA, path)
    assert (again.counts["="], again.counts["+"], again.counts["~"]) == (2, 0, 0)
    assert session.exec(select(Host)).one().public, "what somebody has changed stays"


def test_the_old_database_is_only_read(tmp_path: Path) -> None:
    path = kuma(tmp_path, {**PAGE, "name": "Website"})
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    before = path.read_bytes()
    path.chmod(0o400)
    READERS[Source.KUMA](path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["kuma.db"]


GATUS = """
endpoints:
  - name: front
    group: core
    url: https://www.example.org/health
    interval: 1m30s
    headers: {X-Key: a}
    client: {timeout: 5s, insecure: true, ignore-redirect: true}
    alerts: [{type: slack, failure-threshold: 5}]
    conditions:
      - "[STATUS] == 200"
      - "[BODY].status == UP"
      - "[BODY] == pat(*ready*)"
      - "[RESPONSE_TIME] < 500"
      - "[CERTIFICATE_EXPIRATION] > 48h"
      - "len([BODY].items) > 3"
      - "[BODY].id == any(1, 2)"
  - {name: any, url: "http://b.example.org", conditions: ["[STATUS] == any(200, 429)"]}
  - {name: below, url: "http://b.example.org", conditions: ["[STATUS] < 300"], enabled: false}
  - {name: port, url: "tcp://db.example.org:5432", conditions: ["[CONNECTED] == true"]}
  - {name: echo, url: "icmp://db.example.org"}
  - {name: cert, url: "tls://db.example.org:8443", conditions: ["[CERTIFICATE_EXPIRATION] > 72h"]}
  - {name: mail, url: "starttls://mail.example.org:587"}
  - name: dns
    url: 8.8.8.8
    dns: {query-name: example.org, query-type: A}
    conditions: ["[DNS_RCODE] == NOERROR", "[BODY] == 192.0.2.7"]
  - name: mail server
    url: 8.8.8.8
    dns: {query-name: none.example.org, query-type: MX}
    conditions: ["[DNS_RCODE] == NXDOMAIN"]
  - name: twice
    url: "https://b.example.org"
    client: {proxy-url: "http://proxy.example.org"}
    conditions: ["[STATUS] < 300", "[STATUS] <= 204", "[BODY] == pat(*a*)", "[BODY] == pat(*b*)"]
  - {name: shell, url: "ssh://b.example.org", conditions: ["[STATUS] == 0"]}
  - {name: socket, url: "wss://www.example.org"}
  - {name: secret, url: "https://${HOST}/"}
  - {name: header, url: "https://b.example.org/", headers: {Authorization: "Bearer ${TOKEN}"}}
  - {name: query, url: "https://b.example.org/", graphql: true, body: "{ a }"}
  - {name: login, url: "https://b.example.org/", client: {oauth2: {scopes: [a]}}}
  - {name: never, url: "https://b.example.org/", conditions: ["[STATUS] < 200", "[STATUS] > 400"]}
external-endpoints:
  - {name: job, token: x}
  - {name: nightly, token: x, heartbeat: {interval: 24h}}
suites: [{name: buy, endpoints: []}]
maintenance: {start: "23:00", duration: 1h}
alerting: {slack: {webhook-url: "https://hooks.example.org"}}
"""


def test_gatus_endpoints_come_over(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "gatus.yaml"
    path.write_text(GATUS)
    found = moved(session, Source.GATUS, path)
    told = services(session)
    kind, front = told["www.example.org/front"]
    assert kind == "http"
    assert front["accepted_statuses"] == "200"
    assert front["conditions"] == [
        "json $.status == UP",
        "body contains ready",
        "json $.items length > 3",
    ]
    assert front["verify_tls"] is False
    row = session.exec(select(Service).where(Service.name == "front")).one()
    assert (row.interval_seconds, row.failures_to_down, row.degraded_above_ms) == (90, 5, 500)
    assert told["b.example.org/any"][1]["accepted_statuses"] == "200,429"
    assert told["b.example.org/below"][1]["accepted_statuses"] == "100-299"
    assert told["db.example.org/port"] == ("tcp", {"port": 5432})
    assert told["db.example.org/echo"] == ("ping", {})
    assert told["db.example.org/cert"][1] == {"port": 8443, "down_days": 3}
    assert told["mail.example.org/mail"][1] == {"port": 587, "starttls": "smtp"}
    assert told["example.org/dns"][1] == {
        "name": "example.org",
        "resolver": "8.8.8.8",
        "expect": "192.0.2.7",
    }
    assert told["none.example.org/mail server"][1]["rcode"] == "NXDOMAIN"
    twice = told["b.example.org/twice"][1]
    assert twice["accepted_statuses"] == "100-204"
    assert twice["conditions"] == ["body contains a", "body contains b"]
    assert told["Jobs/nightly"] == ("heartbeat", {"every": "86400s", "grace": "0s"})
    text = "\n".join(map(str, found.lines))
    for lost in ("[BODY].id == any(1, 2)", "[STATUS] == 0"):
        assert f"the condition {lost} is left out" in text
    assert "proxy-url is left out" in text
    assert "[CERTIFICATE_EXPIRATION] > 48h: add a `tls` service" in text
    left = [line.what.partition(" (")[0] for line in found.lines if line.sign == "-"]
    ends = ["job", "buy", "maintenance", "slack"]
    assert left == ["socket", "secret", "header", "query", "login", "never", *ends]
    assert moved(session, Source.GATUS, path).counts["="] == 12


@pytest.mark.parametrize(
    ("condition", "statuses", "ours"),
    [
        ("[STATUS] > 400", "401-599", None),
        ("[STATUS] != 404", "100-403,405-599", None),
        ("[STATUS] == any(200, 204, 201, 429)", "200-201,204,429", None),
        ("[STATUS] == pat(2*)", "200-299", None),
        ("[BODY].user.name == john", "100-599", "json $.user.name == john"),
        ("[BODY].data[0].id == 1", "100-599", "json $.data[0].id == 1"),
        ("[BODY].[0].last-seen >= 1.5", "100-599", "json $[0]['last-seen'] >= 1.5"),
        ("[BODY].user.name != john", "100-599", "json $.user.name != john"),
        ("has([BODY].errors) == false", "100-599", "json $.errors absent"),
        ("has([BODY].users) != false", "100-599", "json $.users exists"),
        ("len([BODY]) > 0", "100-599", "json $ length > 0"),
        ("[BODY] != pat(*Fatal error*)", "100-599", "body lacks Fatal error"),
    ],
)
def test_a_condition_of_gatus_comes_over(condition: str, statuses: str, ours: str | None) -> None:
    service: dict[str, Any] = {"kind": "http", "config": {"url": "http://a.example"}}
    found = Found("a", "http")
    add_conditions([condition], service, found)
    config = HttpConfig.model_validate(service["config"])
    assert config.accepted_statuses == statuses
    assert config.conditions == ([] if ours is None else [ours])
    missing = [f"{condition}: down here where the JSON has none"]
    assert found.changed == (missing if "!= john" in condition else [])


@pytest.mark.parametrize(
    "condition",
    [
        "[BODY] == exactly this",
        "[BODY].name == pat(john*)",
        "[BODY] == pat(*a*b*)",
        "[BODY].age == [BODY].id",
        "[BODY].name > b",
        "[IP] == 127.0.0.1",
        "[DOMAIN_EXPIRATION] > 720h",
        "[STATUS] < any(200, 201)",
    ],
)
def test_a_condition_of_gatus_without_an_equal_is_left_out_and_said(condition: str) -> None:
    service: dict[str, Any] = {"kind": "http", "config": {}}
    found = Found("a", "http")
    add_conditions([condition], service, found)
    assert service["config"] == {"accepted_statuses": "100-599"}
    assert found.changed == [f"the condition {condition} is left out"]


def test_uptimerobots_list_comes_over(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "monitors.csv"
    path.write_text(
        "\ufeffType,Friendly Name,URL/IP,Interval,Keyword Type,Keyword Value,Port,Status\n"
        "HTTP(s),Site,https://www.example.org,300,,,,Up\n"
        "Keyword,Word,https://www.example.org,5 minutes,not exists,hello,,Paused\n"
        "4,Port,db.example.org,60,,,5432,Up\n"
        "Ping,Echo,db.example.org,60,,,,Up\n"
        "Heartbeat,Backup,,86400,,,,Up\n"
        "Magic,What,www.example.org,60,,,,Up\n"
    )
    found = moved(session, Source.UPTIMEROBOT, path)
    told = services(session)
    assert told["www.example.org/Word"][1]["contains"] == "hello"
    assert told["db.example.org/Port"] == ("tcp", {"port": 5432})
    assert told["Jobs/Backup"][1]["every"] == "86400s"
    word = session.exec(select(Service).where(Service.name == "Word")).one()
    assert (word.paused, word.interval_seconds) == (True, 300)
    assert found.counts == {"+": 4, "~": 1, "=": 0, "-": 1}


def test_the_checks_of_healthchecks_come_over(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "checks.json"
    checks = [
        {"name": "Nightly", "schedule": "0 2 * * *", "tz": "Europe/London", "grace": 1800},
        {"name": "Hourly", "timeout": 3600, "grace": 300, "status": "paused"},
        {"name": "Calendar", "schedule": "Mon..Fri 10:00", "tz": "UTC", "grace": 60},
        {"name": "", "timeout": 60, "grace": 60},
    ]
    path.write_text(json.dumps({"checks": checks}))
    found = moved(session, Source.HEALTHCHECKS, path)
    told = services(session)
    assert told["Jobs/Nightly"] == (
        "heartbeat",
        {"schedule": "0 2 * * *", "timezone": "Europe/London", "grace": "1800s"},
    )
    assert told["Jobs/Hourly"][1]["every"] == "3600s"
    assert found.counts == {"+": 0, "~": 2, "=": 0, "-": 2}


@pytest.mark.parametrize("source", list(Source))
@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"[1, 2]", b"{}"])
def test_another_file_is_refused(tmp_path: Path, source: Source, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    try:
        found = READERS[source](path)
    except Invalid as error:
        assert str(path) in str(error)
    else:
        assert all(isinstance(each, Found) and each.service is None for each in found)
