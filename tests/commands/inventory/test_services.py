"""Services: what is refused, what an edit means for the checks, and that secrets stay secret."""

import json
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import MINUTE, NOW, SECOND
from webmon import crypto
from webmon.commands.checks.record import Finding, claim_due, record
from webmon.commands.inventory.services import (
    KEEP,
    check_now,
    create_service,
    delete_service,
    pause,
    resume,
    resume_over,
    update_service,
)
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Host, Incident, Service, ServiceState, StatusChange
from webmon.probes.base import down, up

TCP = {"name": "Port", "kind": "tcp", "config": {"port": 443}}
HTTP = {"name": "Website", "kind": "http", "config": {"url": "https://example.org/"}}
EDITOR = Actor(1, "e@example.org", Role.EDITOR)
VIEWER = Actor(2, "v@example.org", Role.VIEWER)


@pytest.fixture
def host(session: Session) -> Host:
    return factories.host(session)


def state_of(session: Session, service: Service) -> ServiceState:
    session.expire_all()
    return session.get_one(ServiceState, service.id)


def test_a_new_service_is_due_at_once_and_its_status_unknown(session: Session, host: Host) -> None:
    service = create_service(session, host.id, TCP, actor=EDITOR, now=NOW)
    state = state_of(session, service)
    assert (state.status, state.next_check_at) == (Status.UNKNOWN, NOW)
    assert [each.service_id for each in claim_due(session, "w", limit=9, now=NOW)] == [service.id]


def test_a_service_created_paused_is_not_due(session: Session, host: Host) -> None:
    service = create_service(session, host.id, TCP | {"paused": True}, actor=None, now=NOW)
    state = state_of(session, service)
    assert (state.status, state.next_check_at) == (Status.PAUSED, None)


