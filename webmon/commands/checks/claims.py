"""Claim the checks that are due: no two workers ever hold the same one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, select, update
from sqlmodel import Session, col

from webmon.commands.networks import reach
from webmon.domain.checks.heartbeats import Reports
from webmon.domain.checks.networks import Reach
from webmon.models import Heartbeat, Host, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.probes import PROBES
from webmon.queries.system.listening import listened_until

STATES = table(ServiceState)
state, service, host = STATES.c, table(Service).c, table(Host).c
namespace = table(Namespace).c

HORIZON = timedelta(seconds=1.5)
"""How far ahead checks are claimed: a tick's second, and half of one for a tick that is late."""

LEASE = timedelta(seconds=180)
"""After this a claimed check is due again in any case. Longer than the longest timeout."""

RECEIVING = frozenset(name for name, kind in PROBES.items() if kind.receives)
"""The kinds whose services are reported to us."""

OVER_SSH = frozenset(name for name, kind in PROBES.items() if kind.over_ssh)
"""The kinds whose services share the SSH connection of their host."""


class DueCheck(NamedTuple):
    """A claimed check, with all that is needed to run it.

    ``config`` and ``ssh`` are still sealed, and None where who claims knows this revision.
    """

    service_id: int
    claim: int
    due_at: datetime
    revision: int
    kind: str
    address: str
    timeout_seconds: float
    degraded_above_ms: int | None
    host_keys: dict[str, Any] | None
    """The pinned keys of its host; for kinds that log in there."""
    config: dict[str, Any] | None
    ssh: dict[str, Any] | None
    reach: Reach | None = None
    """What it may look at; None where the config is."""
    heartbeat: Reports | None = None


# Statements are built once: a claim costs little more than its rows.

DUE = (
    select(state.service_id)
    .where(state.next_check_at <= bindparam("horizon"))
    .where(state.lease_until.is_(None) | (state.lease_until <= bindparam("present")))
    .order_by(state.next_check_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
CLAIM = (
    update(STATES)
    .where(state.service_id.in_(DUE))
    .values(
        due_at=state.next_check_at,
        next_check_at=bindparam("lease"),
        lease_until=bindparam("lease"),
        worker_id=bindparam("worker"),
        claim=state.claim + 1,
    )
    .returning(state.service_id, state.claim, state.due_at)
)
DEFINITIONS = (
    select(
        service.id,
        service.revision,
        service.kind,
        host.address,
        service.timeout_seconds,
        service.degraded_above_ms,
        case((service.kind.in_(OVER_SSH), host.host_keys)),
    )
    .join(table(Host), host.id == service.host_id)
    .where(service.id.in_(bindparam("service_ids", expanding=True)))
)
CONFIGS = (
    select(
        service.id,
        service.config,
        case((service.kind.in_(OVER_SSH), host.ssh)),
        namespace.networks,
        service.limited | host.limited,
    )
    .join(table(Host), host.id == service.host_id)
    .join(table(Namespace), namespace.id == host.namespace_id)
    .where(service.id.in_(bindparam("service_ids", expanding=True)))
)


def claim_due(
    session: Session,
    worker_id: str,
    *,
    limit: int,
    now: datetime,
    known: Mapping[int, int] | None = None,
) -> list[DueCheck]:
    """Take up to ``limit`` checks that are due by the end of the next second, the oldest first.

    One statement moves ``next_check_at`` on and takes the lease, so that no two workers ever hold
    the same check. It is given back by `record`, with its worker (`leases.retire`), or when the
    lease ends. ``known`` says of which services the caller has the config, at which revision.
    """
    if limit <= 0:
        return []
    limits = {"horizon": now + HORIZON, "present": now, "most": limit}
    taken = {"lease": now + LEASE, "worker": worker_id}
    claimed = session.execute(CLAIM, limits | taken).all()
    taken_over = {row[0]: (row[1], row[2]) for row in claimed}
    return _with_definitions(session, taken_over, known or {}) if claimed else []


def _with_definitions(
    session: Session, claimed: dict[int, tuple[int, datetime]], known: Mapping[int, int]
) -> list[DueCheck]:
    rows = session.execute(DEFINITIONS, {"service_ids": list(claimed)}).all()
    news = [service_id for service_id, revision, *_ in rows if known.get(service_id) != revision]
    configs = _configs(session, news) if news else {}
    reports = _reports(session, [row.id for row in rows if row.kind in RECEIVING])
    due = []
    for row in rows:
        service_id, *definition = row
        config, ssh, reached = configs.get(service_id, (None, None, None))
        told = *claimed[service_id], *definition, config, ssh, reached, reports.get(service_id)
        due.append(DueCheck(service_id, *told))
    return due


def _configs(session: Session, service_ids: Sequence[int]) -> dict[int, tuple[Any, Any, Reach]]:
    """Config and SSH access of services, sealed, and what they may look at."""
    rows = session.execute(CONFIGS, {"service_ids": service_ids})
    return {
        service_id: (config, ssh, reach(networks, limited=limited))
        for service_id, config, ssh, networks, limited in rows
    }


def _reports(session: Session, service_ids: Sequence[int]) -> dict[int, Reports]:
    """What was reported to services that receive heartbeats."""
    if not service_ids:
        return {}
    wanted = select(Heartbeat).where(col(Heartbeat.service_id).in_(service_ids))
    heard = listened_until(session)
    return {row.service_id: row.reports(heard) for row in session.scalars(wanted)}
