"""Looks with settings that are not saved."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from webmon.models.columns import NEVER_REUSED, optional_json, owned_by


class Trial(SQLModel, table=True):
    """What somebody wants to see before it is saved: a service looked at, or a test message.

    ``definition`` has its secrets encrypted, and goes when a worker takes it. The whole row goes
    soon after. Nothing else is stored: no result, no outage, no message.
    """

    __table_args__ = NEVER_REUSED

    id: int = Field(default=None, primary_key=True)
    user_id: int | None = owned_by("user.id", default=None, nullable=True)
    thing: str = Field(max_length=20)
    definition: dict[str, Any] | None = optional_json()
    outcome: dict[str, Any] | None = optional_json()
    asked_at: datetime