def test_only_what_differs_from_the_defaults_of_its_kind_is_stored(
    session: Session, host: Host
) -> None:
    service = create_service(session, host.id, HTTP, actor=None, now=NOW)
    assert service.config == {"url": "https://example.org/"}
    assert service.interval_seconds == 60


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"name": " "}, "name", "must not be empty"),
        ({"name": "Port\0"}, "name", "has a character that cannot be seen (U+0000)"),
        ({"kind": "gopher"}, "kind", "there is no kind gopher; known are http, "),
        ({"interval_seconds": 0}, "interval_seconds", "must be between 1 s and 7 d"),
        ({"interval_seconds": 604_801}, "interval_seconds", "must be between 1 s and 7 d"),
        ({"interval_seconds": "soon"}, "interval_seconds", "must be a whole number"),
        ({"timeout_seconds": 0}, "timeout_seconds", "must be 0.1 or more"),
        ({"timeout_seconds": float("nan")}, "timeout_seconds", "must be a number"),
        ({"timeout_seconds": 121}, "timeout_seconds", "must be 120 or less"),
        ({"retry_seconds": 3601}, "retry_seconds", "must be 3600 or less"),
        ({"failures_to_down": 0}, "failures_to_down", "must be 1 or more"),
        ({"successes_to_up": 21}, "successes_to_up", "must be 20 or less"),
        ({"degraded_above_ms": 0}, "degraded_above_ms", "must be 1 or more"),
        ({"config": "port 80"}, "config", "must be names with values"),
        ({"config": {}}, "config.port", "is required"),
        ({"config": {"port": 70_000}}, "config.port", "must be 65535 or less"),
        ({"config": {"port": "http"}}, "config.port", "must be a whole number"),
        ({"config": {"port": 80, "prot": 1}}, "config.prot", "is not known here; known are"),
        ({"priority": 1}, "priority", "is not known here; known are"),
    ],
)
def test_a_wrong_field_is_refused_with_the_path_to_it(
    session: Session, host: Host, change: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        create_service(session, host.id, TCP | change, actor=None, now=NOW)
    assert refusal.value.field == field
    assert reason in refusal.value.message


@pytest.mark.parametrize("url", ["ftp://example.org/", "example.org", "https://", ""])
def test_a_page_needs_a_web_address(session: Session, host: Host, url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        create_service(session, host.id, HTTP | {"config": {"url": url}}, actor=None, now=NOW)
    assert refusal.value.field == "config.url"


def test_a_name_is_taken_once_per_host(session: Session, host: Host) -> None:
    create_service(session, host.id, TCP, actor=None, now=NOW)
    other = create_service(session, host.id, TCP | {"name": "Other"}, actor=None, now=NOW)
    with pytest.raises(Invalid, match="name: this host has a service Port already"):
        create_service(session, host.id, TCP, actor=None, now=NOW)
    with pytest.raises(Invalid, match="name: this host has a service Port already"):
        update_service(session, other.id, TCP, actor=None, now=NOW)


def test_an_edit_is_due_at_once_and_leaves_the_known_status(session: Session, host: Host) -> None:
    service = factories.service(
        session, host_id=host.id, status=Status.UP, up_count=5, next_check_at=NOW + MINUTE
    )
    edit = {"name": "Website", "kind": "tcp", "config": {"port": 80}, "interval_seconds": 5}
    edited = update_service(session, service.id, edit, actor=EDITOR, now=NOW)
    state = state_of(session, service)
    assert (edited.interval_seconds, edited.revision) == (5, 2)
    assert (state.status, state.next_check_at, state.up_count) == (Status.UP, NOW, 5)


def test_after_a_change_of_config_earlier_failures_no_longer_count(
    session: Session, host: Host
) -> None:
    service = factories.service(session, host_id=host.id, status=Status.UP, down_count=1)
    edit = {"name": "Website", "kind": "tcp", "config": {"port": 81}}
    update_service(session, service.id, edit, actor=None, now=NOW)
    assert state_of(session, service).down_count == 0


def test_a_check_under_way_is_not_recorded_after_an_edit_but_repeated(
    session: Session, host: Host
) -> None:
    service = create_service(session, host.id, TCP, actor=None, now=NOW)
    claimed = claim_due(session, "w", limit=1, now=NOW)[0]
    later = NOW + SECOND
    update_service(session, service.id, TCP | {"config": {"port": 80}}, actor=None, now=later)
    outcome = up("fine", 1000)
    found = Finding(service.id, claimed.claim, claimed.revision, later, outcome)
    record(session, [found], now=later)
    state = state_of(session, service)
    assert (state.status, state.last_checked_at) == (Status.UNKNOWN, None)
    assert claim_due(session, "w", limit=1, now=later)


def test_deleting_a_service_while_it_is_checked_does_no_harm(session: Session, host: Host) -> None:
    service = create_service(session, host.id, TCP, actor=None, now=NOW)
    claimed = claim_due(session, "w", limit=1, now=NOW)[0]
    delete_service(session, service.id, actor=EDITOR, now=NOW)
    found = Finding(service.id, claimed.claim, claimed.revision, NOW, up("fine", 1000))
    record(session, [found], now=NOW)
    assert session.exec(select(ServiceState)).all() == []


def test_of_two_edits_the_second_is_told_about_the_first(session: Session, host: Host) -> None:
    service = create_service(session, host.id, TCP, actor=None, now=NOW)
    update_service(session, service.id, TCP, actor=EDITOR, now=NOW, revision=1)
    other = TCP | {"critical": True}
    with pytest.raises(Invalid, match="someone else changed this service in the meantime"):
        update_service(session, service.id, other, actor=EDITOR, now=NOW, revision=1)


def test_a_secret_is_stored_encrypted_and_kept_when_it_is_not_typed_again(
    session: Session, host: Host
) -> None:
    config = {
        "url": "https://example.org/",
        "basic_auth": "anna:geheim",
        "headers": {"X-Key": "k9"},
    }
    service = create_service(session, host.id, HTTP | {"config": config}, actor=None, now=NOW)
    assert "geheim" not in json.dumps(service.config)
    edit = {"url": "https://example.org/new", "basic_auth": KEEP, "headers": KEEP}
    update_service(session, service.id, HTTP | {"config": edit}, actor=EDITOR, now=NOW)
    assert crypto.unseal(service.config) == config | {"url": "https://example.org/new"}


def test_a_secret_that_is_left_out_is_gone(session: Session, host: Host) -> None:
    config = {"url": "https://example.org/", "basic_auth": "anna:geheim"}
    service = create_service(session, host.id, HTTP | {"config": config}, actor=None, now=NOW)
    update_service(session, service.id, HTTP, actor=None, now=NOW)
    assert service.config == {"url": "https://example.org/"}


def test_a_kept_secret_that_was_never_stored_is_none(session: Session, host: Host) -> None:
    config = {"url": "https://example.org/", "basic_auth": KEEP}
    service = create_service(session, host.id, HTTP | {"config": config}, actor=None, now=NOW)
    assert service.config == {"url": "https://example.org/"}


def test_check_now_moves_only_the_next_check(session: Session) -> None:
    service = factories.service(session, status=Status.UP, next_check_at=NOW + MINUTE)
    check_now(session, service.id, actor=EDITOR, now=NOW)
    state = state_of(session, service)
    assert (state.next_check_at, state.status) == (NOW, Status.UP)


def test_check_now_during_a_check_leads_to_another_one(session: Session, host: Host) -> None:
    service = create_service(session, host.id, TCP, actor=None, now=NOW)
    claimed = claim_due(session, "w", limit=1, now=NOW)[0]
    check_now(session, service.id, actor=EDITOR, now=NOW + SECOND)
    found = Finding(service.id, claimed.claim, 1, NOW, up("fine", 1000))
    record(session, [found], now=NOW + SECOND)
    assert claim_due(session, "w", limit=1, now=NOW + SECOND)


def test_a_paused_service_is_not_checked_on_demand(session: Session) -> None:
    service = factories.service(session, "Port")
    pause(session, service.id, actor=EDITOR, now=NOW)
    with pytest.raises(Invalid, match="Port is paused; resume it first"):
        check_now(session, service.id, actor=EDITOR, now=NOW)


def test_pausing_ends_the_open_incident_and_resuming_starts_over(
    session: Session, host: Host
) -> None:
    fields = TCP | {"failures_to_down": 1}
    service = create_service(session, host.id, fields, actor=None, now=NOW)

    def fail(at: Any) -> None:
        claimed = claim_due(session, "w", limit=1, now=at)[0]
        found = Finding(service.id, claimed.claim, claimed.revision, at, down("refused"))
        record(session, [found], now=at)

    fail(NOW)
    pause(session, service.id, actor=EDITOR, now=NOW + MINUTE)
    state = state_of(session, service)
    assert (state.status, state.next_check_at) == (Status.PAUSED, None)
    incident = session.exec(select(Incident)).one()
    assert (incident.resolved_at, incident.duration_seconds) == (NOW + MINUTE, 60.0)

    resume(session, service.id, actor=EDITOR, now=NOW + 2 * MINUTE)
    state = state_of(session, service)
    assert (state.status, state.next_check_at) == (Status.UNKNOWN, NOW + 2 * MINUTE)
    fail(NOW + 2 * MINUTE)
    assert len(session.exec(select(Incident)).all()) == 2
    changes = session.exec(select(StatusChange).order_by(StatusChange.id)).all()  # type: ignore[arg-type]
    assert [change.to_status.value for change in changes] == ["down", "paused", "unknown", "down"]


def test_pausing_twice_is_the_same_as_once(session: Session) -> None:
    service = factories.service(session)
    pause(session, service.id, actor=None, now=NOW)
    pause(session, service.id, actor=None, now=NOW + MINUTE)
    assert state_of(session, service).since == NOW


def test_an_edit_can_pause(session: Session, host: Host) -> None:
    service = create_service(session, host.id, TCP, actor=None, now=NOW)
    update_service(session, service.id, TCP | {"paused": True}, actor=None, now=NOW)
    state = state_of(session, service)
    assert (state.status, state.next_check_at) == (Status.PAUSED, None)


@pytest.mark.parametrize("service_id", [999, 0, 10**30, "1", None])
def test_what_is_not_a_service_is_not_found(session: Session, service_id: Any) -> None:
    factories.service(session)
    for command in (check_now, pause, resume, delete_service):
        with pytest.raises(NotFound):
            command(session, service_id, actor=EDITOR, now=NOW)


def test_who_may_not_edit_there_changes_nothing(session: Session, host: Host) -> None:
    service = factories.service(session, host_id=host.id)
    elsewhere = Actor(3, "l@example.org", Role.EDITOR, frozenset({host.namespace_id + 1}))
    for actor in (VIEWER, elsewhere):
        who: dict[str, Any] = {"actor": actor, "now": NOW}
        for command in (check_now, pause, resume, delete_service):
            with pytest.raises((NotFound, PermissionDenied)):
                command(session, service.id, **who)
        with pytest.raises((NotFound, PermissionDenied)):
            create_service(session, host.id, TCP, **who)
        with pytest.raises((NotFound, PermissionDenied)):
            update_service(session, service.id, TCP, **who)


POSTGRES = {"name": "Database", "kind": "postgres", "config": {"user": "webmon"}}


@pytest.mark.parametrize("fields", [TCP, POSTGRES, {"name": "Shell", "kind": "ssh"}])
def test_what_looks_at_its_host_needs_the_hosts_address(
    session: Session, fields: dict[str, Any]
) -> None:
    nowhere = factories.host(session, "Nowhere", address="")
    with pytest.raises(Invalid) as refusal:
        create_service(session, nowhere.id, fields, actor=EDITOR, now=NOW)
    assert refusal.value.field == "kind"
    assert refusal.value.message == "needs the address of its host: give Nowhere an address first"
    page = create_service(session, nowhere.id, HTTP, actor=EDITOR, now=NOW)
    with pytest.raises(Invalid, match="needs the address of its host"):
        update_service(session, page.id, fields, actor=EDITOR, now=NOW)


@pytest.mark.parametrize(
    "fields",
    [
        HTTP,
        {"name": "Name", "kind": "dns", "config": {"name": "example.org"}},
        {"name": "Job", "kind": "heartbeat", "config": {"every": "1h"}},
        POSTGRES | {"config": {"user": "webmon", "host": "db.example.org"}},
        POSTGRES | {"config": {"dsn": "postgresql://webmon@db.example.org/data"}},
    ],
)
def test_what_knows_itself_where_to_look_needs_none(
    session: Session, fields: dict[str, Any]
) -> None:
    nowhere = factories.host(session, "Nowhere", address="")
    create_service(session, nowhere.id, fields, actor=EDITOR, now=NOW)


def test_a_pause_until_an_instant_ends_by_itself(session: Session, host: Host) -> None:
    service = create_service(session, host.id, TCP, actor=None, now=NOW)
    pause(session, service.id, until_at=NOW + 2 * MINUTE, actor=EDITOR, now=NOW)
    paused_at = service.revision
    assert resume_over(session, now=NOW + MINUTE) == 0
    assert state_of(session, service).next_check_at is None
    assert resume_over(session, now=NOW + 2 * MINUTE) == 1
    state = state_of(session, service)
    assert (state.status, state.next_check_at) == (Status.UNKNOWN, NOW + 2 * MINUTE)
    assert (service.paused, service.paused_until) == (False, None)
    assert service.revision == paused_at + 1
    assert resume_over(session, now=NOW + 3 * MINUTE) == 0


@pytest.mark.parametrize("end", ["resume", "update"])
def test_a_pause_that_was_ended_by_somebody_leaves_no_instant(
    session: Session, host: Host, end: str
) -> None:
    service = create_service(session, host.id, TCP, actor=None, now=NOW)
    pause(session, service.id, until_at=NOW + MINUTE, actor=EDITOR, now=NOW)
    if end == "resume":
        resume(session, service.id, actor=EDITOR, now=NOW)
    else:
        update_service(session, service.id, TCP, actor=EDITOR, now=NOW)
    pause(session, service.id, actor=EDITOR, now=NOW)
    assert resume_over(session, now=NOW + 2 * MINUTE) == 0
    assert state_of(session, service).status is Status.PAUSED


def test_a_pause_ends_in_the_future_within_a_year(session: Session, host: Host) -> None:
    service = create_service(session, host.id, TCP, actor=None, now=NOW)
    for until_at in (NOW, NOW + 400 * 24 * 60 * MINUTE):
        with pytest.raises(Invalid, match="until_at: must lie in the future"):
            pause(session, service.id, until_at=until_at, actor=EDITOR, now=NOW)
    assert not service.paused
