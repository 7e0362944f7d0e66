"""When the monitor itself was offline, as the workers have noted it: one setting, shared."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from sqlmodel import Session

from webmon.models.system import Setting

OFFLINE = "monitor_offline"
"""The name of the setting."""


@dataclass(frozen=True, slots=True)
class Offline:
    """The present or the last time in which workers were offline; empty: there was none yet.

    ``workers`` are the ids of those that still are; ``until`` is set when it is over.
    """

    since: datetime | None = None
    until: datetime | None = None
    workers: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.since is not None and self.until is None

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What `as_text` made of one."""
        fields = json.loads(text)
        return cls(_instant(fields["since"]), _instant(fields["until"]), tuple(fields["workers"]))

    def as_text(self) -> str:
        """The value of the setting."""
        return json.dumps(asdict(self), default=datetime.isoformat)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def noted_offline(session: Session, *, lock: bool = False) -> Offline:
    """What is noted at present."""
    noted = session.get(Setting, OFFLINE, populate_existing=True, with_for_update=lock)
    return Offline() if noted is None else Offline.from_text(noted.value)
