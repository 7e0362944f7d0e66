"""Sum up what machines say about themselves, by hour and by day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, select
from sqlmodel import Session

from webmon.bulk import upsert
from webmon.domain.checks.host_metrics import Values
from webmon.domain.history.calendar import utc_day
from webmon.models import HostMetricDay, HostMetricHour
from webmon.models.columns import table
from webmon.models.history import HostMetricColumns

HOUR_SECONDS = 3_600
COLUMNS = tuple(HostMetricColumns.model_fields)


class Told(NamedTuple):
    """What one `host_metrics` check has seen: a value for each series."""

    service_id: int
    at: datetime
    series: dict[str, float]


def store_host_metrics(session: Session, told: Sequence[Told]) -> None:
    """Add these values to their hours and days; the states of the services are locked."""
    if not told:
        return
    hours = [(each, int(each.at.timestamp()) // HOUR_SECONDS) for each in told]
    _merge(session, table(HostMetricHour), "hour", hours)
    _merge(session, table(HostMetricDay), "day", [(each, utc_day(each.at)) for each in told])


def _merge(session: Session, into: Table, period: str, told: Sequence[tuple[Told, int]]) -> None:
    key = (into.c.service_id, into.c[period], into.c.series)
    found = {
        tuple(row[:3]): Values(*row[3:])
        for row in session.execute(
            select(*key, *(into.c[name] for name in COLUMNS)).where(
                into.c.service_id.in_({each.service_id for each, _ in told}),
                into.c[period].in_({number for _, number in told}),
            )
        )
    }
    changed: dict[tuple[Any, ...], Values] = {}
    for each, number in told:
        for series, value in each.series.items():
            place = (each.service_id, number, series)
            if place in found:
                found[place].merge(Values.of(value))
            else:
                found[place] = Values.of(value)
            changed[place] = found[place]
    rows = [
        {"service_id": service_id, period: number, "series": series}
        | {name: getattr(values, name) for name in COLUMNS}
        for (service_id, number, series), values in sorted(changed.items())
    ]
    upsert(session, into, rows)
