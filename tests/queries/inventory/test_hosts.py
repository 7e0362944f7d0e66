"""The admin app's list: what is wrong stands first, and everybody sees only what is theirs."""

import pytest
from sqlalchemy import event
from sqlmodel import Session

from tests import factories
from tests.clock import MINUTE, NOW, SECOND
from webmon import db
from webmon.commands.checks import workers
from webmon.commands.checks.connectivity import note_offline, note_online
from webmon.commands.inventory.services import create_service
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import NotFound, PermissionDenied
from webmon.models import Heartbeat, ServiceState, StatusChange, Worker
from webmon.queries.inventory.deletions import deletion
from webmon.queries.inventory.evidence import FactView, PairView
from webmon.queries.inventory.host_choice import Choice
from webmon.queries.inventory.host_rows import Opened
from webmon.queries.inventory.host_views import HostsView
from webmon.queries.inventory.hosts import admin_hosts
from webmon.queries.inventory.services import service_detail, service_form

ADMIN = Actor(1, "a@example.org", Role.ADMIN)
EDITOR = Actor(4, "e@example.org", Role.EDITOR)
VIEWER = Actor(2, "v@example.org", Role.VIEWER)


def names(view: HostsView) -> list[str]:
    return [host.name for host in view.hosts]


def host_with(session: Session, name: str, *statuses: Status) -> int:
    host = factories.host(session, name)
    for number, status in enumerate(statuses):
        factories.service(session, f"Service {number}", host_id=host.id, status=status)
    return host.id


def test_what_is_wrong_stands_first(session: Session) -> None:
    host_with(session, "Paused", Status.PAUSED)
    host_with(session, "Fine", Status.UP)
    host_with(session, "New", Status.UNKNOWN)
    host_with(session, "Empty")
    host_with(session, "Slow", Status.UP, Status.DEGRADED)
    host_with(session, "Broken", Status.UP, Status.DOWN)
    view = admin_hosts(session, ADMIN, now=NOW)
    assert names(view) == ["Broken", "Slow", "Empty", "New", "Fine", "Paused"]
    assert [service.status for service in view.hosts[0].services] == ["down", "up"]
    assert view.summary.headline == "1 down, 1 in difficulties, 3 up"


def test_while_somebody_edits_the_hosts_stay_in_place(session: Session) -> None:
    fine, broken = host_with(session, "Fine", Status.UP), host_with(session, "Broken", Status.DOWN)
    gone = 999
    view = admin_hosts(session, ADMIN, opened=Opened((fine, gone, broken)), now=NOW)
    assert names(view) == ["Fine", "Broken"]


def test_the_list_is_paged_and_a_page_beyond_the_end_is_the_last(session: Session) -> None:
    for number in range(26):
        host_with(session, f"Host {number:02}", Status.UP)
    first, last = (admin_hosts(session, ADMIN, page=page, now=NOW) for page in (1, 99))
    assert (len(first.hosts), len(last.hosts)) == (25, 1)
    assert (last.summary.page, last.summary.pages, last.summary.found) == (2, 2, 26)


@pytest.mark.parametrize(
    ("search", "found"),
    [("DATA", ["Datastore"]), ("10.0", ["Datastore"]), ("shell", ["Registry"]), ("%", []), ("", 2)],
)
def test_names_and_addresses_are_searched(
    session: Session, search: str, found: list[str] | int
) -> None:
    datastore = factories.host(session, "Datastore", address="10.0.0.7")
    registry = factories.host(session, "Registry", address="registry.example.org")
    factories.service(session, "Website", host_id=datastore.id)
    factories.service(session, "Shell", host_id=registry.id)
    result = names(admin_hosts(session, ADMIN, choice=Choice(search=search), now=NOW))
    assert result == found or len(result) == found


def test_who_is_limited_sees_their_own_namespaces_only(session: Session) -> None:
    own = factories.host(session, "Own")
    foreign = factories.host(session, "Foreign")
    service = factories.service(session, host_id=foreign.id, status=Status.DOWN)
    limited = Actor(3, "l@example.org", Role.EDITOR, frozenset({own.namespace_id}))
    view = admin_hosts(session, limited, opened=Opened((own.id, foreign.id)), now=NOW)
    assert names(view) == ["Own"]
    assert [each.slug for each in view.namespaces] == ["ns-own"]
    assert view.summary.headline == "Nothing is watched yet"
    with pytest.raises(NotFound):
        service_detail(session, service.id, actor=limited, now=NOW)
    with pytest.raises(NotFound):
        service_form(session, service.id, actor=limited)
    with pytest.raises(NotFound):
        deletion(session, "host", foreign.id, actor=limited)


