"""Uptime Kuma 1.23 and 2.x: its `kuma.db`, which is only read."""

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from webmon.commands.moving.found import (
    JOBS,
    Found,
    host_of,
    left_out,
    port_of,
    read_each,
    seconds,
    without_nothing,
)
from webmon.errors import Invalid

Row = Mapping[str, Any]
LONGEST_VALUE = 1_000_000
MOST_ROWS = 10_000
MOST_STEPS, STEPS_AT_ONCE = 50_000_000, 10_000
"""Of SQLite's machine: reading such a file takes some hundred thousand."""
PATH = re.compile(r"\$?[\w.\[\]]+", re.ASCII)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
ORDERS = ("<", ">", "<=", ">=")
RECORD = re.compile(r"[\w.:-]+", re.ASCII)
FAMILIES = {"ipv4": "4", "ipv6": "6"}
DEEPEST_GROUP = 20
CONDITIONS = "it is up on conditions about the answer"
BODIES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "text/xml; charset=utf-8",
}
NOT_CARRIED = {
    "notification": "channels are made here: webmon apply, or the room Channels",
    "status_page": "the public page shows hosts by namespace",
    "maintenance": "plan it again in the room Downtime",
    "proxy": "set HTTPS_PROXY, or `proxy` of a service",
}


def read_kuma(path: Path) -> list[Found]:
    """What is in the database, monitors first.

    Raises:
        Invalid: it is no database of Uptime Kuma's.
    """
    log = path.with_name(f"{path.name}-wal")
    # Without a log nobody writes to it, and nothing need be made beside it to read it.
    how = "mode=ro" if log.exists() else "immutable=1"
    address = f"file:{quote(str(path.absolute()))}?{how}"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            _be_wary(database)
            rows = _with_groups(_rows(database, "monitor"))
            others = [found for name in NOT_CARRIED for found in _others(database, name)]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise Invalid(f"{path} is not a database of Uptime Kuma: {error}") from None
    return [*read_each(_monitor, rows, "monitor"), *others]


def _be_wary(database: sqlite3.Connection) -> None:
    """Somebody has sent this file: nothing in it may compute for long, or grow."""
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA trusted_schema=OFF")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    steps = iter(range(MOST_STEPS // STEPS_AT_ONCE))
    database.set_progress_handler(lambda: next(steps, None) is None, STEPS_AT_ONCE)


def _rows(database: sqlite3.Connection, name: str) -> list[Row]:
    """The rows of a table; of what is only called so (a view), none."""
    is_table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    if database.execute(is_table, [name]).fetchone() is None:
        raise sqlite3.OperationalError(f"no such table: {name}")
    found = database.execute(f"SELECT * FROM {name} ORDER BY id LIMIT {MOST_ROWS}")
    return [dict(each) for each in found]


def _with_groups(rows: list[Row]) -> list[Row]:
    """The monitors; one in a group that is paused is paused too, as there."""
    by_id = {row.get("id"): row for row in rows}

    def is_active(row: Row | None, deep: int = 0) -> bool:
        if row is None or deep > DEEPEST_GROUP:
            return True
        above = by_id.get(row["parent"]) if row.get("parent") else None
        return bool(row.get("active", 1)) and is_active(above, deep + 1)

    return [{**row, "active": is_active(row)} for row in rows]


def _others(database: sqlite3.Connection, name: str) -> list[Found]:
    try:
        rows = _rows(database, name)
    except sqlite3.Error:
        return []  # an older version has none
    kind = name.replace("_", " ")
    return [
        left_out(each.get("name") or each.get("title") or each.get("host"), kind, NOT_CARRIED[name])
        for each in rows
    ]


def _monitor(row: Row) -> Found:
    kind, name = str(row["type"]), str(row.get("name") or "").strip()
    make = KINDS.get(kind)
    if row.get("upside_down"):
        return left_out(name, kind, "it is up while there is no answer; nothing here is")
    if make is None:
        return left_out(name, kind, WHY.get(kind, "there is no such kind of check here"))
    found = make(row)
    if found.service is not None:
        _add_common(row, found)
    return found


