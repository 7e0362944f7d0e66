"""Hosts, services and channels by what people call them, as a file or a shell names them."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from webmon.domain.downtimes.life_cycle import OPEN_STATES
from webmon.domain.ids import read_id
from webmon.errors import Invalid, NotFound
from webmon.models import Channel, Downtime, DowntimeOccurrence, Host, Namespace, Service


def namespace_named(session: Session, slug: str) -> Namespace:
    """The namespace of that slug.

    Raises:
        Invalid: there is none.
    """
    found = session.exec(select(Namespace).where(Namespace.slug == slug)).first()
    if found is None:
        raise Invalid(f"there is no namespace {slug}", "namespace")
    return found


def host_ids(session: Session, namespace: Namespace, names: Sequence[str]) -> list[int]:
    """The hosts of these names in the namespace.

    Raises:
        Invalid: there is no such host there.
    """
    return [
        _host(session, namespace, name, f"hosts.{number}").id for number, name in enumerate(names)
    ]


def service_ids(session: Session, namespace: Namespace, names: Sequence[str]) -> list[int]:
    """The services named ``Host/Service`` in the namespace.

    Raises:
        Invalid: there is no such service there.
    """
    found = []
    for number, name in enumerate(names):
        field = f"services.{number}"
        host_name, slash, service_name = name.partition("/")
        if not slash:
            raise Invalid("must be a host and a service, such as Datastore/Website", field)
        host = _host(session, namespace, host_name.strip(), field)
        named = select(Service.id).where(Service.host_id == host.id)
        service_id = session.exec(named.where(Service.name == service_name.strip())).first()
        if service_id is None:
            raise Invalid(f"{host.name} has no service {service_name.strip()}", field)
        found.append(service_id)
    return found


def channel_ids(session: Session, namespace: Namespace, names: Sequence[str]) -> list[int]:
    """The channels of these names that are for the namespace, or for all.

    Raises:
        Invalid: there is no such channel; one of another namespace is none here.
    """
    found = []
    here = col(Channel.namespace_id).is_(None) | (col(Channel.namespace_id) == namespace.id)
    for number, name in enumerate(names):
        channel_id = session.exec(select(Channel.id).where(here, Channel.name == name)).first()
        if channel_id is None:
            because = f"there is no channel {name} for {namespace.slug}"
            raise Invalid(because, f"channels.{number}")
        found.append(channel_id)
    return found


def _host(session: Session, namespace: Namespace, name: str, field: str) -> Host:
    here = select(Host).where(Host.namespace_id == namespace.id, Host.name == name)
    found = session.exec(here).first()
    if found is None:
        raise Invalid(f"there is no host {name} in {namespace.slug}", field)
    return found


def downtime_named(session: Session, text: str) -> Downtime:
    """The downtime of that number, id in the file, or title, that was not cancelled.

    Raises:
        NotFound: there is none.
        Invalid: there are several of that title.
    """
    lives = select(Downtime).where(col(Downtime.cancelled_at).is_(None))
    by_key = session.exec(lives.where(Downtime.key == text)).all()
    by_number = session.exec(lives.where(Downtime.id == read_id(text))).all()
    titled = by_key or by_number or session.exec(lives.where(Downtime.title == text)).all()
    if len(titled) > 1:
        numbers = ", ".join(str(each.id) for each in titled)
        raise Invalid(f"there are several downtimes {text}: say its number ({numbers})")
    if not titled:
        raise NotFound(f"there is no downtime {text}")
    return titled[0]


def current_occurrence(session: Session, downtime: Downtime, now: datetime) -> int:
    """The occurrence that goes on, else the next one.

    Raises:
        Invalid: there is none any more.
    """
    found = session.exec(
        select(DowntimeOccurrence.id)
        .where(
            DowntimeOccurrence.downtime_id == downtime.id,
            col(DowntimeOccurrence.state).in_(OPEN_STATES),
            DowntimeOccurrence.ends_at > now,
        )
        .order_by(col(DowntimeOccurrence.starts_at))
    ).first()
    if found is None:
        raise Invalid(f"{downtime.title} is over")
    return found
