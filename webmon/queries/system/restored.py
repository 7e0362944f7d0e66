"""When this database was put back from a backup."""

from datetime import datetime

from sqlmodel import Session

from webmon.models.system import Setting

RESTORED_AT = "restored_at"
"""The name of the setting."""


def restored_at(session: Session) -> datetime | None:
    """The last time; None: it never was."""
    noted = session.get(Setting, RESTORED_AT)
    return None if noted is None else datetime.fromisoformat(noted.value)
