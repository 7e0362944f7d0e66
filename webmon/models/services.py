"""Services: what an admin configures, and apart from it what the worker knows.

`ServiceState` is small and written at every check; `Service` is wide and written when somebody
edits it. Apart, neither slows nor overwrites the other.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from webmon.domain.checks.status import Status
from webmon.models.columns import (
    NEVER_REUSED,
    optional_json,
    optional_microseconds,
    owned_by,
    status_field,
)


class Service(SQLModel, table=True):
    """One thing a host offers. ``config`` is the probe's, its secrets encrypted.

    ``revision`` grows with every edit: an outcome of an older revision is not recorded. It is
    ``limited`` where somebody who is limited to namespaces has set kind or config last.
    """

    __table_args__ = (UniqueConstraint("host_id", "name"), NEVER_REUSED)

    id: int = Field(default=None, primary_key=True)
    host_id: int = owned_by("host.id")
    name: str = Field(max_length=100)
    kind: str = Field(max_length=30)
    config: dict[str, Any] = Field(sa_type=JSON)
    interval_seconds: int = 60
    timeout_seconds: float = 10.0
    retry_seconds: int = 10
    failures_to_down: int = 2
    failures_to_degraded: int = 2
    successes_to_up: int = 1
    degraded_above_ms: int | None = None
    critical: bool = False
    public: bool = True
    paused: bool = False
    paused_until: datetime | None = Field(
        default=None, index=True, description="when a paused one resumes by itself"
    )
    revision: int = 1
    limited: bool = False
    created_at: datetime


class ServiceState(SQLModel, table=True):
    """The condition of a service, when it is next due, and who is looking at it now.

    A claimed check has ``worker_id`` and ``claim`` set and ``next_check_at`` moved on to
    ``lease_until``; ``due_at`` keeps the instant it was due. A paused service has no next check.
    """

    __tablename__ = "service_state"

    service_id: int = owned_by("service.id", primary_key=True)
    status: Status = status_field(default=Status.UNKNOWN)
    since: datetime
    up_answer: bool = False
    up_count: int = 0
    up_since: datetime
    down_answer: bool = False
    down_count: int = 0
    down_since: datetime

    next_check_at: datetime | None = Field(index=True)
    due_at: datetime | None = None
    lease_until: datetime | None = None
    worker_id: str | None = Field(default=None, max_length=100)
    claim: int = 0

    observed_at: datetime | None = Field(
        default=None, description="the last check that found it up, degraded or down"
    )
    credit_seconds: int = Field(
        default=0,
        description="for how long after that check its result counts: its interval at that time, "
        "or until what was reported is due again",
    )
    patience_seconds: float = Field(
        default=0,
        description="the next one may come so much later without a gap between them; "
        "not where the probe could not look",
    )
    last_checked_at: datetime | None = None
    last_status: Status | None = status_field(default=None, nullable=True)
    response_us: int | None = optional_microseconds()
    message: str = ""
    evidence: dict[str, Any] | None = optional_json()

    settled_day: int = Field(
        default=0, description="counted from 1970: `daily` has the uptime of the days before"
    )
    hour: int = Field(default=0, description="counted from 1970: the one that `hourly` is about")
    hourly: list[Any] | None = optional_json()
    day_average_us: float | None = Field(
        default=None, description="response time over the 24 hours before ``hour``, to sort by"
    )
    day_p95_us: int | None = optional_microseconds()