def test_one_namespace_can_be_chosen(session: Session) -> None:
    factories.host(session, "One")
    factories.host(session, "Two")
    assert names(admin_hosts(session, ADMIN, choice=Choice(namespace="ns-two"), now=NOW)) == ["Two"]


def test_a_check_that_was_asked_for_is_awaited_until_its_result_is_there(session: Session) -> None:
    service = factories.service(session, last_checked_at=NOW)
    for asked_at, waiting in [(NOW - SECOND, False), (NOW + SECOND, True)]:
        view = admin_hosts(
            session, ADMIN, opened=Opened(asked={service.id: asked_at}), now=NOW + MINUTE
        )
        assert view.hosts[0].services[0].asked is waiting


def test_it_is_said_when_nobody_checks(session: Session) -> None:
    never = admin_hosts(session, ADMIN, now=NOW).summary
    assert (never.worker_silent, never.silent_since) == (True, "")
    session.add(Worker(id="w", started_at=NOW, ticked_at=NOW))
    session.flush()
    ticking = admin_hosts(session, ADMIN, now=NOW + SECOND).summary
    assert (ticking.worker_silent, ticking.silent_since) == (False, "")
    silent = admin_hosts(session, ADMIN, now=NOW + MINUTE).summary
    assert (silent.worker_silent, silent.silent_since) == (True, NOW.isoformat())


def test_a_worker_that_has_ended_was_there_until_the_last_check(session: Session) -> None:
    factories.service(session, last_checked_at=NOW)
    assert admin_hosts(session, ADMIN, now=NOW + MINUTE).summary.silent_since == NOW.isoformat()


def test_it_is_said_since_when_the_monitor_itself_is_offline(session: Session) -> None:
    workers.tick(session, "w", now=NOW)
    note_offline(session, "w", since=NOW)
    assert admin_hosts(session, ADMIN, now=NOW).summary.offline_since == NOW.isoformat()
    assert admin_hosts(session, ADMIN, now=NOW + MINUTE).summary.offline_since == "", "nobody works"
    note_online(session, "w", now=NOW + MINUTE)
    workers.tick(session, "w", now=NOW + MINUTE)
    assert admin_hosts(session, ADMIN, now=NOW + MINUTE).summary.offline_since == ""


def test_the_number_of_statements_does_not_grow_with_the_list(
    database: db.Database, session: Session
) -> None:
    statements: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    lengths = []
    for number in range(3):
        host_with(session, f"Host {number}", Status.UP, Status.DOWN)
        statements.clear()
        admin_hosts(session, ADMIN, now=NOW)
        lengths.append(len(statements))
    assert len(set(lengths)) == 1


def test_the_detail_shows_phases_evidence_and_changes(session: Session) -> None:
    phases = {"dns_us": None, "connect_us": 1000, "tls_us": 2000, "first_byte_us": 5000}
    evidence = {"phases": phases, "status_code": 200, "url": "http://e.org/", "total_ms": 10}
    certificate = {"days_left": 30, "issuer": "CA"}
    service = factories.service(
        session,
        response_us=10_000,
        message="200 OK",
        last_checked_at=NOW,
        evidence=evidence | {"certificate": certificate, "truncated": False},
    )
    session.add(
        StatusChange(
            service_id=service.id,
            at=NOW,
            decided_at=NOW,
            from_status=Status.UP,
            to_status=Status.DEGRADED,
            message="slow",
        )
    )
    session.flush()
    detail = service_detail(session, service.id, actor=VIEWER, now=NOW)
    assert [(each.name, each.taken, each.share) for each in detail.phases] == [
        ("Connect", "1.0 ms", 10.0),
        ("TLS", "2.0 ms", 20.0),
        ("First byte", "5.0 ms", 50.0),
        ("Rest", "2.0 ms", 20.0),
    ]
    assert detail.facts == (
        FactView("Status code", "200"),
        FactView("URL", "http://e.org/"),
        FactView("Certificate", rows=(PairView("Days left", "30"), PairView("Issuer", "CA"))),
    )
    assert [(each.word, each.message) for each in detail.changes] == [("difficulties", "slow")]


def test_the_form_of_a_service_holds_no_secret(session: Session) -> None:
    config = {"url": "https://e.org/", "basic_auth": "a:geheim", "headers": {"X-Key": "geheim2"}}
    service = factories.service(session, kind="http", config=config)
    form = service_form(session, service.id, actor=ADMIN)
    assert form.secrets == {"basic_auth", "headers.X-Key"}
    assert "geheim" not in str(form)


