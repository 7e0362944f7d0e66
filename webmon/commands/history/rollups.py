"""Sum up check results by hour and day as they come.

The hour that is going on is kept with the service's state, which every check writes anyway; when
it is over, it goes to the tables. So a roll-up costs nothing of its own for most results.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Table, select
from sqlmodel import Session

from webmon.bulk import upsert
from webmon.domain.history.rollups import Rollup
from webmon.models import Daily, Hourly
from webmon.models.columns import table
from webmon.models.history import RollupColumns

HOUR_MS = 3_600_000
HOURS_PER_DAY = 24
COLUMNS = tuple(RollupColumns.model_fields)


class FullHour(NamedTuple):
    """The results of a service in an hour that is over."""

    service_id: int
    hour: int
    rollup: Rollup


def store_hours(session: Session, full: Sequence[FullHour]) -> None:
    """Put full hours into the tables. One that is there already (the clock went back) grows."""
    if not full:
        return
    _merge(session, table(Hourly), "hour", full)
    days = (FullHour(each.service_id, each.hour // HOURS_PER_DAY, each.rollup) for each in full)
    _merge(session, table(Daily), "day", days)


def _merge(session: Session, into: Table, period: str, added: Iterable[FullHour]) -> None:
    found: dict[tuple[int, int], Rollup] = {}
    for service_id, number, rollup in added:
        found.setdefault((service_id, number), Rollup()).merge(rollup)
    columns = [into.c[name] for name in COLUMNS]
    present = session.execute(
        select(into.c.service_id, into.c[period], *columns).where(
            into.c.service_id.in_([service_id for service_id, _ in found]),
            into.c[period].in_({number for _, number in found}),
        )
    )
    for service_id, number, *values in present:
        if (service_id, number) in found:
            found[service_id, number].merge(Rollup(*values))
    rows = [
        {"service_id": key[0], period: key[1], **dict(zip(COLUMNS, rollup.as_list(), strict=True))}
        for key, rollup in found.items()
    ]
    upsert(session, into, rows)
