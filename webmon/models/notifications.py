"""Channels, the state of sending to them, and the outbox."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from webmon.models.columns import NEVER_REUSED, choice, owned_by

MOST_OF_A_REASON = 200
"""Characters of why something is muted."""


AGAIN = "again:"
"""Begins the cause of a notification that repeats a sent one, whose id follows."""


class Delivery(StrEnum):
    """Where a notification is on its way."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Channel(SQLModel, table=True):
    """Where to tell. Without a namespace it is told of every one.

    The one that is ``built_in`` writes to the administrators: it is always there, always on, and
    its recipients are the present administrators. It is ``limited`` where somebody who is limited
    to namespaces has set kind or config last.
    """

    __table_args__ = NEVER_REUSED

    id: int = Field(default=None, primary_key=True)
    namespace_id: int | None = owned_by("namespace.id", default=None, nullable=True)
    name: str = Field(max_length=100, unique=True)
    kind: str = Field(max_length=30)
    config: dict[str, Any] = Field(sa_type=JSON)
    events: list[str] = Field(sa_type=JSON)
    reminder_every_seconds: int = 4 * 3600
    enabled: bool = True
    built_in: bool = False
    limited: bool = False
    revision: int = 1
    created_at: datetime


class ChannelState(SQLModel, table=True):
    """How sending to a channel goes, and which worker sends now; there from the first message on.

    Apart from `Channel`, as `ServiceState` is from `Service`: one is written when somebody edits
    it, the other at every message. While a lease runs, only its worker sends, one message after
    the other; ``claim`` grows with each lease, so that a worker that has lost its own knows it.
    """

    __tablename__ = "channel_state"

    channel_id: int = owned_by("channel.id", primary_key=True)
    worker_id: str | None = Field(default=None, max_length=100)
    lease_until: datetime | None = None
    claim: int = 0
    failures: int = Field(default=0, description="in a row")
    next_try_at: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    stopped_at: datetime | None = Field(
        default=None, description="since when its settings are wrong, or nothing gets through"
    )
    message_key: str = Field(default="", max_length=40, description="of the message tried last")
    composed_at: datetime | None = Field(default=None, description="that message")


class Mute(SQLModel, table=True):
    """Somebody wants no bad news of a host or of a service, and why. One at a time for each.

    It lasts until ``until_at``; without that until all is well again.
    """

    __table_args__ = (
        Index(
            "uq_mute_host_open",
            "host_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "uq_mute_service_open",
            "service_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        NEVER_REUSED,
    )

    id: int = Field(default=None, primary_key=True)
    host_id: int | None = owned_by("host.id", default=None, nullable=True)
    service_id: int | None = owned_by("service.id", default=None, nullable=True)
    reason: str = Field(max_length=MOST_OF_A_REASON)
    until_at: datetime | None = None
    created_at: datetime
    created_by: str = Field(max_length=254, description="the e-mail address; stays when they go")
    ended_at: datetime | None = None
    ended_by: str | None = Field(
        default=None, max_length=254, description="who ended it early; None if it ended by itself"
    )


class Notification(SQLModel, table=True):
    """One piece of news for one channel. The unique constraint makes "once" a database fact.

    ``cause`` is what it is about (``incident:17``), ``payload`` the `News`. Rows that are sent in
    one message have the id of the oldest of them in ``told_with``: set when the message is
    composed, and taken away again when the channel has refused it. Services, hosts and incidents
    are named by ids that are never given again, not by foreign keys: what was told stays.
    """

    __table_args__ = (
        UniqueConstraint("cause", "channel_id", "event", "sequence"),
        Index(
            "ix_notification_queued",
            "channel_id",
            "ready_at",
            sqlite_where=text("ready_at IS NOT NULL"),
            postgresql_where=text("ready_at IS NOT NULL"),
        ),
        Index(
            "ix_notification_open",
            "service_id",
            sqlite_where=text("is_open = 1"),
            postgresql_where=text("is_open"),
        ),
        Index(
            "ix_notification_remind_at",
            "remind_at",
            sqlite_where=text("remind_at IS NOT NULL"),
            postgresql_where=text("remind_at IS NOT NULL"),
        ),
        Index("ix_notification_channel", "channel_id", "id"),
        Index("ix_notification_sent", "channel_id", "sent_at"),
        Index("ix_notification_incident_id", "incident_id"),
        NEVER_REUSED,
    )

    id: int = Field(default=None, primary_key=True)
    channel_id: int = owned_by("channel.id")
    cause: str = Field(max_length=60)
    event: str = Field(max_length=20)
    sequence: int = 0
    namespace_id: int | None = None
    host_id: int | None = None
    service_id: int | None = None
    incident_id: int | None = None
    payload: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime

    delivery: Delivery = Field(default=Delivery.QUEUED, sa_type=choice(Delivery))
    ready_at: datetime | None = Field(
        default=None, description="when it may be sent; set exactly as long as it is queued"
    )
    told_with: int | None = None
    attempts: int = 0
    tried_seconds: float = Field(
        default=0.0, description="for how long the channel has been tried while it waited"
    )
    sent_at: datetime | None = None
    reference: str = Field(default="", description="by which later messages reply to this one")
    reason: str = Field(default="", description="why it failed or was suppressed")
    error: str = Field(default="", description="of the last attempt; what went wrong all the same")

    is_open: bool = Field(
        default=False, description="the last word to the channel about a service that is not well"
    )
    is_muted: bool = Field(
        default=False, description="suppressed for a while: told later where it is still so then"
    )
    remind_at: datetime | None = None
