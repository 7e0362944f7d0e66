"""Logos of the public page."""

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from webmon.models.columns import owned_by


class Logo(SQLModel, table=True):
    """The logo of a namespace; without one, that of the installation. ``picture`` is base64."""

    id: int = Field(default=None, primary_key=True)
    namespace_id: int | None = owned_by("namespace.id", default=None, nullable=True, unique=True)
    media_type: str = Field(max_length=20)
    picture: str = Field(sa_type=Text)
    digest: str = Field(max_length=64, description="SHA-256 of the picture")