def test_a_viewer_gets_no_form(session: Session) -> None:
    service = factories.service(session)
    with pytest.raises(PermissionDenied, match="only an editor"):
        service_form(session, service.id, actor=VIEWER)


@pytest.mark.parametrize("row_id", [0, 999, "1", None, 10**30])
def test_what_does_not_exist_is_not_found(session: Session, row_id: object) -> None:
    for thing in ("namespace", "host", "service", "channel"):
        with pytest.raises(NotFound):
            deletion(session, thing, row_id, actor=ADMIN)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        service_detail(session, row_id, actor=ADMIN, now=NOW)  # type: ignore[arg-type]


def test_the_question_says_what_goes(session: Session) -> None:
    host = factories.host(session, "Datastore")
    for name in ("Website", "Shell", "Database"):
        service = factories.service(session, name, host_id=host.id)
    asked = {
        thing: deletion(session, thing, row_id, actor=ADMIN).question
        for thing, row_id in [
            ("namespace", host.namespace_id),
            ("host", host.id),
            ("service", service.id),
        ]
    }
    assert asked == {
        "namespace": "Delete NS-DATASTORE with its host and the history?",
        "host": "Delete Datastore with 3 services and their history?",
        "service": "Delete Database of Datastore and its history?",
    }


def test_the_question_names_the_channels_that_go(session: Session) -> None:
    host = factories.host(session, "Datastore")
    channel = factories.channel(session, namespace_id=host.namespace_id)
    asked = deletion(session, "namespace", host.namespace_id, actor=ADMIN).question
    assert asked == "Delete NS-DATASTORE with its host, its channel and their history?"
    asked = deletion(session, "channel", channel.id, actor=ADMIN).question
    assert asked == "Delete the channel ops and its messages?"


EVERY = {"every": "10m"}
NIGHTLY = {"schedule": "0 2 * * *", "timezone": "Europe/London", "grace": "30m"}


@pytest.mark.parametrize(
    ("kind", "config", "plan"),
    [
        ("tcp", {"port": 80}, "every 1 min"),
        ("heartbeat", EVERY, "every 10 min"),
        ("heartbeat", NIGHTLY, "0 2 * * * Europe/London, grace 30 min"),
        ("heartbeat", {"schedule": "@daily"}, "@daily UTC, grace 5 min"),
    ],
)
def test_the_row_says_when_something_is_expected(
    session: Session, kind: str, config: dict[str, str], plan: str
) -> None:
    factories.service(session, kind=kind, config=config, interval_seconds=60)
    assert admin_hosts(session, ADMIN, now=NOW).hosts[0].services[0].plan == plan


def heartbeat(session: Session) -> int:
    fields = {"name": "Import", "kind": "heartbeat", "config": EVERY}
    return create_service(session, factories.host(session).id, fields, actor=None, now=NOW).id


def test_a_job_that_reports_is_shown_with_the_time_of_its_report(session: Session) -> None:
    service_id = heartbeat(session)
    state = session.get_one(ServiceState, service_id)
    state.last_checked_at = NOW + MINUTE
    (view,) = admin_hosts(session, ADMIN, now=NOW).hosts[0].services
    assert (view.receives, view.checked_at) == (True, "")
    assert view.word == "waiting for the first heartbeat"
    session.get_one(Heartbeat, service_id).last_at = NOW
    session.flush()
    (view,) = admin_hosts(session, ADMIN, now=NOW).hosts[0].services
    assert view.checked_at == NOW.isoformat()


def test_only_who_may_change_a_service_sees_where_its_job_reports(session: Session) -> None:
    service_id = heartbeat(session)
    for actor, sees in [(VIEWER, False), (EDITOR, True), (ADMIN, True)]:
        detail = service_detail(session, service_id, actor=actor, now=NOW)
        assert ("/api/v1/heartbeats/" in detail.report_url) is sees
    other = factories.service(session)
    assert service_detail(session, other.id, actor=ADMIN, now=NOW).report_url == ""


def test_the_limits_of_a_machine_decide_how_its_bars_look(session: Session) -> None:
    disks = [{"mount": "/", "used_percent": 85.0, "free_bytes": 10**9, "inodes_percent": None}]
    for config, status in [({}, "degraded"), ({"disk_warn_percent": 90}, "")]:
        service = factories.service(
            session, f"{config}", kind="host_metrics", config=config, evidence={"disks": disks}
        )
        (bar,) = service_detail(session, service.id, actor=VIEWER, now=NOW).bars
        assert (bar.name, bar.used, bar.note, bar.status) == ("/", "85 %", "1.0 GB free", status)
