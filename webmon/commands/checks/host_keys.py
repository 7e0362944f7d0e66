"""Pinned SSH host keys: the first key that is seen at a port stays."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session

from webmon.models import Host
from webmon.models.columns import table
from webmon.probes.host_key import HostKey

HOSTS = table(Host)
host = HOSTS.c

ShownKey = tuple[int, HostKey, datetime]
"""The host's id, what it showed, and when."""


def pin_host_keys(session: Session, shown: Sequence[ShownKey]) -> None:
    """Pin the keys of hosts that have none yet at that port.

    The rows are locked, after the services' states as everywhere: of two who see a host for the
    first time, the second finds what the first has pinned.
    """
    if not shown:
        return
    rows = session.execute(
        select(host.id, host.host_keys)
        .where(host.id.in_({host_id for host_id, _, _ in shown}))
        .order_by(host.id)
        .with_for_update(key_share=True)
    ).all()
    known = {row.id: dict(row.host_keys or {}) for row in rows}
    before = {host_id: dict(pins) for host_id, pins in known.items()}
    for host_id, key, at in sorted(shown, key=lambda each: each[2]):
        if host_id in known:
            known[host_id].setdefault(str(key.port), key.pinned(at.isoformat(timespec="seconds")))
    for host_id, pins in known.items():
        if pins != before[host_id]:
            session.execute(update(HOSTS).where(host.id == host_id).values(host_keys=pins))
