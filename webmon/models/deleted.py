"""What was deleted a moment ago and may still come back."""

from datetime import datetime

from sqlalchemy import JSON, LargeBinary
from sqlmodel import Field, SQLModel

from webmon.models.columns import NEVER_REUSED, owned_by


class Deleted(SQLModel, table=True):
    """One deletion that can be undone until ``until_at``, by who did it.

    ``rows`` are all the rows that went with it, packed: secrets are as sealed in it as they were.
    """

    __table_args__ = NEVER_REUSED

    id: int = Field(default=None, primary_key=True)
    user_id: int = owned_by("user.id", index=True)
    thing: str = Field(max_length=20)
    names: list[str] = Field(sa_type=JSON)
    deleted_at: datetime
    until_at: datetime
    rows: bytes = Field(sa_type=LargeBinary)
