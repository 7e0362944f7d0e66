"""The monitor's own time offline: noted by each worker that is, told once when it is over.

Several workers that lose the network together share one note. It begins with the first of them and
ends with the last; what a worker notices of it after another has found its end is no new one.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from webmon.bulk import insert_new
from webmon.commands.checks import backlog, heartbeat_listening
from webmon.commands.notifications.announcements import tell_monitor
from webmon.domain.durations import in_words
from webmon.models import Setting, Worker
from webmon.models.columns import table
from webmon.queries.system.offline import OFFLINE, Offline, noted_offline


def note_offline(session: Session, worker_id: str, *, since: datetime) -> None:
    """Note that this worker has been offline since then."""
    noted = _locked(session)
    if not noted.is_open:
        if noted.until is not None and since <= noted.until:
            return
        noted = Offline(since)
    elif _is_left_over(session, noted, worker_id):
        noted = Offline(since)
    if worker_id not in noted.workers:
        _store(session, replace(noted, workers=(*noted.workers, worker_id)))


def _is_left_over(session: Session, noted: Offline, worker_id: str) -> bool:
    """Whether those who noted it have all gone, while this worker was there and could see."""
    present = {worker.id: worker.started_at for worker in session.scalars(select(Worker))}
    if worker_id not in present or not present.keys().isdisjoint(noted.workers):
        return False
    return noted.since is not None and present[worker_id] <= noted.since


def note_online(session: Session, worker_id: str, *, now: datetime) -> bool:
    """Note that this worker is not offline (any more); returns whether none is. When that is over:

    1. Jobs that should have reported meanwhile have their whole time again.
    2. What could not be looked at is looked at soon.
    3. The administrators hear from when to when it lasted.
    """
    if not noted_offline(session).is_open:
        return True
    noted = _locked(session)
    if noted.since is None or not noted.is_open:
        return True
    workers = session.scalars(select(col(Worker.id)))
    others = tuple(each for each in workers if each in noted.workers and each != worker_id)
    if others:
        _store(session, replace(noted, workers=others))
        return False
    _store(session, Offline(noted.since, now))
    heartbeat_listening.make_good(session, since=noted.since, now=now)
    backlog.look_again(session, since=noted.since, now=now)
    cause = f"offline:{noted.since.isoformat()}"
    tell_monitor(session, cause, _told(noted.since, now), now=now, everywhere=True)
    return True


def pull_back(session: Session, *, now: datetime) -> None:
    """Pull notes that lie ahead of the clock back to now; otherwise later ones would look old."""
    noted = noted_offline(session)
    if max(filter(None, (noted.since, noted.until)), default=now) > now:
        noted = _locked(session)
        since, until = (at and min(at, now) for at in (noted.since, noted.until))
        _store(session, replace(noted, since=since, until=until))


def _locked(session: Session) -> Offline:
    """What is noted, locked until the transaction ends."""
    empty = {"name": OFFLINE, "value": Offline().as_text()}
    insert_new(session, table(Setting), [empty])
    return noted_offline(session, lock=True)


def _store(session: Session, noted: Offline) -> None:
    stored = update(Setting).where(col(Setting.name) == OFFLINE)
    session.execute(stored.values(value=noted.as_text()))


def _told(since: datetime, until: datetime) -> str:
    began = f"{since:%H:%M}" if since.date() == until.date() else f"{since.day} {since:%b %H:%M}"
    ended = f"{until:%H:%M}" if since.date() == until.date() else f"{until.day} {until:%b %H:%M}"
    lasted = in_words((until - since).total_seconds())
    return (
        f"The monitor itself was offline from {began} to {ended} UTC ({lasted}). "
        "What it could not see meanwhile is no data, and nobody was alarmed."
    )
