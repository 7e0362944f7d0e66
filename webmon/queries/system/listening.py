"""Until when heartbeats could be received, as the web process has noted it."""

from datetime import datetime

from sqlmodel import Session

from webmon.models.system import Setting

LISTENED_UNTIL = "heartbeats_listened_until"
"""The setting that says until when heartbeats could be received."""


def listened_until(session: Session, *, lock: bool = False) -> datetime | None:
    """Until when heartbeats could be received; None: nobody has ever listened."""
    noted = session.get(Setting, LISTENED_UNTIL, populate_existing=True, with_for_update=lock)
    return None if noted is None else datetime.fromisoformat(noted.value)
