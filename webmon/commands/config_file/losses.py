"""What goes for ever with what `apply --prune` deletes, said in its lines."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from webmon.models import Daily, Incident, Service

DAY_SECONDS = 86_400


def history_lost(session: Session, which: Any, *, now: datetime) -> list[str]:
    """``history of 214 days`` and ``3 incidents`` of the services for which ``which`` (a condition
    on `Service`) holds; nothing where there are none."""
    ids = select(Service.id).where(which)
    first = session.exec(select(func.min(Daily.day)).where(col(Daily.service_id).in_(ids))).one()
    incidents = session.exec(
        select(func.count()).select_from(Incident).where(col(Incident.service_id).in_(ids))
    ).one()
    days = 0 if first is None else max(1, int(now.timestamp()) // DAY_SECONDS - first + 1)
    counted = [("history of {}", days, "day"), ("{}", incidents, "incident")]
    return [
        text.format(f"{count} {noun}" + ("" if count == 1 else "s"))
        for text, count, noun in counted
        if count
    ]
