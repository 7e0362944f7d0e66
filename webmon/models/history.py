"""What was seen and decided: check results and their roll-ups, status changes, incidents."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, SmallInteger, text
from sqlmodel import Field, SQLModel

from webmon.domain.checks.status import Status
from webmon.models.columns import (
    NEVER_REUSED,
    optional_json,
    optional_microseconds,
    owned_by,
    status_field,
)


class CheckResult(SQLModel, table=True):
    """One check's outcome. Timings in microseconds, the instant in milliseconds since 1970.

    Small on purpose: integers, and on SQLite one B-tree ordered by (service, instant), so that a
    service's range is read in one go. Message and evidence are kept where something was wrong.

    Those of a deleted service stay until `commands.history.retention` deletes them: there may be
    millions, too many to delete at once. Nothing reads them: ids of services are not used again.
    """

    __tablename__ = "check_result"
    __table_args__ = {"sqlite_with_rowid": False}

    service_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at_ms: int = Field(primary_key=True, sa_type=BigInteger)
    status: int = Field(sa_type=SmallInteger, description="STATUS_CODES")
    response_us: int | None = optional_microseconds()
    dns_us: int | None = None
    connect_us: int | None = None
    tls_us: int | None = None
    first_byte_us: int | None = None
    message: str | None = None
    evidence: dict[str, Any] | None = optional_json()


class NoData(SQLModel, table=True):
    """A stretch, over by now, in which nobody observed a service: it was neither up nor down.

    Those of a deleted service stay a while, as its results do.
    """

    __tablename__ = "no_data"
    __table_args__ = {"sqlite_with_rowid": False}

    service_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    began_at_ms: int = Field(primary_key=True, sa_type=BigInteger)
    ended_at_ms: int = Field(sa_type=BigInteger)


class RollupColumns(SQLModel):
    """The columns of a `domain.history.rollups.Rollup`: results by status, and response times."""

    up: int = 0
    degraded: int = 0
    down: int = 0
    unknown: int = 0
    answers: int = Field(default=0, description="results that have a response time")
    sum_us: int = Field(default=0, sa_type=BigInteger)
    min_us: int | None = optional_microseconds()
    max_us: int | None = optional_microseconds()
    sketch: dict[str, int] = Field(default={}, sa_type=JSON, description="bucket: answers")


class Hourly(RollupColumns, table=True):
    """The results of a service in an hour, counted from 1970 in UTC.

    The hour that is still going on is in `ServiceState`. Those of a deleted service stay a while,
    as its results do.
    """

    __table_args__ = {"sqlite_with_rowid": False}

    service_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hour: int = Field(primary_key=True)


class Daily(RollupColumns, table=True):
    """The results of a service in a day, counted from 1970 in UTC, up to the last full hour.

    Once the day is settled (`commands.history.daily_uptime`), also for how long the service was
    observed in it and for how long of that it was down, by its status changes. Those of a deleted
    service stay a while, as its results do.
    """

    __table_args__ = (
        # All that is summed up over many days, so that it is read without the sketches.
        Index("ix_daily_sums", "service_id", "day", "answers", "sum_us", "observed_us", "down_us"),
        {"sqlite_with_rowid": False},
    )

    service_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    day: int = Field(primary_key=True)
    observed_us: int | None = Field(default=None, sa_type=BigInteger)
    down_us: int | None = Field(default=None, sa_type=BigInteger)


STATUS_CODES: dict[Status, int] = {
    Status.UP: 0,
    Status.DEGRADED: 1,
    Status.DOWN: 2,
    Status.UNKNOWN: 3,
}


class StatusChange(SQLModel, table=True):
    """One transition: ``at`` is when the new status was first seen, ``decided_at`` when enough
    observations agreed."""

    __tablename__ = "status_change"
    __table_args__ = (
        # All that a timeline is made of, so that it is read without the rows and their evidence.
        Index("ix_status_change_timeline", "service_id", "at", "id", "from_status"),
        NEVER_REUSED,
    )

    id: int = Field(default=None, primary_key=True)
    service_id: int = owned_by("service.id")
    at: datetime
    decided_at: datetime
    from_status: Status = status_field()
    to_status: Status = status_field()
    message: str = ""
    evidence: dict[str, Any] | None = optional_json()


class Incident(SQLModel, table=True):
    """An outage of a service. At most one is open per service: the index says so."""

    __table_args__ = (
        Index(
            "uq_incident_open",
            "service_id",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("ix_incident_service_opened", "service_id", "opened_at"),
        NEVER_REUSED,
    )

    id: int = Field(default=None, primary_key=True)
    service_id: int = owned_by("service.id")
    opened_at: datetime
    resolved_at: datetime | None = None
    duration_seconds: float | None = None
    message: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = Field(
        default=None, max_length=254, description="the e-mail address; stays when they go"
    )


MOST_CHARACTERS = 200
"""Of an update: with the names and the time it still fits into a post on X."""


class IncidentUpdate(SQLModel, table=True):
    """What somebody has written about an incident while it was open."""

    __tablename__ = "incident_update"
    __table_args__ = (Index("ix_incident_update_incident_id", "incident_id"), NEVER_REUSED)

    id: int = Field(default=None, primary_key=True)
    incident_id: int = owned_by("incident.id")
    written_at: datetime
    author: str = Field(max_length=254, description="the e-mail address; stays when they go")
    text: str = Field(max_length=MOST_CHARACTERS)


class HostMetricColumns(SQLModel):
    """The columns of a `domain.checks.host_metrics.Values`: one series in one hour or day."""

    count: int
    sum: float
    min: float
    max: float
    last: float


class HostMetricHour(HostMetricColumns, table=True):
    """What a `host_metrics` service has told in an hour, counted from 1970 in UTC.

    One row for each series of `domain.checks.host_metrics`. Those of a deleted service stay a
    while, as its results do.
    """

    __tablename__ = "host_metric_hour"
    __table_args__ = {"sqlite_with_rowid": False}

    service_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hour: int = Field(primary_key=True)
    series: str = Field(primary_key=True)


class HostMetricDay(HostMetricColumns, table=True):
    """The same for a day, counted from 1970 in UTC. They too stay a while."""

    __tablename__ = "host_metric_day"
    __table_args__ = {"sqlite_with_rowid": False}

    service_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    day: int = Field(primary_key=True)
    series: str = Field(primary_key=True)
