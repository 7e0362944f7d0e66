"""The stored conditions of services: locked and read, and written back, many at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from webmon.domain.transitions import Condition, Policy, Run
from webmon.models import Service, ServiceState
from webmon.models.columns import table

STATES = table(ServiceState)
state, service = STATES.c, table(Service).c


@dataclass(slots=True)
class Row:
    """A locked condition with what its service's definition says about judging it."""

    state: Any
    revision: int
    paused: bool
    policy: Policy
    interval_seconds: int
    retry_seconds: int
    host_id: int
    kind: str


def lock_conditions(session: Session, service_ids: Iterable[int]) -> dict[int, Row]:
    """The conditions of these services, as far as they exist, locked until the transaction ends."""
    rows = session.execute(
        select(
            *state,
            service.revision,
            service.paused,
            service.failures_to_down,
            service.failures_to_degraded,
            service.successes_to_up,
            service.interval_seconds,
            service.retry_seconds,
            service.host_id,
            service.kind,
        )
        .join(table(Service), service.id == state.service_id)
        .where(state.service_id.in_(list(service_ids)))
        .order_by(state.service_id)  # one order for all writers: no deadlock
        .with_for_update(of=STATES)
    )
    return {
        row.service_id: Row(
            row,
            row.revision,
            row.paused,
            Policy(row.failures_to_down, row.failures_to_degraded, row.successes_to_up),
            row.interval_seconds,
            row.retry_seconds,
            row.host_id,
            row.kind,
        )
        for row in rows
    }


def condition_of(state: Any) -> Condition:
    """The condition stored in a row of `ServiceState`."""
    return Condition(
        state.status,
        state.since,
        Run(state.up_answer, state.up_count, state.up_since),
        Run(state.down_answer, state.down_count, state.down_since),
    )


def columns_of(condition: Condition) -> dict[str, Any]:
    """The columns of `ServiceState` that store ``condition``."""
    up, down = condition.up, condition.down
    return {
        "status": condition.status,
        "since": condition.since,
        "up_answer": up.answer,
        "up_count": up.count,
        "up_since": up.since,
        "down_answer": down.answer,
        "down_count": down.count,
        "down_since": down.since,
    }


STORED = (
    "status",
    "since",
    "up_answer",
    "up_count",
    "up_since",
    "down_answer",
    "down_count",
    "down_since",
    "next_check_at",
    "last_checked_at",
    "last_status",
    "response_us",
    "message",
    "evidence",
)


def store_states(session: Session, updates: list[dict[str, Any]]) -> None:
    """Write the conditions back and give up the leases. ``key`` in each names the service."""
    if not updates:
        return
    session.connection().execute(
        update(STATES)
        .where(state.service_id == bindparam("key"))
        .values(
            {name: bindparam(name) for name in STORED} | {"lease_until": None, "worker_id": None}
        ),
        updates,
    )
