"""Gatus' conditions, as the same ones are written here.

Source: https://github.com/TwiN/gatus#conditions. What has no equal here is said, never guessed.
"""

import re
from collections.abc import Callable, Iterable
from itertools import groupby
from math import ceil
from typing import Any

from webmon.commands.moving.found import Found
from webmon.domain.durations import parse_duration

SIGN = "(==|!=|<=|>=|<|>)"
STATUS = re.compile(rf"\[STATUS\] {SIGN} (?:(\d{{3}})|any\(([\d, ]+)\)|pat\((\d{{1,2}})\*\))")
TIME = re.compile(r"\[RESPONSE_TIME\] <=? (\d+)")
EXPIRES = re.compile(r"\[CERTIFICATE_EXPIRATION\] >=? (\S+)")
PATTERN = re.compile(r"\[BODY\] (==|!=) pat\(\*([^*]*[^*\s][^*]*)\*\)")
PATH = r"\[BODY\]((?:\.[\w-]+|\.?\[\d+\])*)"
LENGTH = re.compile(rf"len\({PATH}\) {SIGN} (\d+)")
PRESENCE = re.compile(rf"has\({PATH}\) (==|!=) (true|false)")
JSON = re.compile(rf"{PATH} {SIGN} ([^()\[\]\s][^()\[\]]*)")
RCODE = re.compile(r"\[DNS_RCODE\] == (NOERROR|NXDOMAIN|REFUSED|SERVFAIL)")
ANSWER = re.compile(r"\[BODY\] == ([\w.:-]+)")
CONNECTED = re.compile(r"\[CONNECTED\] == true")
STATUSES = range(100, 600)
GO_UNITS = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
GO_SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
HOLDS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda status, wanted: status == wanted,
    "!=": lambda status, wanted: status != wanted,
    "<": lambda status, wanted: status < wanted,
    "<=": lambda status, wanted: status <= wanted,
    ">": lambda status, wanted: status > wanted,
    ">=": lambda status, wanted: status >= wanted,
}


def add_conditions(texts: Iterable[str], service: dict[str, Any], found: Found) -> None:
    """Have ``service`` judge by them; ``found`` says what is different, or left out."""
    statuses = set(STATUSES)
    for text in texts:
        accepted = _statuses(text) if service["kind"] == "http" else None
        if accepted is not None:
            statuses &= accepted
        elif not _is_carried(text, service, found):
            found.changed.append(f"the condition {text} is left out")
    if service["kind"] == "http":
        if not statuses:
            raise ValueError("no status meets all of its conditions")
        service["config"]["accepted_statuses"] = _written(statuses)


def length_of(text: object, ordinary: float) -> float:
    """Seconds of a length of Go's, such as 1h30m."""
    said = str(text or "")
    parts = GO_UNITS.findall(said)
    if not parts or "".join(map("".join, parts)) != said:
        try:
            return parse_duration(said)
        except ValueError:
            return ordinary
    return sum(float(number) * GO_SECONDS[unit] for number, unit in parts)


def _statuses(text: str) -> set[int] | None:
    """Those that meet the condition; None where it is not one on the status."""
    match = STATUS.fullmatch(text)
    if match is None or ((match[3] or match[4]) and match[1] not in ("==", "!=")):
        return None
    sign, number, many, start = match.groups()
    if number:
        return {each for each in STATUSES if HOLDS[sign](each, int(number))}
    named = (
        {int(each) for each in many.split(",") if each.strip()}
        if many
        else {each for each in STATUSES if str(each).startswith(start)}
    )
    return named & set(STATUSES) if sign == "==" else set(STATUSES) - named


def _written(statuses: set[int]) -> str:
    """As ``accepted_statuses`` has them: 200,301-399."""
    runs = groupby(enumerate(sorted(statuses)), key=lambda pair: pair[1] - pair[0])
    ends = [[status for _, status in run] for _, run in runs]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in ends)


def _is_carried(text: str, service: dict[str, Any], found: Found) -> bool:
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
        config["down_days"] = ceil(length_of(match[1], 0) / 86_400)
    elif EXPIRES.fullmatch(text):
        found.changed.append(f"{text}: add a `tls` service")
    elif kind == "http" and (condition := _condition(text)):
        config.setdefault("conditions", []).append(condition)
        if " != " in condition:
            found.changed.append(f"{text}: down here where the JSON has none")
    else:
        return False
    return True


def _condition(text: str) -> str | None:
    """A line of ``conditions`` that holds where the condition on the body does."""
    if match := PATTERN.fullmatch(text):
        return f"body {'contains' if match[1] == '==' else 'lacks'} {match[2].strip()}"
    if (match := PRESENCE.fullmatch(text)) and match[1]:
        is_there = (match[2] == "==") == (match[3] == "true")
        return f"json {_path(match[1])} {'exists' if is_there else 'absent'}"
    if match := LENGTH.fullmatch(text):
        return f"json {_path(match[1])} length {match[2]} {match[3]}"
    if (match := JSON.fullmatch(text)) and match[1]:
        path, sign, value = match.groups()
        is_number = re.fullmatch(r"-?\d+(\.\d+)?", value)
        return f"json {_path(path)} {sign} {value}" if is_number or sign in ("==", "!=") else None
    return None


def _path(steps: str) -> str:
    """A path of Gatus' as RFC 9535 writes it: keys with hyphens in brackets."""
    found = re.findall(r"([\w-]+)|\[(\d+)\]", steps.replace("].[", "]["))
    return "$" + "".join(f"[{place}]" if place else _key(key) for key, place in found)


def _key(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII) else f"['{key}']"
