"""People, their sessions, and the attempts to become one of them."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from webmon.domain.access import Role
from webmon.models.columns import NEVER_REUSED, choice, owned_by


class User(SQLModel, table=True):
    """A person who may sign in. ``email`` is stored in lower case.

    A ``limited`` user has the namespaces of `UserNamespace` only; there may be none.
    """

    __table_args__ = NEVER_REUSED

    id: int = Field(default=None, primary_key=True)
    email: str = Field(max_length=254, unique=True)
    password_hash: str
    role: Role = Field(sa_type=choice(Role))
    limited: bool = False
    disabled_at: datetime | None = None
    created_at: datetime


class UserNamespace(SQLModel, table=True):
    """The namespaces of a user who is limited to some."""

    __tablename__ = "user_namespace"

    user_id: int = owned_by("user.id", primary_key=True)
    namespace_id: int = owned_by("namespace.id", primary_key=True)


class LoginSession(SQLModel, table=True):
    """A signed-in browser. Only the SHA-256 of its cookie is stored."""

    __tablename__ = "session"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: int = owned_by("user.id", index=True)
    created_at: datetime
    expires_at: datetime = Field(index=True)


class LoginAttempts(SQLModel, table=True):
    """Failed logins of one account or address (``subject``), for throttling."""

    __tablename__ = "login_attempts"

    subject: str = Field(primary_key=True, max_length=300)
    failures: int = 0
    blocked_until: datetime
    last_at: datetime
