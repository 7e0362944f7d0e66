"""`webmon doctor`: what keeps this installation from its work, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from webmon import clock, config, crypto, db, frontend
from webmon.commands import schema
from webmon.errors import WebmonError
from webmon.queries import health, installation, storage
from webmon.queries.evidence import size

CLOCK_TOLERANCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at; ``remedy`` is empty where it is well."""

    name: str
    finding: str
    remedy: str = ""


def examine() -> Iterator[Diagnosis]:
    """Look at one thing after the other; what needs the database is left out without it."""
    yield from _examined("key", _key)
    for diagnosis in _examined("database", _database):
        yield diagnosis
        if diagnosis.remedy:
            return
    yield from _examined("storage", _storage)
    yield from _examined("clock", _clock)
    yield from _examined("secrets", _secrets)
    yield from _examined("worker", _worker)
    yield from _examined("front ends", _front_ends)
    with db.read() as session:
        for host, line in installation.authorized_keys(session):
            yield Diagnosis(f"SSH, {host}", f"line for authorized_keys: {line}")


def _examined(name: str, look: Callable[[], Diagnosis]) -> Iterator[Diagnosis]:
    try:
        yield look()
    except db.DatabaseError as error:
        yield Diagnosis(name, db.reason(error), "check WEBMON_DATABASE_URL and the database server")
    except (WebmonError, OSError) as error:
        yield Diagnosis(name, str(error), "check the setting or file that is named")


def _key() -> Diagnosis:
    crypto.vault()
    return Diagnosis("key", "present")


def _database() -> Diagnosis:
    kind = "SQLite" if db.current().is_sqlite else "PostgreSQL"
    if not schema.is_current(db.current()):
        return Diagnosis("database", f"{kind}, of another version", "run webmon migrate")
    return Diagnosis("database", f"{kind}, up to date")


def _storage() -> Diagnosis:
    days = config.settings().raw_retention_days
    with db.read() as session:
        view = storage.storage(session, raw_days=days, now=clock.utcnow())
        shrinks = storage.shrinks(session)
    since = f" since {view.since.day} {view.since:%b %Y}" if view.since else ""
    finding = (
        f"{size(view.size + db.current().log_bytes)}, {view.results:,} results{since}; grows by "
        f"about {size(view.growth_per_day)} a day, to {size(view.settles_at)} after {days} days"
    )
    remedy = "" if shrinks else "it cannot shrink; stop Beaconry and run webmon compact once"
    return Diagnosis("storage", finding, remedy)


def _clock() -> Diagnosis:
    with db.read() as session:
        apart = abs(clock.utcnow() - health.database_time(session))
    if apart > CLOCK_TOLERANCE:
        seconds = apart.total_seconds()
        return Diagnosis("clock", f"{seconds:.0f} s apart from the database's", "set both by NTP")
    return Diagnosis("clock", "agrees with the database's")


def _secrets() -> Diagnosis:
    with db.read() as session:
        count = installation.readable_secrets(session)
    return Diagnosis("secrets", f"{count} stored configurations can be read")


def _worker() -> Diagnosis:
    with db.read() as session:
        ticks = health.worker_ticks(session, now=clock.utcnow())
    if not ticks:
        return Diagnosis("worker", "none has ticked in the last 30 s", "run webmon up")
    return Diagnosis("worker", "ticking")


def _front_ends() -> Diagnosis:
    old = [site for site in frontend.SITES if not frontend.is_current(site)]
    if old:
        return Diagnosis("front ends", f"not built: {', '.join(old)}", "run webmon build")
    return Diagnosis("front ends", "built")
