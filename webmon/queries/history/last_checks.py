"""The last checks of services, one letter each: what the bars in the list are drawn from."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import String, cast, func, select
from sqlmodel import Session

from webmon.domain.checks.status import Status
from webmon.models import CheckResult, Service
from webmon.models.columns import table
from webmon.models.history import STATUS_CODES

SHOWN = 30
LETTERS = {
    STATUS_CODES[status]: letter
    for status, letter in (
        (Status.UP, "u"),
        (Status.DEGRADED, "w"),
        (Status.DOWN, "d"),
        (Status.UNKNOWN, "-"),
    )
}

service, result = table(Service).c, table(CheckResult).c
LATEST = (
    select(result.status)
    .where(result.service_id == service.id)
    .order_by(result.at_ms.desc())
    .limit(SHOWN)
    .correlate(table(Service))
    .subquery()
)
LAST = select(
    service.id,
    select(func.aggregate_strings(cast(LATEST.c.status, String), "")).scalar_subquery(),
)
"""Of each service the codes of its last results as one text, the latest first."""


class LastChecks(NamedTuple):
    """``letters``: u up, w difficulties, d down, - no data; the oldest first. ``words`` say it."""

    letters: str
    words: str


def last_checks(session: Session, service_ids: Sequence[int]) -> dict[int, LastChecks]:
    """The last 30 results of each service, in one statement that reads an index from its end."""
    found = {}
    for service_id, codes in session.execute(LAST.where(service.id.in_(service_ids))):
        letters = "".join(LETTERS[int(code)] for code in reversed(codes or ""))
        found[service_id] = LastChecks(letters, _words(letters))
    return found


def _words(letters: str) -> str:
    """``Last 30 checks: 28 up, 2 down``; empty where there was none."""
    named = {"u": "up", "w": "in difficulties", "d": "down", "-": "without data"}
    parts = [f"{letters.count(each)} {name}" for each, name in named.items() if each in letters]
    return f"Last {len(letters)} checks: {', '.join(parts)}" if letters else ""
