"""How long a service took to answer, from roll-ups: never from the raw results."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from webmon.domain.rollups import Rollup
from webmon.models import Hourly, ServiceState
from webmon.models.columns import table
from webmon.models.history import RollupColumns

state, hourly = table(ServiceState).c, table(Hourly).c

HOUR_SECONDS = 3600
HOURS = 24


def last_day(session: Session, service_id: int, *, now: datetime) -> Rollup:
    """The results of one service in the hour that is going on and the 24 before it."""
    first = _hour(now) - HOURS
    full = session.execute(
        select(*(hourly[name] for name in RollupColumns.model_fields)).where(
            hourly.service_id == service_id, hourly.hour >= first
        )
    ).all()
    present = session.execute(
        select(state.hourly).where(state.service_id == service_id, state.hour >= first)
    ).all()
    found = Rollup()
    for values in full:
        found.merge(Rollup(*values))
    for row in present:
        found.merge(Rollup.from_list(row[0]))
    return found


def _hour(now: datetime) -> int:
    """Whole hours since 1970."""
    return int(now.timestamp()) // HOUR_SECONDS
