"""Planned downtime in the configuration file: read, compared with what is stored, and written.

A downtime is known by its ``id`` in the file; without one by its title within its namespace. Where
several have one title, the export gives those without an id their number as one: ``#12``.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from sqlmodel import Session, col, select

from webmon.commands.config_file.model import Duration, FileModel
from webmon.commands.downtimes.edit import edit_downtime
from webmon.commands.downtimes.fields import DAY_SECONDS, read_wanted
from webmon.commands.downtimes.names import channel_ids, host_ids, namespace_named, service_ids
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.downtimes.running import cancel_downtime
from webmon.commands.validation import validated
from webmon.domain.downtimes.life_cycle import OPEN_STATES
from webmon.domain.durations import format_duration
from webmon.domain.ids import read_id
from webmon.models import (
    Channel,
    Downtime,
    DowntimeChannel,
    DowntimeHost,
    DowntimeOccurrence,
    DowntimeService,
    Host,
    Namespace,
    Service,
)

ANNOUNCED = (float(DAY_SECONDS), 3600.0)


def _as_text(value: Any) -> Any:
    """YAML reads some times as times."""
    return value.isoformat() if isinstance(value, datetime) else value


Moment = Annotated[str, BeforeValidator(_as_text)]


class FileDowntime(FileModel):
    """A downtime as the file describes it; services are ``Host/Service``."""

    id: str | None = None
    title: str
    namespace: str
    hosts: list[str] = Field(default=[])
    services: list[str] = Field(default=[])
    whole_namespace: bool = False
    starts_at: Moment
    duration: Duration | None = None
    ends_at: Moment | None = None
    timezone: str | None = None
    rrule: str = ""
    announce_before: list[Duration] = Field(default=[*ANNOUNCED])
    message: str = ""
    channels: list[str] | None = None
    audience: dict[str, str] = Field(default={})
    silence_all: bool = False
    finish_when_up: int | None = None

    def fields(self, session: Session) -> dict[str, Any]:
        """What `commands.downtimes` calls the same things."""
        namespace = namespace_named(session, self.namespace)
        fields = self.model_dump(
            exclude={"id", "namespace", "hosts", "services", "duration", "channels"}
        )
        chosen = None if self.channels is None else channel_ids(session, namespace, self.channels)
        return {
            **fields,
            "namespace_id": namespace.id,
            "host_ids": host_ids(session, namespace, self.hosts),
            "service_ids": service_ids(session, namespace, self.services),
            "duration_seconds": None if self.duration is None else round(self.duration),
            "announce_before": [round(each) for each in self.announce_before],
            "channel_ids": chosen,
            **({"key": self.id} if self.id is not None else {}),
        }


def apply_downtime(
    session: Session, item: Mapping[str, Any], taken: Collection[int], *, now: datetime
) -> tuple[int, str, str, list[str]]:
    """Make one downtime as the file says; ``taken`` are those that another of the file may be.

    Returns its id, the sign of what was done (empty: nothing), its name, and what differed.

    Raises:
        Invalid: at its field.
    """
    wanted = validated(FileDowntime, item)
    fields = wanted.fields(session)
    shown = f"downtime {wanted.title} ({wanted.namespace})"
    row = _find(session, wanted, fields["namespace_id"], taken)
    columns = read_wanted(session, fields, None).columns()
    if row is None:
        made = plan_downtime(session, fields, actor=None, now=now)
        return made.id, "+", shown, []
    chosen = None if wanted.channels is None else sorted(wanted.channels)
    after = _words(session, columns, fields) | {"channels": chosen}
    before = said(session, row)
    details = [
        f"{name} {_shown(before[name])} → {_shown(after[name])}"
        for name in after
        if before[name] != after[name]
    ]
    if row.key is None and wanted.id is not None and wanted.id.lstrip(MARK) == str(row.id):
        fields["key"] = None  # the export has made it up
    elif wanted.id is not None and wanted.id != row.key:
        details.append(f"id {row.key} → {wanted.id}")
    if details:
        edit_downtime(session, row.id, fields, actor=None, now=now)
    return row.id, ("~" if details else ""), shown, details


MARK = "#"
"""Begins an id that the export has made of a number."""


def _find(
    session: Session, wanted: FileDowntime, namespace_id: int, taken: Collection[int]
) -> Downtime | None:
    lives = select(Downtime).where(col(Downtime.cancelled_at).is_(None))
    titled = lives.where(Downtime.title == wanted.title, Downtime.namespace_id == namespace_id)
    without_key = col(Downtime.key).is_(None)
    if wanted.id is None:  # rather one that has none either
        titled = titled.where(col(Downtime.id).not_in(taken))
        return session.exec(titled.order_by(without_key.desc(), col(Downtime.id))).first()
    here = (col(Downtime.namespace_id) == namespace_id).desc()  # else it moves to here
    by_key = session.exec(lives.where(Downtime.key == wanted.id).order_by(here)).first()
    if by_key is not None:
        return by_key
    titled = titled.where(without_key)
    if wanted.id.startswith(MARK):
        titled = titled.where(Downtime.id == read_id(wanted.id.lstrip(MARK)))
    return session.exec(titled.order_by(col(Downtime.id))).first()


def named_by_id(session: Session, items: Iterable[Mapping[str, Any]]) -> set[int]:
    """The rows of the downtimes that ``items`` of a file name by an id."""
    texts = [str(item["id"]) for item in items if item.get("id") is not None]
    numbers = [read_id(text.lstrip(MARK)) for text in texts if text.startswith(MARK)]
    by_number = col(Downtime.id).in_(numbers) & col(Downtime.key).is_(None)
    return set(session.exec(select(Downtime.id).where(col(Downtime.key).in_(texts) | by_number)))


def said(session: Session, row: Downtime) -> dict[str, Any]:
    """A stored downtime in the file's words."""
    hosts = select(DowntimeHost.host_id).where(DowntimeHost.downtime_id == row.id)
    services = select(DowntimeService.service_id).where(DowntimeService.downtime_id == row.id)
    chosen = (
        select(Channel.name)
        .join(DowntimeChannel, col(DowntimeChannel.channel_id) == Channel.id)
        .where(DowntimeChannel.downtime_id == row.id)
        .order_by(Channel.name)
    )
    ids = {"host_ids": session.exec(hosts).all(), "service_ids": session.exec(services).all()}
    channels = list(session.exec(chosen)) if row.channels_chosen else None
    return _words(session, row.model_dump(), ids) | {"channels": channels}