def _add_common(row: Row, found: Found) -> None:
    service = found.service
    assert service is not None
    if service["kind"] != "heartbeat":
        service["interval"] = seconds(row.get("interval"), 60)
        usual = 0.8 * float(row.get("interval") or 60)
        service["timeout"] = seconds(min(float(row.get("timeout") or usual), 120), 48)
        retries = int(row.get("maxretries") or 0)
        service["failures_to_down"] = min(retries + 1, 20)
        if retries > 19:
            found.changed.append(f"{retries} retries: here at most 19")
        retry = float(row.get("retry_interval") or row.get("interval") or 60)
        service["retry"] = seconds(min(max(retry, 1), 3600), 60)
    if row.get("proxy_id"):
        found.changed.append("its proxy is left out")
    if row.get("ip_family") in FAMILIES and service["kind"] != "heartbeat":
        service["config"]["address_family"] = FAMILIES[row["ip_family"]]
    if not row.get("active", 1):
        service["paused"] = True


def _made(row: Row, kind: str, address: str, config: Mapping[str, Any], *changed: str) -> Found:
    name = str(row.get("name") or "").strip() or address
    service = {"name": name, "kind": kind, "config": without_nothing(config)}
    host = address or JOBS
    return Found(name, str(row["type"]), host, address, service, list(changed))


def _http(row: Row) -> Found:
    url = str(row["url"])
    changed = []
    codes = json.loads(row.get("accepted_statuscodes_json") or '["200-299"]')
    config: dict[str, Any] = {
        "url": url,
        "method": row.get("method") or "GET",
        "accepted_statuses": ",".join(map(str, codes)),
        "follow_redirects": bool(row.get("maxredirects")),
        "verify_tls": not row.get("ignore_tls"),
        "body": row.get("body"),
    }
    method = row.get("auth_method", "basic") or ""  # versions without a method knew only this
    if method not in ("", "basic", "bearer"):
        return left_out(row.get("name"), row["type"], f"it signs in by {method}")
    if method == "basic" and row.get("basic_auth_user"):
        config["basic_auth"] = f"{row['basic_auth_user']}:{row.get('basic_auth_pass') or ''}"
    config["headers"] = _headers(row, method)
    if row.get("expiry_notification"):
        changed.append("add a `tls` service to be warned before the certificate expires")
    return _made(row, "http", host_of(url), config, *changed)


def _headers(row: Row, method: str) -> dict[str, str]:
    """What it sends besides, the type of its body among it."""
    headers = {}
    body, encoding = str(row.get("body") or "").strip(), row.get("http_body_encoding") or "json"
    if body and encoding in BODIES:
        headers["Content-Type"] = BODIES[encoding]
    if method == "bearer":
        headers["Authorization"] = f"Bearer {row.get('bearer_token') or ''}"
    own = json.loads(row.get("headers") or "{}")
    for key, value in own.items():
        for same in [each for each in headers if each.lower() == str(key).lower()]:
            del headers[same]
        headers[str(key)] = str(value)
    return headers


def _keyword(row: Row) -> Found:
    found = _http(row)
    if found.service is not None:
        name = "not_contains" if row.get("invert_keyword") else "contains"
        found.service["config"][name] = str(row["keyword"])
    return found


def _json(row: Row) -> Found:
    found, path = _http(row), str(row.get("json_path") or "$")
    operator, wanted = row.get("json_path_operator") or "==", str(row.get("expected_value") or "")
    is_known = operator == "==" or (operator == "!=" and _is_one_line(wanted))
    is_known = is_known or (operator in ORDERS and NUMBER.fullmatch(wanted) is not None)
    if not is_known or PATH.fullmatch(path) is None:
        return left_out(row.get("name"), row["type"], f"its condition {path} {operator} …")
    if found.service is not None:
        config, path = found.service["config"], path if path.startswith("$") else f"$.{path}"
        if operator == "==":
            config |= {"json_path": path, "json_equals": wanted}
        else:
            config["conditions"] = [f"json {path} {operator} {wanted}"]
    return found


