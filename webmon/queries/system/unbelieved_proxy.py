"""Whether a proxy stands in front whose headers are not believed."""

from datetime import datetime, timedelta

from sqlmodel import Session

from webmon.models.system import Setting

SEEN_AT = "unbelieved_proxy_seen_at"
"""The name of the setting."""
RECENT = timedelta(days=1)


def seen_recently(session: Session, *, now: datetime) -> bool:
    """Whether one was noted within the last day; the web process notes it once an hour."""
    noted = session.get(Setting, SEEN_AT)
    return noted is not None and abs(now - datetime.fromisoformat(noted.value)) < RECENT