def _words(session: Session, columns: Mapping[str, Any], ids: Mapping[str, Any]) -> dict[str, Any]:
    hosts = session.exec(
        select(Host.name).where(col(Host.id).in_(ids["host_ids"])).order_by(Host.name)
    )
    services = session.exec(
        select(Host.name, Service.name)
        .join(Service)
        .where(col(Service.id).in_(ids["service_ids"]))
        .order_by(Host.name, Service.name)
    )
    return {
        "title": columns["title"],
        "namespace": session.get_one(Namespace, columns["namespace_id"]).slug,
        "hosts": list(hosts),
        "services": [f"{host}/{service}" for host, service in services],
        "whole_namespace": columns["whole_namespace"],
        "starts_at": columns["starts_local"].removesuffix(":00"),
        "duration": format_duration(columns["duration_seconds"]),
        "timezone": columns["timezone"],
        "rrule": columns["rrule"],
        "announce_before": [format_duration(each) for each in columns["announce_before"]],
        "message": columns["message"],
        "audience": dict(columns["audience"]),
        "silence_all": columns["silence_all"],
        "finish_when_up": columns["finish_when_up"],
    }


def _shown(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "(none)"
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


def prune_downtimes(session: Session, kept: Collection[int], *, now: datetime) -> list[str]:
    """Cancel what goes on or is to come and is not ``kept`` by its id; returns their names."""
    rows = session.exec(
        select(Downtime, Namespace.slug)
        .join(Namespace)
        .where(col(Downtime.cancelled_at).is_(None))
        .order_by(col(Downtime.id))
    ).all()
    gone = []
    for row, slug in rows:
        coming = select(DowntimeOccurrence.id).where(
            DowntimeOccurrence.downtime_id == row.id,
            col(DowntimeOccurrence.state).in_(OPEN_STATES),
        )
        if row.id not in kept and session.exec(coming).first() is not None:
            cancel_downtime(session, row.id, actor=None, now=now)
            gone.append(f"downtime {row.title} ({slug})")
    return gone


def exported(session: Session) -> list[dict[str, Any]]:
    """Every downtime that was not cancelled, in the file's words, without what is so by default."""
    rows = session.exec(
        select(Downtime).where(col(Downtime.cancelled_at).is_(None)).order_by(col(Downtime.id))
    ).all()
    titled = Counter((row.namespace_id, row.title) for row in rows)
    keys = {row.key for row in rows}
    found = []
    for row in rows:
        words = said(session, row)
        if words["announce_before"] == [format_duration(each) for each in ANNOUNCED]:
            del words["announce_before"]
        kept = {
            name: value
            for name, value in words.items()
            if name == "announce_before" or value not in ("", [], {}, None, False)
        }
        key = row.key
        if key is None and titled[row.namespace_id, row.title] > 1:
            key = f"{MARK}{row.id}"
            while key in keys:
                key = MARK + key
        found.append(({"id": key} if key is not None else {}) | kept)
    return found
