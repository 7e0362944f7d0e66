"""What `webmon doctor` asks about everything that is configured."""

from pydantic import ValidationError
from sqlmodel import Session, String, cast, col, select

from webmon import crypto
from webmon.errors import Invalid, what_is_wrong
from webmon.models import Channel, Host, Service
from webmon.probes import PROBES
from webmon.probes.over_ssh.commands import OverSsh, authorized_keys_line
from webmon.probes.ssh_access import SshAccess
from webmon.queries.outside_apps import PROVIDER, SLACK_APPS, stored


def readable_secrets(session: Session) -> int:
    """How many configurations are stored; reads every secret in them.

    Raises:
        Invalid: one cannot be read with the present key.
    """
    configs = [
        *session.exec(select(Service.config)),
        *session.exec(select(Host.ssh).where(col(Host.ssh).is_not(None))),
        *session.exec(select(Channel.config).where(~col(Channel.built_in))),
        *filter(None, (stored(session, name) for name in (SLACK_APPS, PROVIDER))),
    ]
    for config in configs:
        crypto.unseal(config)
    return len(configs)


def holds_secrets(session: Session) -> bool:
    """Whether something encrypted is stored; whether it can be read does not matter."""
    if any(stored(session, name) for name in (SLACK_APPS, PROVIDER)):
        return True
    return any(
        session.exec(
            select(model).where(cast(config, String).contains(f'"{crypto.SEALED}"'))
        ).first()
        for model, config in (
            (Service.id, Service.config),
            (Host.id, Host.ssh),
            (Channel.id, Channel.config),
        )
    )


def hosts_with_key(session: Session) -> list[Host]:
    """The hosts that are reached with a private key, by their names."""
    hosts = session.exec(select(Host).where(col(Host.ssh).is_not(None)).order_by(Host.name))
    return [host for host in hosts if _has_key(host)]


def authorized_keys_of(session: Session, host: Host) -> str:
    """The line to install on a host; empty where nobody logs in with a key.

    Raises:
        Invalid: what is stored of the host, or of what looks at it, cannot be used.
    """
    if not _has_key(host):
        return ""
    try:
        access = SshAccess.model_validate(crypto.unseal(host.ssh))
        return authorized_keys_line(access, _over_ssh(session, host.id))
    except ValidationError as error:
        raise Invalid(f"what is stored cannot be used: {what_is_wrong(error)}") from None


def _has_key(host: Host) -> bool:
    return bool((host.ssh or {}).get("private_key"))


def _over_ssh(session: Session, host_id: int) -> list[OverSsh]:
    kinds = {name: kind for name, kind in PROBES.items() if kind.over_ssh}
    wanted = select(Service).where(Service.host_id == host_id, col(Service.kind).in_(kinds))
    configs = [
        kinds[row.kind].config.model_validate(crypto.unseal(row.config))
        for row in session.exec(wanted)
    ]
    return [config for config in configs if isinstance(config, OverSsh)]