def _is_one_line(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()


def _port(row: Row) -> Found:
    if row.get("expected_tls_alert") not in (None, "", "none"):
        return left_out(row.get("name"), row["type"], "it is up on an alert of TLS")
    return _made(row, "tcp", str(row["hostname"]), {"port": int(row["port"])})


def _ping(row: Row) -> Found:
    config = {"count": min(int(row.get("ping_count") or 1), 20), "loss_warn_percent": 100}
    return _made(row, "ping", str(row["hostname"]), config)


def _dns(row: Row) -> Found:
    conditions = json.loads(row.get("conditions") or "[]")
    if conditions and _wanted_record(row, conditions) is None:
        return left_out(row.get("name"), row["type"], CONDITIONS)
    servers = re.sub(r"\s", "", str(row.get("dns_resolve_server") or "")).strip(",").split(",")
    changed = ["only the first name server is asked"] if len(servers) > 1 else []
    port = int(row.get("port") or 53)
    server = f"[{servers[0]}]" if ":" in servers[0] else servers[0]
    config = {
        "name": row["hostname"],
        "record": row.get("dns_resolve_type") or "A",
        "resolver": servers[0] if port == 53 else f"{server}:{port}",
        "expect": _wanted_record(row, conditions),
    }
    return _made(row, "dns", str(row["hostname"]), config, *changed)


def _wanted_record(row: Row, conditions: Any) -> str | None:
    """The one record that has to be among those answered; None: that is not what it asks."""
    if not isinstance(conditions, list) or len(conditions) != 1:
        return None
    only = conditions[0] if isinstance(conditions[0], dict) else {}
    asks = only.get("variable"), only.get("operator")
    kind, value = row.get("dns_resolve_type") or "A", str(only.get("value") or "").strip()
    is_plain = kind in ("A", "AAAA", "CNAME", "NS") and RECORD.fullmatch(value) is not None
    return value if asks == ("record", "equals") and is_plain else None


def _push(row: Row) -> Found:
    every = seconds(row.get("interval"), 60)
    late = float(row.get("retry_interval") or row.get("interval") or 60)
    grace = int(row.get("maxretries") or 0) * late
    config = {"every": every, "grace": f"{max(grace, 1):g}s"}
    said = "the job must call another address, which the service's page shows"
    return _made(row, "heartbeat", "", config, said)


def _database(kind: str) -> Callable[[Row], Found]:
    def make(row: Row) -> Found:
        dsn = str(row.get("database_connection_string") or "")
        if "://" not in dsn:
            return left_out(row.get("name"), row["type"], "its connection string is not a URL")
        if _has_conditions(row):
            return left_out(row.get("name"), row["type"], CONDITIONS)
        if kind == "mysql" and row.get("radius_password"):  # where its form puts the password
            dsn = _with_password(dsn, str(row["radius_password"]))
        config = {"dsn": dsn, "query": row.get("database_query")}
        return _made(row, kind, host_of(dsn), config)

    return make


def _has_conditions(row: Row) -> bool:
    return bool(json.loads(row.get("conditions") or "[]"))


def _with_password(dsn: str, password: str) -> str:
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    user = quote(unquote(parts.username or ""), safe="")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}").geturl()


def _redis(row: Row) -> Found:
    url = str(row.get("database_connection_string") or "")
    parts = urlsplit(url)
    config = {
        "port": port_of(url, 6379),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "tls": parts.scheme == "rediss",
        "verify_tls": False if row.get("ignore_tls") else None,
    }
    return _made(row, "redis", host_of(url), config)


def _smtp(row: Row) -> Found:
    how = str(row.get("smtp_security") or "")
    config = {"port": int(row.get("port") or 25)}
    secure = {"starttls": how == "starttls", "tls": how == "secure"}
    return _made(row, "smtp", str(row["hostname"]), config | {k: v for k, v in secure.items() if v})


KINDS: dict[str, Callable[[Row], Found]] = {
    "http": _http,
    "keyword": _keyword,
    "json-query": _json,
    "port": _port,
    "ping": _ping,
    "dns": _dns,
    "push": _push,
    "postgres": _database("postgres"),
    "mysql": _database("mysql"),
    "redis": _redis,
    "smtp": _smtp,
}
WHY = {
    "group": "services belong to hosts here; what is in the group is carried",
    "real-browser": "no browser is run here; watch the page with `http`",
    "docker": "use `tcp` or `http` on what the container serves",
    "manual": "a status that somebody sets is not checked",
}
