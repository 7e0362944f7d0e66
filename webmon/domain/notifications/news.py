"""News as values, and the message that carries one or several pieces of it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from webmon.domain.checks.status import Status


class Event(StrEnum):
    """What a piece of news is about. A channel chooses the ones that it wants."""

    DOWN = "down"
    UP = "up"
    REMINDER = "reminder"
    DEGRADED = "degraded"
    DOWNTIME = "downtime"
    INCIDENT_UPDATE = "incident_update"
    """A text that a person wrote about an open incident."""
    ACKNOWLEDGED = "acknowledged"
    """A person has taken an open incident: no more reminders of it."""
    FLAPPING = "flapping"
    """A service changes so often that its changes are summed up; goes where ``down`` goes."""
    MONITOR = "monitor"
    """About the monitor itself: it was offline, a channel has stopped, a budget nears its end."""
    TEST = "test"


CHOOSABLE = (
    Event.DOWN,
    Event.UP,
    Event.REMINDER,
    Event.DEGRADED,
    Event.DOWNTIME,
    Event.INCIDENT_UPDATE,
    Event.ACKNOWLEDGED,
)
DEFAULT_EVENTS = (Event.DOWN, Event.UP, Event.REMINDER, Event.DOWNTIME)

LATE_AFTER = timedelta(minutes=5)
"""A message sent so long after its news is marked as late."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell: the payload of a notification.

    ``since`` is when the status began (for an ``up``: the recovery), ``down_since`` when the outage
    began, ``told_at`` when the news arose. Empty texts and 0 mean "does not apply".
    An ``up`` ends an outage: its status is degraded if difficulties remain, and paused if the
    service is no longer watched.
    """

    event: Event
    told_at: datetime
    namespace: str = ""
    """Slug; ``namespace_name`` is what people call it."""
    namespace_name: str = ""
    host: str = ""
    service: str = ""
    service_id: int = 0
    """The service's id, which stays when it is renamed; 0 if it is not known."""
    status: Status = Status.UNKNOWN
    since: datetime | None = None
    down_since: datetime | None = None
    message: str = ""
    """The probe's sentence; for ``monitor``, ``downtime`` and updates the whole text; for
    ``acknowledged`` who has done it."""
    incident: int = 0
    changes: int = 0
    """How often a flapping service has changed within the hour."""
    told_before: bool = False
    """Whether the channel was told of the outage that a reminder is about."""
    planned_downtime: bool = False
    after_downtime: bool = False
    """It went down in planned downtime, and is still down after it."""
    expires_at: datetime | None = None
    """From then on it is not worth telling: what it announces has begun, or is over."""
    occurrence: int = 0
    """The time of a planned downtime that it is about; 0 if it is about none."""
    calendar_of: int = 0
    """The planned downtime whose calendar file goes with an e-mail."""
    only_to: str = ""
    """The person whom the administrators' channel writes to, instead of all of them."""


@dataclass(frozen=True, slots=True)
class Message:
    """One or several pieces of news that are sent together, in the order in which they arose.

    It stays the same from one attempt to the next, so that a receiver can recognise a message whose
    send was cut off: ``key`` identifies it, ``composed_at`` is the present of its texts.
    """

    key: str
    news: tuple[News, ...]
    composed_at: datetime
    timezone: str = "UTC"
    """Of the namespace: the times in texts are local ones."""
    reply_to: str = ""
    """The reference of the first message about the same incident in the same channel."""
    status_url: str = ""
    """The public page, limited to the namespace."""
    admin_url: str = ""
    """The admin app, for who may sign in; empty where nobody is sent there."""

    @property
    def is_late(self) -> bool:
        """Whether the newest of the news is older than people would expect."""
        return self.composed_at - max(each.told_at for each in self.news) > LATE_AFTER
