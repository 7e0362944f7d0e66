"""Hosts: what they may be called, where they may be, what goes with them."""

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon.commands.history.retention import Kept, delete_expired
from webmon.commands.inventory.hosts import create_host, delete_host, update_host
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import CheckResult, Host, Namespace, Service

EDITOR = Actor(1, "e@example.org", Role.EDITOR)
VIEWER = Actor(2, "v@example.org", Role.VIEWER)


@pytest.fixture
def namespace(session: Session) -> Namespace:
    return factories.namespace(session)


def fields(namespace: Namespace, **others: object) -> dict[str, object]:
    return {"name": "Datastore", "namespace_id": namespace.id, "address": "10.0.0.7"} | others


def test_a_host_is_stored_as_given(session: Session, namespace: Namespace) -> None:
    made = create_host(session, fields(namespace, public=False), actor=EDITOR, now=NOW)
    stored = session.get_one(Host, made.id)
    assert (stored.name, stored.address, stored.public) == ("Datastore", "10.0.0.7", False)


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"name": ""}, "name", "must not be empty"),
        ({"address": "https://example.org/"}, "address", "without http:// and path"),
        ({"address": "two words"}, "address", "a host name or an IP address"),
        ({"public": "perhaps"}, "public", "must be true or false"),
        ({"namespace_id": 999}, "namespace_id", "does not exist"),
        ({"namespace_id": 10**30}, "namespace_id", "must be"),
        ({"namespace_id": "main"}, "namespace_id", "must be a whole number"),
    ],
)
def test_a_wrong_field_is_refused_with_its_name(
    session: Session, namespace: Namespace, change: dict[str, object], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        create_host(session, fields(namespace, **change), actor=None, now=NOW)
    assert refusal.value.field == field
    assert reason in refusal.value.message


def test_a_name_is_taken_once_per_namespace(session: Session, namespace: Namespace) -> None:
    create_host(session, fields(namespace), actor=None, now=NOW)
    with pytest.raises(Invalid, match="name: this namespace has a host Datastore already"):
        create_host(session, fields(namespace), actor=None, now=NOW)
    create_host(session, fields(factories.namespace(session, "di")), actor=None, now=NOW)


def test_tags_are_words_and_come_as_text_or_list(session: Session, namespace: Namespace) -> None:
    host = create_host(session, fields(namespace, tags="Web, db,web"), actor=None, now=NOW)
    assert host.tags == ["db", "web"]
    update_host(session, host.id, fields(namespace, tags=["x"]), actor=None, now=NOW)
    assert host.tags == ["x"]
    with pytest.raises(Invalid, match=r"tags: .*no tag"):
        update_host(session, host.id, fields(namespace, tags="a b"), actor=None, now=NOW)


def test_a_host_can_move_to_another_namespace(session: Session, namespace: Namespace) -> None:
    other = factories.namespace(session, "di")
    host = create_host(session, fields(namespace), actor=None, now=NOW)
    update_host(session, host.id, fields(other, address="new.example.org"), actor=EDITOR, now=NOW)
    stored = session.get_one(Host, host.id)
    assert (stored.namespace_id, stored.address) == (other.id, "new.example.org")


def test_deleting_a_host_takes_its_services_and_leaves_the_results_to_retention(
    session: Session,
) -> None:
    service = factories.service(session)
    session.add(CheckResult(service_id=service.id, at_ms=1, status=0))
    session.flush()
    delete_host(session, service.host_id, actor=EDITOR, now=NOW)
    session.expire_all()
    assert session.exec(select(Service)).all() == []
    assert len(session.exec(select(CheckResult)).all()) == 1
    delete_expired(session, Kept.at(NOW, raw_days=30, hourly_days=400))
    assert session.exec(select(CheckResult)).all() == []


@pytest.mark.parametrize("host_id", [999, 0, 10**30, "1", None])
def test_what_is_not_a_host_is_not_found(session: Session, host_id: object) -> None:
    factories.host(session)
    with pytest.raises(NotFound, match="host does not exist"):
        delete_host(session, host_id, actor=None, now=NOW)  # type: ignore[arg-type]


def test_a_viewer_changes_nothing(session: Session, namespace: Namespace) -> None:
    host = create_host(session, fields(namespace), actor=None, now=NOW)
    with pytest.raises(PermissionDenied):
        create_host(session, fields(namespace, name="Other"), actor=VIEWER, now=NOW)
    with pytest.raises(PermissionDenied):
        update_host(session, host.id, fields(namespace), actor=VIEWER, now=NOW)
    with pytest.raises(PermissionDenied):
        delete_host(session, host.id, actor=VIEWER, now=NOW)


def test_who_is_limited_to_a_namespace_neither_takes_from_nor_puts_into_another(
    session: Session, namespace: Namespace
) -> None:
    other = factories.namespace(session, "di")
    limited = Actor(3, "l@example.org", Role.EDITOR, frozenset({namespace.id}))
    own = create_host(session, fields(namespace, address="a.example"), actor=limited, now=NOW)
    foreign = create_host(session, fields(other), actor=None, now=NOW)
    with pytest.raises(PermissionDenied, match="not one of yours"):
        update_host(session, own.id, fields(other), actor=limited, now=NOW)
    with pytest.raises(NotFound, match="does not exist"):
        update_host(session, foreign.id, fields(namespace), actor=limited, now=NOW)


def test_an_address_that_a_service_needs_stays(session: Session, namespace: Namespace) -> None:
    host = create_host(session, fields(namespace), actor=None, now=NOW)
    port = factories.service(session, "Port", host_id=host.id)
    with pytest.raises(Invalid) as refusal:
        update_host(session, host.id, fields(namespace, address=""), actor=None, now=NOW)
    assert refusal.value.field == "address"
    assert refusal.value.message == "is required: the service Port checks it"
    session.delete(port)
    session.flush()
    session.expire_all()
    update_host(session, host.id, fields(namespace, address=""), actor=None, now=NOW)
    assert session.get_one(Host, host.id).address == ""
