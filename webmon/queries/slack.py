"""What people in Slack are told, and who they are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from webmon.domain.accounts.access import Actor
from webmon.domain.checks.status import WORDS, Status, host_status
from webmon.domain.downtimes.life_cycle import State
from webmon.domain.durations import in_words
from webmon.domain.slack.blocks import SHAPES, escaped
from webmon.errors import Invalid
from webmon.models import (
    DowntimeHost,
    DowntimeOccurrence,
    Incident,
    SlackPerson,
    User,
    UserNamespace,
)
from webmon.models.columns import table
from webmon.queries.dashboard.figures import figures
from webmon.queries.dashboard.scope import Scope
from webmon.queries.metrics.rows import host, hosts, namespace, service, services, state

incident = table(Incident).c
MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class Target:
    """A host, or one of its services."""

    host_id: int
    host: str
    namespace_id: int
    timezone: str
    service_id: int | None = None
    service: str = ""

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.host}/{self.service}" if self.service else self.host


def person(session: Session, team_id: str, slack_id: str) -> Actor | None:
    """Who somebody in Slack is; None unless they are linked and may sign in."""
    found = session.exec(
        select_rows(User)
        .join(SlackPerson)
        .where(
            SlackPerson.team_id == team_id,
            SlackPerson.slack_id == slack_id,
            col(User.disabled_at).is_(None),
        )
    ).first()
    if found is None:
        return None
    owned = select_rows(UserNamespace.namespace_id).where(UserNamespace.user_id == found.id)
    limits = frozenset(session.exec(owned)) if found.limited else None
    return Actor(found.id, found.email, found.role, limits)


def seen_by(session: Session, team_id: str, slack_id: str) -> Scope:
    """The namespaces that somebody in Slack is told of.

    The workspace is told everything; somebody who is linked, what the account sees, which is
    nothing once it is deactivated.
    """
    if (who := person(session, team_id, slack_id)) is not None:
        return who.namespace_ids
    linked = select_rows(SlackPerson.user_id).where(
        SlackPerson.team_id == team_id, SlackPerson.slack_id == slack_id
    )
    return None if session.exec(linked).first() is None else frozenset()


def status_lines(session: Session, scope: Scope, target: str, *, now: datetime) -> list[str]:
    """How everything is, or a namespace, or a host with its services.

    Raises:
        Invalid: nothing is called so.
    """
    wanted = target.casefold()
    chosen = [row for row in hosts(session, scope) if wanted in ("", row.namespace.casefold())]
    narrow = not chosen and bool(wanted)
    if narrow:
        chosen = [row for row in hosts(session, scope) if row.name.casefold() == wanted]
    if not chosen:
        raise Invalid(
            f"there is no namespace or host “{target}”" if wanted else "nothing is watched"
        )
    by_host = _by_host(services(session, scope, state.since, state.message))
    statuses = {row.id: _status(by_host.get(row.id, ())) for row in chosen}
    order = sorted(chosen, key=lambda row: (RANK[statuses[row.id]], row.name.casefold()))
    lines = [_summary(list(statuses.values()))]
    for row in order:
        lines.append(_host(row, statuses[row.id]))
        members = by_host.get(row.id, ())
        shown = members if narrow else [each for each in members if each.status in WRONG]
        lines.extend(_service(each, now) for each in shown)
    return _shortened(lines)


def down_lines(session: Session, scope: Scope, *, now: datetime) -> list[str]:
    """What is down or in difficulties, and since when."""
    rows = services(session, scope, state.since, state.message)
    wrong = sorted(
        (row for row in rows if row.status in WRONG), key=lambda row: RANK[Status(row.status)]
    )
    if not wrong:
        return [f"{SHAPES['up']} Nothing is down."]
    return _shortened(
        [
            f"{_shape(row)} *{escaped(row.host)} / {escaped(row.name)}* {_since(row, now)}"
            + (f" – {escaped(row.message)}" if row.message else "")
            for row in wrong
        ]
    )


def metrics_lines(session: Session, scope: Scope, *, now: datetime) -> list[str]:
    """How many are up, response time and uptime: the figures of the dashboard."""
    by_host = _by_host(services(session, scope))
    states = [_status(by_host.get(row.id, ())) for row in hosts(session, scope)]
    every = [row.status for members in by_host.values() for row in members]
    found = figures(session, scope, days=1, now=now)
    lines = [
        f"*Hosts up* {states.count(Status.UP)} of {len(states)}",
        f"*Services up* {every.count('up')} of {len(every)}",
        f"*Response, 24 h* {found.response or 'not measured'}",
        f"*Uptime, this month* {found.uptime_month or 'not observed'}",
        f"*Last month* {found.uptime_last_month or 'not observed'}",
    ]
    if found.slowest:
        slow = ", ".join(f"{escaped(each.name)} {each.p95}" for each in found.slowest)
        lines.append(f"*Slowest (95 %)* {slow}")
    return lines


def find_target(session: Session, scope: Scope, text: str) -> Target:
    """The host, or the service as HOST/SERVICE, that is called so; capitals do not matter.

    Raises:
        Invalid: none is, or several are.
    """
    wanted = text.strip().casefold()
    found = [each for each in _targets(session, scope) if each.name.casefold() == wanted]
    if not found:
        raise Invalid(f"there is no host or service “{text[:100]}”")
    if len(found) > 1:
        raise Invalid(f"several are called “{text[:100]}”; use the app")
    return found[0]


def every_target(session: Session, scope: Scope) -> list[Target]:
    """All hosts and services that can be seen."""
    return list(_targets(session, scope))


def targets_of(session: Session, scope: Scope, service_ids: Iterable[int]) -> list[Target]:
    """Those of these services that can be seen."""
    wanted = set(service_ids)
    return [each for each in _targets(session, scope) if each.service_id in wanted]


def open_incidents(session: Session, target: Target) -> list[int]:
    """The open incidents of a service, or of all of a host."""
    rows = select(incident.id).join(service.id.table, service.id == incident.service_id)
    about = (
        service.host_id == target.host_id
        if target.service_id is None
        else service.id == target.service_id
    )
    return list(session.scalars(rows.where(incident.resolved_at.is_(None), about)))


def running_downtime(session: Session, host_id: int) -> int:
    """The occurrence that is going on at a host.

    Raises:
        Invalid: there is none.
    """
    occurrence, scope = table(DowntimeOccurrence).c, table(DowntimeHost).c
    of_host = select(scope.downtime_id).where(scope.host_id == host_id)
    found = session.scalar(
        select(occurrence.id)
        .where(occurrence.state == State.STARTED, occurrence.downtime_id.in_(of_host))
        .order_by(occurrence.ends_at)
        .limit(1)
    )
    if found is None:
        raise Invalid("no planned downtime is going on there")
    return int(found)


def _targets(session: Session, scope: Scope) -> Iterator[Target]:
    rows = session.execute(
        select(host.id, host.name, host.namespace_id, namespace.timezone).join(
            namespace.id.table, namespace.id == host.namespace_id
        )
    ).all()
    seen = {row.id: row for row in rows if scope is None or row.namespace_id in scope}
    for row in seen.values():
        yield Target(row.id, row.name, row.namespace_id, row.timezone)
    for each in session.execute(select(service.id, service.host_id, service.name)):
        if (of := seen.get(each.host_id)) is not None:
            yield Target(of.id, of.name, of.namespace_id, of.timezone, each.id, each.name)


WRONG = frozenset({Status.DOWN.value, Status.DEGRADED.value})
RANK = {
    status: number
    for number, status in enumerate(
        (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.UP, Status.PAUSED)
    )
}


def _by_host(rows: Iterable[Row[Any]]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.host_id, []).append(row)
    return found


def _status(members: Iterable[Row[Any]]) -> Status:
    return host_status((Status(each.status), each.critical) for each in members)


def _summary(statuses: Sequence[Status]) -> str:
    counts = [f"{statuses.count(status)} {WORDS[status]}" for status in RANK if status in statuses]
    return f"*{', '.join(counts)}*"


def _host(row: Row[Any], status: Status) -> str:
    return (
        f"{SHAPES[status.value]} *{escaped(row.name)}* ({escaped(row.namespace)}) {WORDS[status]}"
    )


def _service(row: Row[Any], now: datetime) -> str:
    cause = f" – {escaped(row.message)}" if row.status in WRONG and row.message else ""
    return f"        {_shape(row)} {escaped(row.name)} {_since(row, now)}{cause}"


def _shape(row: Row[Any]) -> str:
    return SHAPES.get(row.status, SHAPES["unknown"])


def _since(row: Row[Any], now: datetime) -> str:
    return (
        f"{WORDS[Status(row.status)]} for {in_words(max(0.0, (now - row.since).total_seconds()))}"
    )


def _shortened(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return lines if more <= 0 else [*lines[:MOST_LINES], f"… and {more} more; see the app"]
