"""Planned downtime: what is planned, its occurrences, and the steps of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from webmon.domain.downtimes.life_cycle import State, Step
from webmon.models.columns import NEVER_REUSED, choice, optional_json, owned_by

MOST_OF_A_MESSAGE = 1000
"""Characters of what the public is told about a downtime."""


class Downtime(SQLModel, table=True):
    """What is planned: once, or again and again by an RFC 5545 rule.

    ``starts_local`` is ISO 8601 on the clocks of ``timezone``. The scope is the whole namespace, or
    the rows of `DowntimeHost` and `DowntimeService`. ``revision`` grows with every change, as
    SEQUENCE does in a calendar. ``key`` is the name that a configuration file has given it, its own
    within the namespace. Up to ``occurs_until`` the occurrences are rows.
    """

    __table_args__ = (UniqueConstraint("namespace_id", "key"), NEVER_REUSED)

    id: int = Field(default=None, primary_key=True)
    uid: str = Field(max_length=60, unique=True)
    key: str | None = Field(default=None, max_length=100)
    namespace_id: int = owned_by("namespace.id", index=True)
    title: str = Field(max_length=100)
    message: str = Field(default="", max_length=MOST_OF_A_MESSAGE)
    whole_namespace: bool = False
    starts_local: str = Field(max_length=19)
    timezone: str = Field(max_length=50)
    duration_seconds: int
    rrule: str = ""
    announce_before: list[int] = Field(default=[], sa_type=JSON, description="seconds")
    audience: dict[str, str] = Field(
        default={}, sa_type=JSON, description="who is told, by step; everyone if it is not there"
    )
    channels_chosen: bool = Field(
        default=False, description="only those of `DowntimeChannel` are told"
    )
    silence_all: bool = Field(
        default=False, description="not only X and Slack get nothing of what is in scope"
    )
    finish_when_up: int | None = Field(
        default=None, description="checks in a row after which it finishes by itself"
    )
    revision: int = 0
    occurs_until: datetime
    created_at: datetime
    created_by: str | None = Field(
        default=None, max_length=254, description="the e-mail address; stays when they go"
    )
    changed_at: datetime
    cancelled_at: datetime | None = None


class DowntimeHost(SQLModel, table=True):
    """A host in the scope, with all its services."""

    __tablename__ = "downtime_host"

    downtime_id: int = owned_by("downtime.id", primary_key=True)
    host_id: int = owned_by("host.id", primary_key=True, index=True)


class DowntimeService(SQLModel, table=True):
    """A single service in the scope."""

    __tablename__ = "downtime_service"

    downtime_id: int = owned_by("downtime.id", primary_key=True)
    service_id: int = owned_by("service.id", primary_key=True, index=True)


class DowntimeChannel(SQLModel, table=True):
    """A channel that was chosen to be told."""

    __tablename__ = "downtime_channel"

    downtime_id: int = owned_by("downtime.id", primary_key=True)
    channel_id: int = owned_by("channel.id", primary_key=True, index=True)


class DowntimeOccurrence(SQLModel, table=True):
    """One of the times of a downtime.

    ``slot_at`` is the start that the rule gives and names the occurrence for ever; ``starts_at``
    and ``ends_at`` are where it is now. ``title`` and ``message`` replace those of the downtime.
    ``handled`` are the offsets, in seconds before the start, that need no message any more.
    """

    __tablename__ = "downtime_occurrence"
    __table_args__ = (
        UniqueConstraint("downtime_id", "slot_at"),
        Index("ix_downtime_occurrence_ends_at", "ends_at", "starts_at"),
        NEVER_REUSED,
    )

    id: int = Field(default=None, primary_key=True)
    downtime_id: int = owned_by("downtime.id")
    slot_at: datetime
    starts_at: datetime
    ends_at: datetime
    state: State = Field(default=State.SCHEDULED, sa_type=choice(State))
    title: str | None = Field(default=None, max_length=100)
    message: str | None = Field(default=None, max_length=MOST_OF_A_MESSAGE)
    moved: bool = Field(default=False, description="it differs from what the rule says")
    announced: bool = False
    handled: list[int] = Field(default=[], sa_type=JSON)
    known_from: datetime
    next_step_at: datetime | None = Field(default=None, index=True)
    sequence: int = 0
    changed_at: datetime


class DowntimeStep(SQLModel, table=True):
    """A step that an occurrence has taken. ``at`` is when it was due, ``done_at`` when
    it was taken.

    ``by`` is empty where time has brought it. ``detail`` has what a message needs besides, such as
    the times before a change.
    """

    __tablename__ = "downtime_step"
    __table_args__ = (Index("ix_downtime_step_occurrence_id", "occurrence_id"), NEVER_REUSED)

    id: int = Field(default=None, primary_key=True)
    occurrence_id: int = owned_by("downtime_occurrence.id")
    step: Step = Field(sa_type=choice(Step))
    at: datetime
    done_at: datetime
    by: str = Field(default="", max_length=254)
    told: bool = Field(default=True, description="False: there was nobody to tell")
    detail: dict[str, Any] | None = optional_json()
