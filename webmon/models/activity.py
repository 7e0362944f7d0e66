"""Who changed what. Rows are added and, once old, deleted; nothing changes them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from webmon.models.columns import NEVER_REUSED, choice
from webmon.origin import Way


class Activity(SQLModel, table=True):
    """One thing that somebody did.

    It stays when the person or the thing goes, so it holds names and no foreign keys. ``changes``
    are the fields with their values before and after; of secrets only that they changed.
    ``other_namespace_id`` is where something was before that was moved: who sees the entry sees
    both.
    """

    __table_args__ = (
        Index("ix_activity_thing", "thing", "thing_id", "id"),
        Index("ix_activity_namespace", "namespace_id", "id"),
        NEVER_REUSED,
    )

    id: int = Field(default=None, primary_key=True)
    at: datetime
    way: Way = Field(sa_type=choice(Way))
    address: str = Field(default="", max_length=45)
    user_id: int | None = None
    actor: str = Field(default="", max_length=300)
    verb: str = Field(max_length=60)
    thing: str = Field(max_length=20)
    thing_id: int | None = None
    name: str = Field(default="", max_length=300)
    namespace_id: int | None = None
    other_namespace_id: int | None = None
    changes: dict[str, Any] = Field(default={}, sa_type=JSON)
