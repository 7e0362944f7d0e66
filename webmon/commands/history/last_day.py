"""Keep the response times of the last day beside each state, so that lists can be sorted by them.

Once an hour for each service: to sort thousands of services, their results cannot be read.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel import Session

from webmon.models import ServiceState
from webmon.models.columns import table
from webmon.queries.history.response_times import NONE, last_day

state = table(ServiceState).c
STORE = (
    update(table(ServiceState))
    .where(state.service_id == bindparam("key"))
    .values(day_average_us=bindparam("average"), day_p95_us=bindparam("p95"))
)


def refresh_last_day(session: Session, service_ids: Sequence[int], *, now: datetime) -> None:
    """Store the response times of these services; their states are locked."""
    if not service_ids:
        return
    found = last_day(session, service_ids, now=now)
    rows = [
        {"key": each, "average": times.average_us, "p95": times.p95_us}
        for each in service_ids
        for times in [found.get(each, NONE)]
    ]
    session.connection().execute(STORE, rows)
