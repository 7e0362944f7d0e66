"""What a namespace may look at: who allows it, who needs it, and that the worker is told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from tests import factories
from tests.clock import NOW
from webmon import config
from webmon.commands.checks.claims import claim_due
from webmon.commands.config_file.apply import apply_file
from webmon.commands.config_file.export import export
from webmon.commands.inventory.hosts import create_host, update_host
from webmon.commands.inventory.namespaces import create_namespace, update_namespace
from webmon.commands.inventory.services import create_service, update_service
from webmon.commands.notifications.channels import create_channel, update_channel
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, PermissionDenied
from webmon.models import Namespace, Service

ADMIN = Actor(1, "a@example.org", Role.ADMIN)
EDITOR = Actor(2, "e@example.org", Role.EDITOR)
INSIDE = {"url": "http://10.1.0.7/"}


@pytest.fixture
def namespace(session: Session) -> Namespace:
    return factories.namespace(session)


@pytest.fixture
def limited(namespace: Namespace) -> Actor:
    return Actor(3, "l@example.org", Role.ADMIN, frozenset({namespace.id}))


def page(**fields: Any) -> dict[str, Any]:
    return {"name": "Website", "kind": "http", "config": INSIDE} | fields


def allow(session: Session, namespace: Namespace, *networks: str, actor: Actor = ADMIN) -> None:
    fields = {"slug": namespace.slug, "name": namespace.name, "networks": list(networks)}
    update_namespace(session, namespace.id, fields, actor=actor, now=NOW)


def test_only_an_admin_of_all_namespaces_allows_networks(
    session: Session, namespace: Namespace, limited: Actor
) -> None:
    for actor in (EDITOR, limited):
        with pytest.raises(PermissionDenied):
            allow(session, namespace, "10.1.0.0/16", actor=actor)
    fields = {"slug": "di", "name": "DI", "networks": ["10.0.0.0/8"]}
    with pytest.raises(PermissionDenied):
        create_namespace(session, fields, actor=EDITOR, now=NOW)
    allow(session, namespace, "10.1.0.0/16", "10.1.0.0/16", " fd12::1 ")
    assert namespace.networks == ["10.1.0.0/16", "fd12::1/128"]
    update_namespace(session, namespace.id, {"slug": "x", "name": "X"}, actor=limited, now=NOW)
    assert namespace.networks == ["10.1.0.0/16", "fd12::1/128"]


@pytest.mark.parametrize(
    ("networks", "reason"),
    [
        (["10.0.0.0/99"], "wrong: 10.0.0.0/99"),
        (["everything"], "wrong: everything"),
        (["169.254.169.254"], "is never looked at"),
        (["fe80::/64"], "is never looked at"),
        ([7], "must be a text"),
        ("10.0.0.0/8", "must be a list"),
        (["10.0.0.1"] * 51, "at most 50"),
    ],
)
def test_what_is_no_network_is_refused(
    session: Session, namespace: Namespace, networks: Any, reason: str
) -> None:
    fields = {"slug": "iati", "name": "IATI", "networks": networks}
    with pytest.raises(Invalid, match=reason) as refusal:
        update_namespace(session, namespace.id, fields, actor=ADMIN, now=NOW)
    assert refusal.value.field.startswith("networks")


def test_an_address_that_would_not_be_looked_at_is_refused_where_it_is_typed(
    session: Session, namespace: Namespace, limited: Actor
) -> None:
    host = factories.host(session, namespace_id=namespace.id, address="10.1.0.7")
    for fields, field in (
        (page(), "config.url"),
        (page(config={"url": "http://a.example/", "proxy": "http://10.1.0.7"}), "config.proxy"),
        (page(kind="dns", config={"name": "a.example", "resolver": "10.1.0.7"}), "config.resolver"),
        (page(kind="postgres", config={"user": "me", "host": "10.1.0.7"}), "config.host"),
        (page(kind="postgres", config={"dsn": "postgresql://me@10.1.0.7/x"}), "config.dsn"),
        (page(kind="tcp", config={"port": 80}), "kind"),
    ):
        with pytest.raises(Invalid, match="private address") as refusal:
            create_service(session, host.id, fields, actor=limited, now=NOW)
        assert refusal.value.field == field
    inside = {"name": "In", "namespace_id": namespace.id, "address": "10.1.0.8"}
    with pytest.raises(Invalid, match=r"address: 10\.1\.0\.8 is a private address"):
        create_host(session, inside, actor=limited, now=NOW)
    create_service(session, host.id, page(), actor=ADMIN, now=NOW)
    metadata = page(name="M", config={"url": "http://169.254.169.254/"})
    with pytest.raises(Invalid, match="never looked at"):
        create_service(session, host.id, metadata, actor=ADMIN, now=NOW)
    allow(session, namespace, "10.1.0.0/16")
    create_service(session, host.id, page(name="Other"), actor=limited, now=NOW)
    create_host(session, inside, actor=limited, now=NOW)


def test_channels_send_only_where_they_may(
    session: Session, namespace: Namespace, limited: Actor
) -> None:
    fields = {"name": "hook", "kind": "webhook", "namespace_id": namespace.id}
    inside = fields | {"config": {"url": "http://10.1.0.7/hook"}}
    outside = fields | {"config": {"url": "http://a.example/hook"}}
    with pytest.raises(Invalid, match=r"config.url: 10.1.0.7 is a private address"):
        create_channel(session, inside, actor=limited, now=NOW)
    channel = create_channel(session, outside, actor=limited, now=NOW)
    assert channel.limited
    with pytest.raises(Invalid, match="private address"):
        update_channel(session, channel.id, inside, actor=limited, now=NOW)
    session.expire_all()
    update_channel(session, channel.id, inside, actor=ADMIN, now=NOW)
    assert not channel.limited
    noted = fields | {"name": "n", "kind": "apprise", "config": {"url": "json://10.1.0.7/x"}}
    with pytest.raises(Invalid, match="private address"):
        create_channel(session, noted, actor=limited, now=NOW)


def reached(session: Session, service: Service, ip: str) -> bool:
    """Whether the worker would look at ``ip`` for this service."""
    later = NOW + timedelta(days=1)
    [due] = [
        each
        for each in claim_due(session, "w", limit=9, now=later)
        if each.service_id == service.id
    ]
    session.rollback()
    assert due.reach is not None
    return due.reach.refusal(ip) == ""


def test_what_counts_is_who_has_set_what_is_looked_at(
    session: Session, namespace: Namespace, limited: Actor
) -> None:
    host = factories.host(session, namespace_id=namespace.id, address="a.example")
    named = page(config={"url": "http://a.example/"})
    service = create_service(session, host.id, named, actor=ADMIN, now=NOW)
    session.commit()
    assert reached(session, service, "10.1.0.7")
    update_service(session, service.id, named | {"interval_seconds": 90}, actor=limited, now=NOW)
    session.commit()
    assert reached(session, service, "10.1.0.7"), "not looked at otherwise than before"
    other = page(config={"url": "http://b.example/"})
    update_service(session, service.id, other, actor=limited, now=NOW)
    session.commit()
    assert not reached(session, service, "10.1.0.7")
    update_service(session, service.id, other | {"interval_seconds": 90}, actor=ADMIN, now=NOW)
    session.commit()
    assert not reached(session, service, "10.1.0.7"), "who renames a service vouches for nothing"
    allow(session, namespace, "10.1.0.0/16")
    session.commit()
    assert reached(session, service, "10.1.0.7")
    assert not reached(session, service, "10.2.0.7")
    update_service(session, service.id, named, actor=ADMIN, now=NOW)
    session.commit()
    assert reached(session, service, "10.2.0.7")
    address = {"name": host.name, "namespace_id": namespace.id, "address": "c.example"}
    update_host(session, host.id, address, actor=limited, now=NOW)
    session.commit()
    assert not reached(session, service, "10.2.0.7"), "the host's address was set by them"


def test_the_setting_refuses_what_is_private(
    session: Session, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBMON_PRIVATE_NETWORKS", "refuse")
    config.settings.cache_clear()
    host = factories.host(session, namespace_id=namespace.id)
    service = factories.service(session, host_id=host.id)
    session.commit()
    assert not reached(session, service, "10.1.0.7")
    with pytest.raises(Invalid, match="WEBMON_PRIVATE_NETWORKS is refuse"):
        create_service(session, host.id, page(name="Inside"), actor=None, now=NOW)


def test_a_worker_learns_that_the_networks_changed(session: Session, namespace: Namespace) -> None:
    host = factories.host(session, namespace_id=namespace.id)
    service = factories.service(session, host_id=host.id)
    before = service.revision
    allow(session, namespace, "10.1.0.0/16")
    session.refresh(service)
    assert service.revision == before + 1


def test_the_file_carries_them(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "beaconry.yaml"
    file.write_text("namespaces: [{slug: iati, name: IATI, networks: [10.1.0.0/16]}]\n")
    applied = apply_file(session, file, prune=False, now=NOW)
    assert applied.lines == ["+ namespace iati"]
    file.write_text(export(session, with_secrets=False))
    assert "networks: [10.1.0.0/16]" in file.read_text()
    assert apply_file(session, file, prune=False, now=NOW).lines == []
    file.write_text("namespaces: [{slug: iati, name: IATI}]\n")
    [line] = apply_file(session, file, prune=False, now=NOW).lines
    assert line == "~ namespace iati: networks [10.1.0.0/16] → []"
