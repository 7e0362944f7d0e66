"""Gatus: its configuration file."""

import re
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

import yaml

from webmon.commands.config_file.source import QUICK, require_shallow
from webmon.commands.moving.found import (
    JOBS,
    Found,
    host_of,
    left_out,
    port_of,
    read_each,
    without_nothing,
)
from webmon.domain.durations import parse_duration
from webmon.errors import Invalid

Endpoint = Mapping[str, Any]
STATUS = re.compile(r"\[STATUS\] (==|<|<=) (\d{3}|any\(([\d, ]+)\))")
TIME = re.compile(r"\[RESPONSE_TIME\] <=? (\d+)")
EXPIRES = re.compile(r"\[CERTIFICATE_EXPIRATION\] >=? (\S+)")
PATTERN = re.compile(r"\[BODY\] (==|!=) pat\(\*([^*]+)\*\)")
JSON = re.compile(r"\[BODY\]((?:\.\w+|\[\d+\])+) == ([^()]+)")
RCODE = re.compile(r"\[DNS_RCODE\] == (NOERROR|NXDOMAIN|REFUSED|SERVFAIL)")
ANSWER = re.compile(r"\[BODY\] == ([\w.:-]+)")
CONNECTED = re.compile(r"\[CONNECTED\] == true")
LARGEST_FILE = 2_000_000
MOST_VALUES = 200_000
ANY_STATUS = "100-599"
VARIABLE = re.compile(r"\$\{|\$[A-Z_]+")
GO_UNITS = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
GO_SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}


def read_gatus(path: Path) -> list[Found]:
    """What is in the file.

    Raises:
        Invalid: it is no configuration of Gatus'.
    """
    content = _content(path)
    if not isinstance(content, dict) or not isinstance(content.get("endpoints"), list):
        raise Invalid(f"{path} has no list of endpoints")
    found = read_each(_endpoint, content["endpoints"], "endpoint")
    outside, alerting = content.get("external-endpoints"), content.get("alerting")
    for each in outside if isinstance(outside, list) else ():
        why = "make a `heartbeat` service: Gatus says no interval"
        name = each.get("name") if isinstance(each, dict) else each
        found.append(left_out(name, "external endpoint", why))
    for each in alerting if isinstance(alerting, dict) else ():
        why = "channels are made here: webmon apply, or the room Channels"
        found.append(left_out(each, "alerting", why))
    return found


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
    for condition in item.get("conditions") or []:
        _add_condition(str(condition).strip(), service, found)
    service["interval"] = f"{_length(item.get('interval'), 60):g}s"
    service["failures_to_down"] = 1
    alerts = [each for each in item.get("alerts") or [] if isinstance(each, dict)]
    if thresholds := [each.get("failure-threshold", 3) for each in alerts]:
        service["failures_to_down"] = min(int(thresholds[0]), 20)
    for part in ("proxy-url", "dns-resolver"):
        if client.get(part):
            found.changed.append(f"{part} is left out")
    if client.get("timeout"):
        service["timeout"] = f"{min(_length(client['timeout'], 10), 120):g}s"
    if item.get("enabled") is False:
        service["paused"] = True
    if item.get("group"):
        found.changed.append(f"group {item['group']}: here services belong to hosts")
    found.service = service
    return found


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
            "accepted_statuses": ANY_STATUS,
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


def _add_condition(text: str, service: dict[str, Any], found: Found) -> None:
    if not any(add(text, service, found) for add in (_about_http, _about_others)):
        found.changed.append(f"the condition {text} is left out")


def _about_http(text: str, service: dict[str, Any], _found: Found) -> bool:
    """Whether it is a condition on a status or a body, and the first of its sort."""
    config = service["config"]
    if service["kind"] != "http":
        return False
    if match := STATUS.fullmatch(text):
        if config["accepted_statuses"] != ANY_STATUS:
            return False
        sign, number, many = match.groups()
        last = "" if many else int(number) - (sign == "<")
        config["accepted_statuses"] = (
            many.replace(" ", "") if many else number if sign == "==" else f"100-{last}"
        )
        return True
    if match := PATTERN.fullmatch(text):
        name = "contains" if match[1] == "==" else "not_contains"
        return config.setdefault(name, match[2]) is match[2]
    if (match := JSON.fullmatch(text)) and "json_path" not in config:
        config["json_path"], config["json_equals"] = f"${match[1]}", match[2].strip()
        return True
    return False


def _about_others(text: str, service: dict[str, Any], found: Found) -> bool:
    config, kind = service["config"], service["kind"]
    if CONNECTED.fullmatch(text):
        return True
    if match := TIME.fullmatch(text):
        service["degraded_above"] = f"{match[1]}ms"
        found.changed.append(f"{text}: slower is difficulties here, not down")
    elif kind == "dns" and (match := RCODE.fullmatch(text)):
        config["rcode"] = match[1]
    elif kind == "dns" and (match := ANSWER.fullmatch(text)):
        config["expect"] = match[1]
    elif kind == "tls" and (match := EXPIRES.fullmatch(text)):
        config["down_days"] = ceil(_length(match[1], 0) / 86_400)
    elif EXPIRES.fullmatch(text):
        found.changed.append(f"{text}: add a `tls` service")
    else:
        return False
    return True


def _length(text: object, ordinary: float) -> float:
    """A length of Go's, such as 1h30m."""
    said = str(text or "")
    parts = GO_UNITS.findall(said)
    if not parts or "".join(map("".join, parts)) != said:
        try:
            return parse_duration(said)
        except ValueError:
            return ordinary
    return sum(float(number) * GO_SECONDS[unit] for number, unit in parts)
