"""UptimeRobot's list of monitors (CSV), and the checks of healthchecks.io (JSON)."""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webmon.commands.moving.found import (
    JOBS,
    MOVED,
    Found,
    host_of,
    left_out,
    port_of,
    read_each,
    seconds,
    without_nothing,
)
from webmon.errors import Invalid

NUMBERS = {"1": "http", "2": "keyword", "3": "ping", "4": "port", "5": "heartbeat"}
COLUMNS = {
    "name": ("friendlyname", "name"),
    "url": ("url", "urlip", "urliphost", "monitorurl"),
    "kind": ("type", "monitortype"),
    "interval": ("interval", "monitoringinterval"),
    "keyword": ("keywordvalue", "keyword"),
    "keyword_kind": ("keywordtype",),
    "port": ("port",),
    "status": ("status",),
}


def read_uptimerobot(path: Path) -> list[Found]:
    """The monitors in the list.

    Raises:
        Invalid: the columns of names and addresses are missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (csv.Error, UnicodeDecodeError) as error:
        raise Invalid(f"{path} is not CSV: {error}") from None
    plain = [{_plain(key): value for key, value in row.items() if key} for row in rows]
    named = [{name: _first(row, keys) for name, keys in COLUMNS.items()} for row in plain]
    if not plain or not any(each in plain[0] for each in COLUMNS["name"]):
        raise Invalid(f"{path} has no column “Friendly Name”")
    return read_each(_robot, named, "monitor")


def _plain(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((str(row[key] or "").strip() for key in keys if key in row), "")


def _robot(row: Mapping[str, str]) -> Found:
    url, said = row["url"], _plain(row["kind"])
    kind = NUMBERS.get(row["kind"]) or ("http" if said.startswith("http") else said)
    name, address = row["name"] or url, host_of(url)
    config: dict[str, Any] = {}
    ours = {"http": "http", "keyword": "http", "ping": "ping", "port": "tcp"}.get(kind)
    if kind in ("heartbeat", "cron"):
        every = _interval(row["interval"], 86_400)
        told = {"name": name, "kind": "heartbeat", "config": {"every": every, "grace": "5m"}}
        return Found(name, kind, JOBS, "", told, [MOVED])
    if ours is None or not address:
        why = "there is no such kind of check here" if address else "it has no address"
        return left_out(name, row["kind"] or "monitor", why)
    if ours == "http":
        config = {"url": url if "://" in url else f"http://{url}", "follow_redirects": True}
        if kind == "keyword":
            # UptimeRobot alerts when the keyword exists, or when it does not.
            alerts_if_there = "not" not in row["keyword_kind"].lower()
            config["not_contains" if alerts_if_there else "contains"] = row["keyword"]
    elif ours == "tcp":
        port = row["port"] if row["port"].isdigit() else port_of(url)
        if not int(port):
            return left_out(name, kind, "it has no port")
        config = {"port": int(port)}
    service: dict[str, Any] = {"name": name, "kind": ours, "config": without_nothing(config)}
    service["interval"] = _interval(row["interval"], 300)
    if "pause" in row["status"].lower():
        service["paused"] = True
    changed = ["it is down while the keyword is there"] if "not_contains" in config else []
    return Found(name, kind, address, address, service, changed)


def _interval(text: str, ordinary: int) -> str:
    match = re.fullmatch(r"(\d+)\s*(s|sec\w*|m|min\w*|h|hour\w*|d|day\w*)?", text.strip().lower())
    if match is None:
        return f"{ordinary}s"
    unit = {"m": 60, "h": 3600, "d": 86_400}.get((match[2] or "s")[0], 1)
    return seconds(int(match[1]) * unit, ordinary)


def read_healthchecks(path: Path) -> list[Found]:
    """The checks, as `GET /api/v3/checks/` gives them.

    Raises:
        Invalid: it is not their JSON.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{path} is not JSON: {error}") from None
    checks = content.get("checks") if isinstance(content, dict) else content
    if not isinstance(checks, list):
        raise Invalid(f"{path} has no list of checks")
    return read_each(_check, checks, "check")


def _check(item: Any) -> Found:
    if not isinstance(item, dict):
        return left_out("", "check", "it is no check")
    name = str(item.get("name") or item.get("slug") or "").strip()
    if not name:
        return left_out(item.get("unique_key"), "check", "it has no name")
    grace = seconds(item.get("grace"), 300)
    changed = [MOVED]
    if item.get("schedule"):
        timezone = item.get("tz") or item.get("timezone") or "UTC"
        config = {"schedule": str(item["schedule"]), "timezone": str(timezone), "grace": grace}
        if len(str(item["schedule"]).split()) != 5:
            return left_out(name, "check", f"its schedule {item['schedule']} is not one of cron's")
    else:
        config = {"every": seconds(item.get("timeout"), 86_400), "grace": grace}
    service: dict[str, Any] = {"name": name, "kind": "heartbeat", "config": config}
    if item.get("status") == "paused":
        service["paused"] = True
    for part, why in (
        ("success_kw", "it looks for keywords in what the job says: left out"),
        ("manual_resume", "it is resumed by hand: here by the next report"),
    ):
        if item.get(part):
            changed.append(why)
    return Found(name, "check", JOBS, "", service, changed)
