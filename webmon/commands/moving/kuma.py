"""Uptime Kuma 1.23 and 2.x: its `kuma.db`, which is only read."""

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

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
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            _be_wary(database)
            rows = _rows(database, "monitor")
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
        service["timeout"] = seconds(min(float(row.get("timeout") or 48), 120), 48)
        retries = int(row.get("maxretries") or 0)
        service["failures_to_down"] = min(retries + 1, 20)
        if retries > 19:
            found.changed.append(f"{retries} retries: here at most 19")
        retry = float(row.get("retry_interval") or row.get("interval") or 60)
        service["retry"] = seconds(min(max(retry, 1), 3600), 60)
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
    if row.get("headers"):
        headers = json.loads(row["headers"])
        config["headers"] = {str(key): str(value) for key, value in headers.items()}
    method = row.get("auth_method")
    if row.get("basic_auth_user") and method in (None, "", "basic"):
        config["basic_auth"] = f"{row['basic_auth_user']}:{row.get('basic_auth_pass') or ''}"
    elif method not in (None, "", "basic"):
        return left_out(row.get("name"), row["type"], f"it signs in by {method}")
    if row.get("expiry_notification"):
        changed.append("add a `tls` service to be warned before the certificate expires")
    return _made(row, "http", host_of(url), config, *changed)


def _keyword(row: Row) -> Found:
    found = _http(row)
    if found.service is not None:
        name = "not_contains" if row.get("invert_keyword") else "contains"
        found.service["config"][name] = str(row["keyword"])
    return found


def _json(row: Row) -> Found:
    found, path = _http(row), str(row.get("json_path") or "$")
    operator = row.get("json_path_operator") or "=="
    if operator != "==" or PATH.fullmatch(path) is None:
        return left_out(row.get("name"), row["type"], f"its condition {path} {operator} …")
    if found.service is not None:
        config = found.service["config"]
        config["json_path"] = path if path.startswith("$") else f"$.{path}"
        config["json_equals"] = str(row.get("expected_value") or "")
    return found


def _port(row: Row) -> Found:
    return _made(row, "tcp", str(row["hostname"]), {"port": int(row["port"])})


def _ping(row: Row) -> Found:
    return _made(row, "ping", str(row["hostname"]), {})


def _dns(row: Row) -> Found:
    servers = str(row.get("dns_resolve_server") or "").split(",")
    changed = ["only the first name server is asked"] if len(servers) > 1 else []
    config = {
        "name": row["hostname"],
        "record": row.get("dns_resolve_type") or "A",
        "resolver": servers[0].strip(),
    }
    return _made(row, "dns", str(row["hostname"]), config, *changed)


def _push(row: Row) -> Found:
    every = seconds(row.get("interval"), 60)
    config = {"every": every, "grace": every}
    said = "the job must call another address, which the service's page shows"
    return _made(row, "heartbeat", "", config, said)


def _database(kind: str) -> Callable[[Row], Found]:
    def make(row: Row) -> Found:
        dsn = str(row.get("database_connection_string") or "")
        if "://" not in dsn:
            return left_out(row.get("name"), row["type"], "its connection string is not a URL")
        config = {"dsn": dsn, "query": row.get("database_query")}
        return _made(row, kind, host_of(dsn), config)

    return make


def _redis(row: Row) -> Found:
    url = str(row.get("database_connection_string") or "")
    parts = urlsplit(url)
    config = {
        "port": port_of(url, 6379),
        "user": parts.username,
        "password": parts.password,
        "tls": parts.scheme == "rediss",
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
