"""Cron expressions, read as Debian's cron reads them. Pure."""

import re

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
"""The first and the last value of each field; Sunday is 7 too."""

_NAMES = {
    3: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    4: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
}
_RANGE = re.compile(r"([0-9]{1,3}|[A-Z]{3})-([0-9]{1,3}|[A-Z]{3})(?:/([0-9]{1,3}))?")
_RANDOM = re.compile(r"[0-9]*~[0-9]*")


def expanded(schedule: str) -> str:
    """``schedule`` without nicknames, and with one number for a range of one.

    The library takes the step of ``9-9/1`` for one from 9 to the end; cron does not.

    Raises:
        ValueError: it has no five fields, or something that is written in another way here.
    """
    fields = NICKNAMES.get(schedule, schedule).upper().split()
    if len(fields) != 5:
        raise ValueError("must have the five fields of a crontab, such as 0 2 * * *")
    return " ".join(_field(place, text) for place, text in enumerate(fields))


def _field(place: int, text: str) -> str:
    return ",".join(_term(place, term) for term in text.split(","))


def _term(place: int, term: str) -> str:
    if _RANDOM.match(term):
        raise ValueError(
            f"must not have a random time ({term}): write the number at which the job runs"
        )
    found = _RANGE.fullmatch(term)
    if found is None:
        return term
    first, last = _value(place, found[1]), _value(place, found[2])
    step = int(found[3] or 1)
    if first is None or last is None or step == 0:
        return term  # refused by the library, with the name of the field
    if first > last:
        raise ValueError(
            f"must not have a range that runs backwards:"
            f" write {_forwards(place, first, last, step)} for {term}"
        )
    return str(first) if first == last else term


def _value(place: int, text: str) -> int | None:
    """The number of a value, None where the field has no such value."""
    low, high = _LIMITS[place]
    names = _NAMES.get(place, [])
    if text in names:
        return names.index(text) + low
    is_known = text.isdigit() and (low <= int(text) <= high or (place == 4 and text == "7"))
    return int(text) if is_known else None


def _forwards(place: int, first: int, last: int, step: int) -> str:
    """The values of a range that goes on at the beginning of its field, as cron can be told."""
    low, high = _LIMITS[place]
    if step == 1 and first > high:  # Sunday as 7
        return _span(low, last)
    if step == 1:
        return f"{_span(first, high)},{_span(low, last)}"
    every = [*range(first, high + 1), *range(low, last + 1)][::step]
    return ",".join(map(str, every))


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
