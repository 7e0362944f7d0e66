"""What a request may say of each kind of resource: the words of the configuration file."""

from typing import Any

from pydantic import Field

from webmon.commands.config_file.downtimes import FileDowntime
from webmon.commands.config_file.model import FileChannel, FileModel, FileService
from webmon.domain.ids import LARGEST_ID


class NamespaceBody(FileModel):
    """A namespace. ``networks`` are private ones that its services may look at, ``accent`` is the
    colour of its public page (``#rrggbb``)."""

    slug: str
    name: str
    timezone: str = "UTC"
    networks: list[str] | None = None
    accent: str | None = None


class HostBody(FileModel):
    """A host; ``namespace`` is a slug."""

    name: str
    namespace: str
    address: str = ""
    public: bool = True
    ssh: dict[str, Any] | None = None


class ServiceBody(FileService):
    """A service of a host; ``config`` is that of its kind."""

    host_id: int = Field(ge=1, le=LARGEST_ID)


class ChannelBody(FileChannel):
    """A channel; without a namespace it is told of every one."""


class DowntimeBody(FileDowntime):
    """A planned downtime; ``hosts`` and ``services`` (`Host/Service`) are names in its namespace,
    of ``duration`` and ``ends_at`` one is given."""


class UserBody(FileModel):
    """A person; ``namespaces`` are slugs, without them all."""

    email: str
    name: str = ""
    role: str
    namespaces: list[str] | None = None


class MuteBody(FileModel):
    """Why, and for how long; without ``for`` until all is well again."""

    reason: str
    lasts: str | None = Field(default=None, alias="for")
