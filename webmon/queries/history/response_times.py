"""How long services took to answer in the last 24 hours, exactly, from the raw results.

A failure does not count: how long it took says nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import BigInteger, bindparam, cast, func, select
from sqlmodel import Session

from webmon.domain.checks.status import OBSERVED, Status
from webmon.models import CheckResult
from webmon.models.columns import table
from webmon.models.history import STATUS_CODES

DAY = timedelta(days=1)
SHARE = 0.95

ANSWERED = [code for status, code in STATUS_CODES.items() if status in OBSERVED - {Status.DOWN}]


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """Of one service: how many answers, their mean, and what 95 % of them did not exceed.

    Times are in microseconds; the 95 % are by nearest rank, so it is a time that was measured.
    """

    answers: int = 0
    average_us: float | None = None
    p95_us: int | None = None


NONE = ResponseTimes()

result = table(CheckResult).c
WANTED = (
    (result.service_id == bindparam("service_id"))
    & (result.at_ms >= bindparam("since"))
    & (result.at_ms < bindparam("until"))
    & result.status.in_(ANSWERED)
    & result.response_us.is_not(None)
)
TOTALS = select(func.count(), func.sum(result.response_us)).where(WANTED)
BY_RANK = (
    select(result.response_us)
    .where(WANTED)
    .order_by(result.response_us)
    .limit(1)
    .offset(bindparam("before"))
)
PERCENTILES = (
    select(
        result.service_id,
        func.count(),
        cast(func.sum(result.response_us), BigInteger),
        func.percentile_disc(SHARE).within_group(result.response_us),
    )
    .where(
        result.service_id.in_(bindparam("service_ids", expanding=True)),
        result.at_ms >= bindparam("since"),
        result.at_ms < bindparam("until"),
        result.status.in_(ANSWERED),
        result.response_us.is_not(None),
    )
    .group_by(result.service_id)
)


def last_day(
    session: Session, service_ids: Iterable[int], *, now: datetime
) -> dict[int, ResponseTimes]:
    """The response times of these services in the 24 hours up to ``now``, by their ids.

    Only of those that have answered in them. Reads a day of raw results for each: ask for the
    services of one page, not for all.
    """
    period = {
        "since": round((now - DAY).timestamp() * 1000),
        "until": round(now.timestamp() * 1000) + 1,
    }
    read = _from_postgres if session.get_bind().dialect.name == "postgresql" else _one_by_one
    return dict(read(session, list(service_ids), period))


def _from_postgres(
    session: Session, service_ids: list[int], period: dict[str, int]
) -> Iterator[tuple[int, ResponseTimes]]:
    rows = session.execute(PERCENTILES, {**period, "service_ids": service_ids})
    for service_id, count, total, p95 in rows:
        yield service_id, ResponseTimes(count, total / count, p95)


def _one_by_one(
    session: Session, service_ids: list[int], period: dict[str, int]
) -> Iterator[tuple[int, ResponseTimes]]:
    """SQLite has no percentiles; the value of a rank is found within it all the same."""
    for service_id in service_ids:
        chosen = {**period, "service_id": service_id}
        count, total = session.execute(TOTALS, chosen).one()
        if count:
            before = ceil(SHARE * count) - 1
            p95 = session.scalars(BY_RANK, {**chosen, "before": before}).one()
            yield service_id, ResponseTimes(count, total / count, p95)
