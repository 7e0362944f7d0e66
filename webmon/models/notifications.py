"""Channels, and the outbox of what is owed to them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from webmon.models.columns import NEVER_REUSED, choice, owned_by


class Delivery(StrEnum):
    """Where a notification is on its way."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Channel(SQLModel, table=True):
    """Where to tell. Without a namespace it is told of every one."""

    __table_args__ = NEVER_REUSED

    id: int = Field(default=None, primary_key=True)
    namespace_id: int | None = owned_by("namespace.id", default=None, nullable=True)
    name: str = Field(max_length=100, unique=True)
    kind: str = Field(max_length=30)
    config: dict[str, Any] = Field(sa_type=JSON)
    events: list[str] = Field(sa_type=JSON)
    reminder_every_seconds: int = 4 * 3600
    enabled: bool = True
    created_at: datetime


class Notification(SQLModel, table=True):
    """One message owed to one channel. The unique constraint makes "once" a database fact."""

    __table_args__ = (UniqueConstraint("cause", "channel_id", "event", "sequence"), NEVER_REUSED)

    id: int = Field(default=None, primary_key=True)
    channel_id: int = owned_by("channel.id")
    cause: str = Field(max_length=60, description='what it is about: "incident:17"')
    event: str = Field(max_length=20)
    sequence: int = 0
    delivery: Delivery = Field(default=Delivery.QUEUED, sa_type=choice(Delivery))
    reason: str = ""
    payload: dict[str, Any] = Field(sa_type=JSON)
    attempts: int = 0
    next_attempt_at: datetime | None = Field(default=None, index=True)
    lease_until: datetime | None = None
    sent_at: datetime | None = None
    created_at: datetime
