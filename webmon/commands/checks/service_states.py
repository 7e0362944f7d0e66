"""The stored conditions of services: locked and read, and written back, many at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Column, Executable, bindparam, select, update
from sqlmodel import Session

from webmon.bulk import as_arrays, unnested
from webmon.domain.checks.status import Status
from webmon.domain.checks.transitions import Condition, Policy, Run
from webmon.models import Service, ServiceState
from webmon.models.columns import table

STATES = table(ServiceState)
state, service = STATES.c, table(Service).c


class Row(NamedTuple):
    """A locked condition, with what its service's definition says about judging it."""

    service_id: int
    claim: int
    worker_id: str | None
    lease_until: datetime | None
    next_check_at: datetime | None
    due_at: datetime | None
    status: Status
    since: datetime
    up_answer: bool
    up_count: int
    up_since: datetime
    down_answer: bool
    down_count: int
    down_since: datetime
    last_status: Status | None
    observed_at: datetime | None
    credit_seconds: int
    patience_seconds: float
    settled_day: int
    hour: int
    hourly: list[Any] | None
    issuer: str | None
    former_issuer: str | None
    revision: int
    paused: bool
    failures_to_down: int
    failures_to_degraded: int
    successes_to_up: int
    interval_seconds: int
    retry_seconds: int
    timeout_seconds: float
    host_id: int
    kind: str

    @property
    def condition(self) -> Condition:
        """What is known of the service."""
        return Condition(
            self.status,
            self.since,
            Run(self.up_answer, self.up_count, self.up_since),
            Run(self.down_answer, self.down_count, self.down_since),
        )

    @property
    def policy(self) -> Policy:
        """How many observations make a change."""
        return _policy(self.failures_to_down, self.failures_to_degraded, self.successes_to_up)


_policy = cache(Policy)

OF_THE_STATE = [getattr(state, name) for name in Row._fields[: Row._fields.index("issuer")]]
FROM_EVIDENCE = [state.evidence[name].as_string() for name in ("issuer", "former_issuer")]
OF_THE_SERVICE = [getattr(service, name) for name in Row._fields[Row._fields.index("revision") :]]

LOCK = (
    select(*OF_THE_STATE, *FROM_EVIDENCE, *OF_THE_SERVICE)
    .join(table(Service), service.id == state.service_id)
    .where(state.service_id.in_(bindparam("service_ids", expanding=True)))
    .order_by(state.service_id)  # one order for all writers: no deadlock
    .with_for_update(of=STATES)
)
"""Built once, as the other statements here: a batch costs little more than its rows."""


def lock_conditions(session: Session, service_ids: Iterable[int]) -> dict[int, Row]:
    """The conditions of these services, as far as they exist, locked until the transaction ends."""
    rows = session.execute(LOCK, {"service_ids": list(service_ids)})
    return {row[0]: Row._make(row) for row in rows}


FREED = {"lease_until": None, "worker_id": None}

SEEN = (
    *("up_count", "down_count", "next_check_at", "observed_at", "last_checked_at", "last_status"),
    *("credit_seconds", "patience_seconds", "response_us", "message", "evidence"),
    *("hour", "hourly"),
)
"""What every check writes."""

DECIDED = ("status", "since", "up_answer", "up_since", "down_answer", "down_since")
"""What is written besides when an observation differs from the one before."""


def decided_columns(condition: Condition) -> dict[str, Any]:
    """The columns `DECIDED` that store ``condition``."""
    up, down = condition.up, condition.down
    return {
        "status": condition.status,
        "since": condition.since,
        "up_answer": up.answer,
        "up_since": up.since,
        "down_answer": down.answer,
        "down_since": down.since,
    }


def store_states(session: Session, updates: Sequence[Mapping[str, Any]]) -> None:
    """Write these columns and give up the leases. ``key`` in each names the service.

    Updates of one kind have the same columns: ``next_check_at`` alone, `SEEN`, or `DECIDED` too.
    """
    by_columns: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for each in updates:
        by_columns.setdefault(tuple(each), []).append(each)
    for columns, rows in by_columns.items():
        if session.get_bind().dialect.name == "postgresql":
            arrays = as_arrays({name: _column(name) for name in columns}, rows)
            session.execute(_update_from_arrays(columns), arrays)
        else:
            session.connection().execute(_update_each(columns), [dict(row) for row in rows])


@cache
def _update_each(columns: tuple[str, ...]) -> Executable:
    values: dict[str, Any] = {name: bindparam(name) for name in columns if name != "key"}
    return update(STATES).where(state.service_id == bindparam("key")).values(values | FREED)


@cache
def _update_from_arrays(columns: tuple[str, ...]) -> Executable:
    """One statement for all rows: PostgreSQL takes longer to plan one than to change a row."""
    new = unnested({name: _column(name) for name in columns})
    values: dict[str, Any] = {name: new[name] for name in columns if name != "key"}
    return update(STATES).where(state.service_id == new["key"]).values(values | FREED)


def _column(name: str) -> Column[Any]:
    column: Column[Any] = state.service_id if name == "key" else getattr(state, name)
    return column
