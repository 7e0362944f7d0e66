"""Gatus: its configuration file."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from webmon.commands.config_file.source import QUICK, require_shallow
from webmon.commands.moving.found import (
    JOBS,
    MOVED,
    Found,
    host_of,
    left_out,
    port_of,
    read_each,
    without_nothing,
)
from webmon.commands.moving.gatus_conditions import add_conditions, length_of
from webmon.errors import Invalid

Endpoint = Mapping[str, Any]
LARGEST_FILE = 2_000_000
MOST_VALUES = 200_000
PLANNED = "plan it in the room Planned downtime"
VARIABLE = re.compile(r"\$\{|\$[A-Z_]+")


def read_gatus(path: Path) -> list[Found]:
    """What is in the file.

    Raises:
        Invalid: it is no configuration of Gatus'.
    """
    content = _content(path)
    if not isinstance(content, dict) or not isinstance(content.get("endpoints"), list):
        raise Invalid(f"{path} has no list of endpoints")
    found = read_each(_endpoint, content["endpoints"], "endpoint")
    found += read_each(_external, _list(content, "external-endpoints"), "external endpoint")
    for each in _list(content, "suites"):
        name = each.get("name") if isinstance(each, dict) else each
        found.append(left_out(name, "suite", "there are no checks in several steps here"))
    if content.get("maintenance"):
        found.append(left_out("maintenance", "maintenance", PLANNED))
    alerting = content.get("alerting")
    for each in alerting if isinstance(alerting, dict) else ():
        why = "channels are made here: webmon apply, or the room Channels"
        found.append(left_out(each, "alerting", why))
    return found


def _list(content: Mapping[str, Any], name: str) -> list[Any]:
    value = content.get(name)
    return value if isinstance(value, list) else []


def _content(path: Path) -> Any:
    if path.stat().st_size > LARGEST_FILE:
        raise Invalid(f"{path} is larger than {LARGEST_FILE // 1_000_000} MB")
    text = path.read_bytes()
    try:
        require_shallow(text)
        content = yaml.load(text, Loader=QUICK)
        left = _size(content, MOST_VALUES)
    except RecursionError:
        raise Invalid(f"{path} is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Invalid(f"{path} is not YAML: {(str(error) or 'error').splitlines()[0]}") from None
    if left <= 0:
        raise Invalid(f"{path} has too many values: its aliases multiply")
    return content


def _size(value: Any, left: int) -> int:
    """What is left of a number of values after all those in ``value``, written out."""
    within: Any = ()
    if isinstance(value, dict):
        within = (*value, *value.values())
    elif isinstance(value, list | set | tuple):
        within = value
    for each in within:
        left = _size(each, left - 1)
        if left <= 0:
            break
    return left


def _endpoint(item: Any) -> Found:
    if not isinstance(item, dict) or not item.get("name") or not item.get("url"):
        return left_out(item.get("name") if isinstance(item, dict) else item, "endpoint", "no url")
    name, url = str(item["name"]), str(item["url"])
    kind = "dns" if isinstance(item.get("dns"), dict) else url.partition("://")[0]
    client = item.get("client") or {}
    if why := _foreign(item, client):
        return left_out(name, kind, why)
    found = Found(name, kind, host_of(url), host_of(url))
    config = _config(item, kind, url, found)
    if config is None:
        found.why = f"there is no check for {kind}:// here"
        return found
    ours = {"https": "http", "icmp": "ping", "starttls": "tls"}.get(kind, kind)
    service: dict[str, Any] = {"name": name, "kind": ours, "config": without_nothing(config)}
    add_conditions([str(each).strip() for each in item.get("conditions") or []], service, found)
    service["interval"] = f"{length_of(item.get('interval'), 60):g}s"
    service["failures_to_down"] = 1
    alerts = [each for each in item.get("alerts") or [] if isinstance(each, dict)]
    if thresholds := [each.get("failure-threshold", 3) for each in alerts]:
        service["failures_to_down"] = min(int(thresholds[0]), 20)
    for part in ("proxy-url", "dns-resolver"):
        if client.get(part):
            found.changed.append(f"{part} is left out")
    if client.get("timeout"):
        service["timeout"] = f"{min(length_of(client['timeout'], 10), 120):g}s"
    if item.get("enabled") is False:
        service["paused"] = True
    if item.get("maintenance-windows"):
        found.changed.append(f"maintenance-windows are left out: {PLANNED}")
    if item.get("group"):
        found.changed.append(f"group {item['group']}: here services belong to hosts")
    found.service = service
    return found


def _external(item: Any) -> Found:
    """What others report: a heartbeat, where Gatus says how often."""
    name, every = str(item["name"]), (item.get("heartbeat") or {}).get("interval")
    if not every:
        return left_out(name, "external endpoint", "make a `heartbeat` service: no interval is set")
    service = {
        "name": name,
        "kind": "heartbeat",
        "config": {"every": f"{length_of(every, 3600):g}s", "grace": "0s"},
        "paused": item.get("enabled") is False,
    }
    return Found(name, "external endpoint", JOBS, "", service, [MOVED])


def _foreign(item: Endpoint, client: Endpoint) -> str:
    """What it does that no check here does; empty: nothing."""
    sent = [str(item.get(part) or "") for part in ("url", "headers", "body")]
    if any(VARIABLE.search(each) for each in sent):
        return "it has a variable; fill it in first"
    if item.get("graphql"):
        return "it asks in GraphQL; write the whole body of the request"
    for part in ("oauth2", "identity-aware-proxy", "tls"):
        if client.get(part):
            return f"it signs in by {part}"
    return ""


def _config(item: Endpoint, kind: str, url: str, found: Found) -> dict[str, Any] | None:
    client = item.get("client") or {}
    if kind in ("http", "https"):
        return {
            "url": url,
            "method": item.get("method"),
            "headers": {str(k): str(v) for k, v in (item.get("headers") or {}).items()},
            "body": item.get("body"),
            "follow_redirects": not client.get("ignore-redirect"),
            "verify_tls": not client.get("insecure"),
        }
    if kind == "dns":
        question = item["dns"]
        found.host = found.address = str(question.get("query-name", "")).rstrip(".") or JOBS
        resolver = url.partition("://")[2] or url
        return {
            "name": question.get("query-name"),
            "record": question.get("query-type") or "A",
            "resolver": resolver,
        }
    if kind == "tcp" and port_of(url):
        return {"port": port_of(url)}
    if kind == "tls":
        return {"port": port_of(url, 443)}
    if kind == "starttls":
        port = port_of(url, 25)
        return {"port": port, "starttls": {143: "imap", 21: "ftp"}.get(port, "smtp")}
    if kind == "ssh":
        return {"port": port_of(url, 22)}
    return {} if kind == "icmp" else None
