"""Mail to one person, which the worker sends."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from webmon.models.columns import choice, owned_by


class Occasion(StrEnum):
    """What a letter is about."""

    PASSWORD = "password"
    INVITATION = "invitation"
    ADDRESS = "address"
    MOVED = "moved"
    TEST = "test"


class Letter(SQLModel, table=True):
    """A mail that somebody is to get. It holds no secret: a link is made when it is sent.

    ``address`` is the recipient where that is not the person's present address.

    ``ready_at`` is when it may be tried (again); NULL once it was sent or given up, ``sent_at`` and
    ``error`` say which.
    """

    id: int = Field(default=None, primary_key=True)
    user_id: int = owned_by("user.id", index=True)
    occasion: Occasion = Field(sa_type=choice(Occasion))
    address: str = Field(default="", max_length=254)
    created_at: datetime
    ready_at: datetime | None = Field(default=None, index=True)
    attempts: int = 0
    sent_at: datetime | None = None
    error: str = Field(default="", max_length=300)
