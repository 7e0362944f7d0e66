"""People, their sessions, and the attempts to become one of them."""

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from webmon.domain.accounts.access import Role
from webmon.models.columns import NEVER_REUSED, choice, owned_by


class User(SQLModel, table=True):
    """A person who may sign in. ``email`` is stored in lower case.

    A ``limited`` user has the namespaces of `UserNamespace` only; there may be none. An ``invited``
    one has not chosen a password yet, and cannot sign in.
    """

    __table_args__ = NEVER_REUSED

    id: int = Field(default=None, primary_key=True)
    email: str = Field(max_length=254, unique=True)
    name: str = Field(default="", max_length=100)
    password_hash: str
    role: Role = Field(sa_type=choice(Role))
    limited: bool = False
    invited: bool = False
    disabled_at: datetime | None = None
    last_seen_at: datetime | None = None
    timezone: str = Field(default="", max_length=64, description="empty: that of the browser")
    theme: str = Field(default="", max_length=10, description="light, dark; empty: the system's")
    unwanted_mails: list[str] = Field(
        default_factory=list, sa_type=JSON, description="the `MailKind` that they do without"
    )
    revision: int = 1
    provider_subject: str | None = Field(
        default=None, max_length=64, unique=True, description="a hash of who they are there"
    )
    created_at: datetime


class UserNamespace(SQLModel, table=True):
    """The namespaces of a user who is limited to some."""

    __tablename__ = "user_namespace"

    user_id: int = owned_by("user.id", primary_key=True)
    namespace_id: int = owned_by("namespace.id", primary_key=True)


class LoginSession(SQLModel, table=True):
    """A signed-in browser. Only the SHA-256 of its cookie is stored.

    ``address`` is where it signed in from, ``browser`` what it calls itself.
    """

    __tablename__ = "session"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: int = owned_by("user.id", index=True)
    created_at: datetime
    expires_at: datetime = Field(index=True)
    address: str = Field(default="", max_length=45)
    browser: str = Field(default="", max_length=300)
    used_at: datetime | None = None
    confirmed_at: datetime | None = Field(
        default=None, description="when the person last proved who they are, after signing in"
    )
    by_provider: bool = Field(default=False, description="an identity provider has signed them in")


class SecondFactor(SQLModel, table=True):
    """The app that makes a person's codes. ``secret`` is encrypted; of codes up to that of
    ``last_counter`` none works any more."""

    __tablename__ = "second_factor"

    user_id: int = owned_by("user.id", primary_key=True)
    secret: str
    last_counter: int
    created_at: datetime


class RecoveryCode(SQLModel, table=True):
    """A code for who has lost the app; it works once. Only its SHA-256 is stored."""

    __tablename__ = "recovery_code"

    code_hash: str = Field(primary_key=True, max_length=64)
    user_id: int = owned_by("user.id", index=True)
    used_at: datetime | None = None


class PasswordLink(SQLModel, table=True):
    """A link with which a person chooses a password, once. Only the SHA-256 of its token is stored.

    A person has at most one: a new link ends the one before.
    """

    __tablename__ = "password_link"

    user_id: int = owned_by("user.id", primary_key=True)
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime
    expires_at: datetime


class AddressChange(SQLModel, table=True):
    """Another e-mail address that a person wants, until they open the link that is mailed there.

    Only the SHA-256 of the link's token is stored; NULL until the mail is written.
    """

    __tablename__ = "address_change"

    user_id: int = owned_by("user.id", primary_key=True)
    email: str = Field(max_length=254)
    token_hash: str | None = Field(default=None, max_length=64, unique=True)
    expires_at: datetime


class LoginAttempts(SQLModel, table=True):
    """Failed logins of one account or address (``subject``), for throttling; and the answers of the
    identity provider that were used (``state`` and a SHA-256)."""

    __tablename__ = "login_attempts"

    subject: str = Field(primary_key=True, max_length=300)
    failures: int = 0
    blocked_until: datetime
    last_at: datetime
