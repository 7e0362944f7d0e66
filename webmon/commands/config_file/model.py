"""The YAML file's own words: what may stand in it, and what the commands call the same things."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, TypeAdapter

from webmon.domain.durations import parse_duration
from webmon.domain.notifications.news import DEFAULT_EVENTS
from webmon.domain.tags import read_tags

Duration = Annotated[float, BeforeValidator(parse_duration)]

FILE_NAMES = {
    "interval_seconds": "interval",
    "timeout_seconds": "timeout",
    "retry_seconds": "retry",
    "degraded_above_ms": "degraded_above",
    "reminder_every_seconds": "reminder_every",
    "namespace_id": "namespace",
    "host_ids": "hosts",
    "service_ids": "services",
    "channel_ids": "channels",
    "duration_seconds": "duration",
    "key": "id",
}
"""The file's words for fields of the commands."""


class FileModel(BaseModel):
    """A part of the file: these keys and no others, texts without spaces around them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class FileChannel(FileModel):
    """A channel as the file describes it; without a namespace it is told of every one."""

    name: str
    was: str | None = None
    """Its name until now, by which it is found where there is none of the new name."""
    kind: str
    namespace: str | None = None
    events: list[str] = [*DEFAULT_EVENTS]
    reminder_every: Duration = 4 * 3600.0
    enabled: bool = True
    config: dict[str, Any] = {}

    def fields(self, namespace_id: int | None) -> dict[str, Any]:
        """What `commands.notifications.channels` calls the same things."""
        return {
            **self.model_dump(exclude={"was", "namespace", "reminder_every"}),
            "namespace_id": namespace_id,
            "reminder_every_seconds": self.reminder_every,
        }


class FileService(FileModel):
    """A service as the file describes it; everything but name and kind has a default."""

    name: str
    was: str | None = None
    kind: str
    interval: Duration | None = None
    timeout: Duration = 10.0
    retry: Duration = 10.0
    degraded_above: Duration | None = None
    failures_to_down: int = 2
    failures_to_degraded: int = 2
    successes_to_up: int = 1
    critical: bool = False
    public: bool = True
    paused: bool = False
    config: dict[str, Any] = {}

    def fields(self) -> dict[str, Any]:
        """What `commands.inventory.services` calls the same things."""
        slow = self.degraded_above
        return {
            **self.model_dump(exclude={"was", "interval", "timeout", "retry", "degraded_above"}),
            "interval_seconds": self.interval,
            "timeout_seconds": self.timeout,
            "retry_seconds": self.retry,
            "degraded_above_ms": None if slow is None else round(slow * 1000),
        }


class FileHost(FileModel):
    """A host with its services."""

    name: str
    was: str | None = None
    namespace: str
    address: str = ""
    public: bool = True
    tags: Annotated[list[str], BeforeValidator(read_tags)] = []
    ssh: dict[str, Any] | None = None
    services: list[dict[str, Any]] = []


NAMES = ("slug", "name", "was", "namespace", "title", "id")
STRIPPED = TypeAdapter(Annotated[str, StringConstraints(strip_whitespace=True)])
"""As the models strip: Python takes more characters for spaces."""


def _named(item: Any) -> Any:
    """An object of the file, and those in it, with the names that they will have: by these they
    are matched before their own models have read them."""
    if not isinstance(item, dict):
        return item
    named = dict(item)
    for key in NAMES:
        if isinstance(named.get(key), str):
            named[key] = STRIPPED.validate_python(named[key])
    if isinstance(named.get("services"), list):
        named["services"] = [_named(each) for each in named["services"]]
    return named


Items = list[Annotated[dict[str, Any], BeforeValidator(_named)]]


class File(FileModel):
    """The whole file."""

    namespaces: Items = []
    channels: Items = []
    hosts: Items = []
    downtimes: Items = []
