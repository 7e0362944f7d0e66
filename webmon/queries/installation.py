"""What `webmon doctor` asks about everything that is configured."""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from webmon import crypto
from webmon.models import Channel, Host, Service
from webmon.probes import PROBES
from webmon.probes.ssh_access import SshAccess
from webmon.probes.ssh_commands import OverSsh, authorized_keys_line


def readable_secrets(session: Session) -> int:
    """How many configurations are stored; reads every secret in them.

    Raises:
        Invalid: one cannot be read with the present key.
    """
    configs = [
        *session.exec(select(Service.config)),
        *session.exec(select(Host.ssh).where(col(Host.ssh).is_not(None))),
        *session.exec(select(Channel.config).where(~col(Channel.built_in))),
    ]
    for config in configs:
        crypto.unseal(config)
    return len(configs)


def authorized_keys(session: Session) -> Iterator[tuple[str, str]]:
    """For each host that is reached with a key: its name, and the line to install there."""
    hosts = session.exec(select(Host).where(col(Host.ssh).is_not(None)).order_by(Host.name)).all()
    for host in hosts:
        if line := authorized_keys_of(session, host):
            yield host.name, line


def authorized_keys_of(session: Session, host: Host) -> str:
    """The line to install on a host; empty where nobody logs in with a key."""
    if not (host.ssh or {}).get("private_key"):
        return ""
    access = SshAccess.model_validate(crypto.unseal(host.ssh))
    return authorized_keys_line(access, _over_ssh(session, host.id))


def _over_ssh(session: Session, host_id: int) -> list[OverSsh]:
    rows = session.exec(select(Service).where(Service.host_id == host_id)).all()
    configs = [
        PROBES[row.kind].config.model_validate(crypto.unseal(row.config))
        for row in rows
        if row.kind in PROBES
    ]
    return [config for config in configs if isinstance(config, OverSsh)]
