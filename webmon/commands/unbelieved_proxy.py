"""That a proxy stands in front whose headers are not believed."""

from datetime import datetime

from sqlmodel import Session

from webmon.models.system import Setting
from webmon.queries.system.unbelieved_proxy import SEEN_AT


def note_proxy(session: Session, *, now: datetime) -> None:
    """A request came through one."""
    session.merge(Setting(name=SEEN_AT, value=now.isoformat()))
