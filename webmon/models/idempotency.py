"""Answers to requests that a program may repeat."""

from datetime import datetime
from typing import Any

from sqlmodel import JSON, Field, SQLModel

from webmon.models.columns import owned_by


class RepeatableAnswer(SQLModel, table=True):
    """What was answered to a request with an `Idempotency-Key`; ``digest`` is of what it asked."""

    __tablename__ = "repeatable_answer"

    api_key_id: int = owned_by("api_key.id", primary_key=True)
    name: str = Field(primary_key=True, max_length=255)
    digest: str = Field(max_length=64)
    status: int = 0
    answer: dict[str, Any] = Field(default={}, sa_type=JSON)
    created_at: datetime = Field(index=True)
