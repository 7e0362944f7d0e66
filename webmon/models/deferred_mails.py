"""Mails for recipients whom the mail server has put off."""

from datetime import datetime

from sqlalchemy import JSON, Text
from sqlmodel import Field, SQLModel

from webmon.models.columns import owned_by


class DeferredMail(SQLModel, table=True):
    """A mail that others have got already. It is gone once nobody is left who waits for it."""

    __tablename__ = "deferred_mail"

    id: int = Field(default=None, primary_key=True)
    channel_id: int = owned_by("channel.id", index=True)
    recipients: list[str] = Field(sa_type=JSON)
    mail: str = Field(sa_type=Text)
    created_at: datetime
    ready_at: datetime = Field(index=True)
    attempts: int = 0
