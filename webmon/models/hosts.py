"""Namespaces and hosts."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from webmon.models.columns import NEVER_REUSED, optional_json, owned_by


class Namespace(SQLModel, table=True):
    """A group of hosts with its own filter on the public page, channels and timezone.

    ``networks`` are those private ones that its services may look at (`domain.networks`), as
    somebody who looks after all namespaces has allowed it.
    """

    __table_args__ = NEVER_REUSED

    id: int = Field(default=None, primary_key=True)
    slug: str = Field(max_length=50, unique=True)
    name: str = Field(max_length=100)
    timezone: str = Field(default="UTC", max_length=50)
    networks: list[str] = Field(default=[], sa_type=JSON)
    accent: str = Field(default="", max_length=7, description="#rrggbb; empty: the installation's")
    revision: int = 1
    created_at: datetime


class Host(SQLModel, table=True):
    """A tool or machine we watch.

    ``ssh`` is who logs in there (`probes.ssh_access.SshAccess`), its secrets encrypted;
    ``host_keys`` the keys that it showed first, by port. It is ``limited`` where somebody who is
    limited to namespaces has set its address or login last.
    """

    __table_args__ = (UniqueConstraint("namespace_id", "name"), NEVER_REUSED)

    id: int = Field(default=None, primary_key=True)
    namespace_id: int = owned_by("namespace.id")
    name: str = Field(max_length=100)
    address: str = Field(default="", max_length=255)
    public: bool = True
    tags: list[str] = Field(default=[], sa_type=JSON)
    ssh: dict[str, Any] | None = optional_json()
    host_keys: dict[str, Any] | None = optional_json()
    limited: bool = False
    revision: int = 1
    created_at: datetime
