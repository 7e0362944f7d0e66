"""A recurrence rule as people choose it from a form, and in words. Pure.

What the form does not know stays a rule that is written by hand.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

WEEKDAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
NUMBERS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}
UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
DAY_OF_MONTH = re.compile(r"-?\d{1,2}")
NTH = re.compile(r"(-1|[1-4])([A-Z]{2})")
DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
END_OF_DAY = "T235959"


class How(StrEnum):
    """The ways to repeat that the form offers."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    NTH = "nth"
    MONTHLY = "monthly"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Repeat:
    """What is chosen. ``until`` is a date, or UNTIL as the rule has it; ``count`` is a number."""

    how: How = How.ONCE
    every: str = "1"
    weekdays: tuple[str, ...] = ()
    number: str = "1"
    weekday: str = "MO"
    monthday: str = ""
    until: str = ""
    count: str = ""
    rule: str = ""


def read_repeat(rule: str) -> Repeat:
    """The choices that make ``rule``; `How.RULE` where there are none that do."""
    if not rule:
        return Repeat()
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    base = Repeat(
        every=parts.pop("INTERVAL", "1"),
        until=_date(parts.pop("UNTIL", "")),
        count=parts.pop("COUNT", ""),
    )
    days = parts.get("BYDAY", "")
    nth = NTH.fullmatch(days)
    if parts == {"FREQ": "DAILY"}:
        return replace(base, how=How.DAILY)
    if parts.pop("FREQ", "") == "WEEKLY" and set(parts) <= {"BYDAY"}:
        chosen = tuple(days.split(",")) if days else ()
        if set(chosen) <= set(WEEKDAYS):
            return replace(base, how=How.WEEKLY, weekdays=chosen)
    elif rule.startswith("FREQ=MONTHLY"):
        if set(parts) == {"BYDAY"} and nth and nth[2] in WEEKDAYS:
            return replace(base, how=How.NTH, number=nth[1], weekday=nth[2])
        day = parts.get("BYMONTHDAY", "")
        if set(parts) <= {"BYMONTHDAY"} and (not parts or DAY_OF_MONTH.fullmatch(day)):
            return replace(base, how=How.MONTHLY, monthday=day)
    return Repeat(How.RULE, rule=rule)


def rule_of(repeat: Repeat) -> str:
    """The rule that the choices make, not checked."""
    if repeat.how is How.ONCE:
        return ""
    if repeat.how is How.RULE:
        return repeat.rule
    parts = {
        How.DAILY: ["FREQ=DAILY"],
        How.WEEKLY: ["FREQ=WEEKLY", _part("BYDAY", ",".join(repeat.weekdays))],
        How.NTH: ["FREQ=MONTHLY", f"BYDAY={repeat.number}{repeat.weekday}"],
        How.MONTHLY: ["FREQ=MONTHLY", _part("BYMONTHDAY", repeat.monthday)],
    }[repeat.how]
    every = "" if repeat.every in ("", "1") else repeat.every
    date = DATE.fullmatch(repeat.until)
    until = "".join(date.groups()) + END_OF_DAY if date else repeat.until
    parts += [_part("INTERVAL", every), _part("UNTIL", until), _part("COUNT", repeat.count)]
    return ";".join(part for part in parts if part)


def rule_in_words(rule: str) -> str:
    """``every second Tuesday of the month``; a rule written by hand as it is; empty for once."""
    repeat = read_repeat(rule)
    if repeat.how is How.ONCE:
        return ""
    if repeat.how is How.RULE:
        return rule
    unit = UNITS[rule.split(";")[0].removeprefix("FREQ=")]
    often = f"every {unit}" if repeat.every == "1" else f"every {repeat.every} {unit}s"
    words = often + _on(repeat)
    if repeat.count:
        words += f", {repeat.count} times"
    if repeat.until:
        is_date = DATE.fullmatch(repeat.until)
        words += f", until {repeat.until if is_date else _date(repeat.until[:8] + END_OF_DAY)}"
    return words


def _on(repeat: Repeat) -> str:
    if repeat.how is How.WEEKLY and repeat.weekdays:
        return f" on {', '.join(WEEKDAYS[day] for day in repeat.weekdays)}"
    if repeat.how is How.NTH:
        return f" on the {NUMBERS[repeat.number]} {WEEKDAYS[repeat.weekday]}"
    if repeat.how is How.MONTHLY and repeat.monthday:
        last = repeat.monthday == "-1"
        return " on the last day" if last else f" on day {repeat.monthday}"
    return ""


def _part(name: str, value: str) -> str:
    return f"{name}={value}" if value else ""


def _date(until: str) -> str:
    """A date where UNTIL is the end of one."""
    if not until.endswith(END_OF_DAY) or len(until) != 8 + len(END_OF_DAY):
        return until
    return f"{until[:4]}-{until[4:6]}-{until[6:8]}"
