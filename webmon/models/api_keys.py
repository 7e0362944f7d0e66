"""The keys with which programs come in."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from webmon.domain.accounts.api_keys import Scope
from webmon.models.columns import NEVER_REUSED, choice, owned_by


class ApiKey(SQLModel, table=True):
    """One key. Only its SHA-256 is stored, and the beginning by which people recognise it.

    Several keys have one name while an old one is being replaced. It goes with its owner, where it
    has one. A ``limited`` key has the namespaces of `ApiKeyNamespace` only; there may be none.
    """

    __tablename__ = "api_key"
    __table_args__ = NEVER_REUSED

    id: int = Field(default=None, primary_key=True)
    name: str = Field(max_length=100, index=True)
    token_hash: str = Field(max_length=64, unique=True)
    beginning: str = Field(max_length=20)
    scope: Scope = Field(sa_type=choice(Scope))
    limited: bool = False
    user_id: int | None = owned_by("user.id", default=None, nullable=True)
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class ApiKeyNamespace(SQLModel, table=True):
    """The namespaces of a key that is limited to some."""

    __tablename__ = "api_key_namespace"

    api_key_id: int = owned_by("api_key.id", primary_key=True)
    namespace_id: int = owned_by("namespace.id", primary_key=True)
