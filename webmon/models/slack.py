"""Who writes from Slack, and what came from there and goes back."""

from datetime import datetime
from typing import Any

from sqlmodel import JSON, Field, SQLModel

from webmon.models.columns import NEVER_REUSED, owned_by


class SlackPerson(SQLModel, table=True):
    """Somebody in a Slack workspace who is linked to an account."""

    __tablename__ = "slack_person"

    team_id: str = Field(primary_key=True, max_length=50)
    slack_id: str = Field(primary_key=True, max_length=50)
    user_id: int = owned_by("user.id", index=True)
    linked_at: datetime


class SlackCode(SQLModel, table=True):
    """A code with which an account is linked, once; only its SHA-256 is stored."""

    __tablename__ = "slack_code"

    code_hash: str = Field(primary_key=True, max_length=64)
    user_id: int = owned_by("user.id", index=True)
    expires_at: datetime


class SlackDelivery(SQLModel, table=True):
    """A request of Slack's that has changed something: the same one changes nothing again."""

    __tablename__ = "slack_delivery"

    digest: str = Field(primary_key=True, max_length=64)
    at: datetime = Field(index=True)


class SlackReply(SQLModel, table=True):
    """An answer to a button that the worker posts; ``url`` is encrypted: it is a secret."""

    __tablename__ = "slack_reply"
    __table_args__ = NEVER_REUSED

    id: int = Field(default=None, primary_key=True)
    url: str
    body: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime
