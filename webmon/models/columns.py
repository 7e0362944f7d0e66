"""Column types that several tables share."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Enum, Integer, Table
from sqlmodel import Field, SQLModel

from webmon.domain.checks.status import Status

# Names that later migrations can rely on, the same on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

NEVER_REUSED = {"sqlite_autoincrement": True}
"""For tables whose ids others remember: without it SQLite gives a deleted row's id away again."""


def choice(enum: type[StrEnum]) -> Enum:
    """A text column that holds an enum's values (``"up"``, not ``"UP"``) and loads its members."""
    return Enum(enum, native_enum=False, length=20, values_callable=lambda e: [m.value for m in e])


def status_field(**options: Any) -> Any:
    """A required `Status` column."""
    return Field(sa_type=choice(Status), **options)


def owned_by(parent: str, **options: Any) -> Any:
    """A foreign key whose row goes when its parent goes."""
    return Field(foreign_key=parent, ondelete="CASCADE", **options)


def optional_json() -> Any:
    """A JSON column that is NULL, not the text ``null``, where there is nothing to say."""
    return Field(default=None, sa_type=JSON(none_as_null=True))


def optional_microseconds() -> Any:
    """A length of time; 32 bits, as PostgreSQL's integers have, end after 36 minutes."""
    return Field(default=None, sa_type=BigInteger().with_variant(Integer(), "sqlite"))


def table(model: type[SQLModel]) -> Table:
    """The table of a model, for statements over many rows, where objects would cost too much."""
    return SQLModel.metadata.tables[str(model.__tablename__)]
