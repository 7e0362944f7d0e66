"""What jobs have reported, one row per service that receives heartbeats."""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from webmon.domain.checks.heartbeats import Reports
from webmon.models.columns import owned_by

REPORTED = tuple(field.name for field in fields(Reports) if field.name != "listened_until")


class Heartbeat(SQLModel, table=True):
    """The address of a heartbeat service, and what was reported there.

    A request is recognised by ``token_hash``; ``token`` is encrypted, to show the address again.
    The other columns are those of `domain.checks.heartbeats.Reports`.
    """

    service_id: int = owned_by("service.id", primary_key=True)
    token_hash: str = Field(max_length=64, unique=True)
    token: str
    expected_from: datetime
    last_at: datetime | None = None
    failed: bool = False
    exit_status: int | None = Field(default=None, sa_type=BigInteger)
    run_seconds: float | None = None
    body: str = ""
    started_at: datetime | None = None

    def reports(self, listened_until: datetime | None) -> Reports:
        """What the job has reported until then."""
        return replace(reports_in(self), listened_until=listened_until)


def reports_in(row: Any) -> Reports:
    """The reports in a row of the table."""
    return Reports(**{name: getattr(row, name) for name in REPORTED})
