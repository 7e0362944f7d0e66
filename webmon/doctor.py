"""`webmon doctor`: what keeps this installation from its work, and what to do about it."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from tempfile import TemporaryFile

from webmon import clock, config, crypto, db, frontend, own_files, shared_states
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.figures import size
from webmon.errors import Invalid, WebmonError
from webmon.models import Host
from webmon.notifiers import mail_server
from webmon.notifiers.base import NotifierError, Surroundings
from webmon.probes.wire.addresses import takes_connection
from webmon.queries.installation import Installation, installation
from webmon.queries.inventory import ssh_install
from webmon.queries.notifications import channels
from webmon.queries.system import health, schema, storage, unbelieved_proxy

CLOCK_TOLERANCE = timedelta(seconds=5)
TARGET_SECONDS = 3.0
SAMPLE_BYTES = 256 * 1024
LITTLE_BYTES = 200 * 2**20

RESTORE = "stop Beaconry and put back a backup: webmon restore FILE"

EVERYBODY = Actor(0, "webmon doctor", Role.ADMIN)
"""Everyone who may run the command sees every channel."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at; ``remedy`` is empty where it is well.

    A hint has a remedy too, but nothing that was asked for fails without it.
    """

    name: str
    finding: str
    remedy: str = ""
    is_hint: bool = False

    @property
    def is_wrong(self) -> bool:
        return bool(self.remedy) and not self.is_hint


def examine() -> Iterator[Diagnosis]:
    """Look at one thing after the other; what needs the database is left out without it."""
    yield from _examined("key", _key)
    yield from _examined("disk", _disk)
    for diagnosis in _examined("database", _database):
        yield diagnosis
        if diagnosis.remedy:
            return
    yield from _examined("storage", _storage)
    yield from _examined("clock", _clock)
    yield from _examined("secrets", _secrets)
    yield from _examined("worker", _worker)
    if not config.settings().trusted_proxies:
        yield from _examined("proxy", _proxy)
    if _present().connectivity_targets:
        yield from _examined("connectivity", _connectivity)
    if config.settings().redis_url:
        yield from _examined("Redis", _redis)
    yield from _examined("mail", _mail)
    yield from _examined("channels", _channels)
    yield from _examined("front ends", _front_ends)
    yield from _examined("SSH", _ssh)


def _examined(
    name: str, look: Callable[[], Diagnosis | Iterator[Diagnosis]]
) -> Iterator[Diagnosis]:
    """What ``look`` finds, in any state of the installation."""
    try:
        with db.patiently():
            found = look()
            yield from [found] if isinstance(found, Diagnosis) else list(found)
    except db.DatabaseError as error:
        server = "check WEBMON_DATABASE_URL and the database server"
        yield Diagnosis(name, db.reason(error), RESTORE if db.is_damage(error) else server)
    except (WebmonError, OSError) as error:
        yield Diagnosis(name, _why(error), "check the setting or file that is named")


def _key() -> Diagnosis:
    if not crypto.has_key():
        with suppress(db.DatabaseError), db.read() as session:
            if ssh_install.holds_secrets(session):
                lost = config.settings().data_dir / crypto.KEY_FILE
                return Diagnosis(
                    "key", f"{lost} is missing", "put it back, or set WEBMON_SECRET_KEY"
                )
        return Diagnosis("key", "none yet: the first start makes one")
    crypto.vault()
    if others := [f"{file} (mode {mode:o})" for file, mode in own_files.readable_by_others()]:
        finding = f"present, but others can read {', '.join(others)}"
        return Diagnosis("key", finding, "chmod 600 them", is_hint=True)
    return Diagnosis("key", "present")


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _disk() -> Diagnosis:
    """Whether something can still be written where the data are; a quota counts too."""
    file = db.current().file
    where = file.parent if file is not None else config.settings().data_dir.absolute()
    if not where.exists():
        return Diagnosis("disk", f"{where} is not there yet")
    free = shutil.disk_usage(where).free
    room = f"{size(free)} free in {where}"
    try:
        with TemporaryFile(dir=where, buffering=0) as sample:
            sample.write(bytes(SAMPLE_BYTES))
            os.fsync(sample.fileno())
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Diagnosis("disk", f"full: {room}", "make room; nothing can be stored")
        raise
    if free < LITTLE_BYTES:
        return Diagnosis("disk", room, "make room soon", is_hint=True)
    return Diagnosis("disk", room)


def _database() -> Diagnosis:
    file = db.current().file
    if file is not None and not file.exists():
        where = "run webmon migrate to make one, or check WEBMON_DATA_DIR"
        return Diagnosis("database", f"there is no database at {file}", where)
    kind = "SQLite" if db.current().is_sqlite else "PostgreSQL"
    with db.read() as session:
        fault = schema.fault(session)
        damage = storage.damage(session)
    if damage:
        return Diagnosis("database", f"{kind}, damaged: {damage}", RESTORE)
    if fault:
        finding, _, remedy = fault.partition(": ")
        return Diagnosis("database", f"{kind}: {finding}", remedy)
    return Diagnosis("database", f"{kind}, up to date")


def _present() -> Installation:
    """The settings as they count: of the environment, or made in the app."""
    with db.read() as session:
        return installation(session)


def _storage() -> Diagnosis:
    days = _present().raw_retention_days
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
        count = ssh_install.readable_secrets(session)
    return Diagnosis("secrets", f"{count} stored configurations can be read")


def _worker() -> Diagnosis:
    with db.read() as session:
        ticks = health.worker_ticks(session, now=clock.utcnow())
    if not ticks:
        return Diagnosis("worker", "none has ticked in the last 30 s", "run webmon up")
    return Diagnosis("worker", "ticking")


def _proxy() -> Diagnosis:
    with db.read() as session:
        seen = unbelieved_proxy.seen_recently(session, now=clock.utcnow())
    if not seen:
        return Diagnosis("proxy", "no sign of one in front")
    finding = "requests carry X-Forwarded-For, which is not believed: all seem to have one address"
    remedy = "set WEBMON_TRUSTED_PROXIES to the number of proxies in front, mostly 1"
    return Diagnosis("proxy", finding, remedy, is_hint=True)


def _connectivity() -> Diagnosis:
    """A target that never answers is no help; if none does, every alarm is held back."""
    targets = _present().connectivity_targets
    look = partial(takes_connection, seconds=TARGET_SECONDS)
    with ThreadPoolExecutor(len(targets)) as threads:
        answers = dict(zip(targets, threads.map(look, targets), strict=True))
    silent = ", ".join(target for target, does in answers.items() if not does)
    if not silent:
        return Diagnosis("connectivity", f"{', '.join(targets)}: answering")
    remedy = "check WEBMON_CONNECTIVITY_TARGETS, or the reference addresses in Settings"
    if any(answers.values()):
        return Diagnosis("connectivity", f"{silent}: not answering", remedy, is_hint=True)
    finding = f"{silent}: not answering; as long as none does, nobody is told of an outage"
    return Diagnosis("connectivity", finding, remedy)


def _redis() -> Diagnosis:
    if fault := shared_states.fault():
        return Diagnosis("Redis", fault, "start it, or check WEBMON_REDIS_URL")
    return Diagnosis("Redis", "answering")


def _mail() -> Diagnosis:
    settings = config.settings()
    url = settings.smtp_url.get_secret_value()
    if not url:
        finding, remedy = "no mail server is set: admins get no e-mail", "set WEBMON_SMTP_URL"
        return Diagnosis("mail", finding, remedy, is_hint=True)
    try:
        server = mail_server.read_mail_server(Surroundings(settings.public_url, url))
        mail_server.greet(server)
    except NotifierError as error:
        return Diagnosis("mail", str(error), "check WEBMON_SMTP_URL and the mail server")
    return Diagnosis("mail", f"{server.host}:{server.port} lets us in, as {server.sender}")


def _channels() -> Iterator[Diagnosis]:
    """How sending to each channel goes. A key is tried by sending only: the admin app's test."""
    with db.read() as session:
        view = channels.admin_channels(session, actor=EVERYBODY, now=clock.utcnow())
    for channel in view.channels:
        if channel.built_in and channel.why == channels.NO_MAIL_SERVER:
            continue  # said already
        finding = f"{channel.word}: {channel.why}" if channel.why else channel.word
        name, is_well = f"channel {channel.name}", channel.status not in ("down", "degraded")
        if channel.word == channels.REACHES_NOBODY:
            yield Diagnosis(name, finding, "one admin ticks it in their profile", is_hint=True)
            continue
        remedy = "" if is_well else "look at it in the admin app, Channels, and send a test"
        yield Diagnosis(name, finding, remedy)


def _ssh() -> Iterator[Diagnosis]:
    with db.read() as session:
        for host in ssh_install.hosts_with_key(session):
            yield _line_for(session, host)


def _line_for(session: db.Session, host: Host) -> Diagnosis:
    name = f"SSH, {host.name}"
    try:
        line = ssh_install.authorized_keys_of(session, host)
    except Invalid as error:
        return Diagnosis(name, str(error), "type it again in the host's or the service's form")
    return Diagnosis(name, f"line for authorized_keys: {line}")


def _front_ends() -> Diagnosis:
    old = [site for site in frontend.SITES if not frontend.is_current(site)]
    if old:
        return Diagnosis("front ends", f"not built: {', '.join(old)}", "run webmon build")
    return Diagnosis("front ends", "built")
