"""Hosts that are reached over SSH: who logs in, which key they are known by, when they are due."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import zip_longest

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from tests.probes.ssh_servers import CLIENT_KEY, new_key
from webmon import crypto
from webmon.commands.checks import backlog
from webmon.commands.checks.record import OVER_SSH, Finding, claim_due, record
from webmon.commands.config_file.apply import apply_file
from webmon.commands.inventory.hosts import accept_host_key, create_host, update_host
from webmon.commands.inventory.services import KEEP
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import FileError, Invalid, NotFound, PermissionDenied
from webmon.models import Host, Service, ServiceState
from webmon.probes.base import Outcome
from webmon.probes.host_key import HostKey

ADMIN = Actor(1, "a@example.org", Role.ADMIN)
EDITOR = Actor(2, "e@example.org", Role.EDITOR)
SSH = {"user": "webmon", "private_key": CLIENT_KEY}
FIRST, SECOND = (HostKey(22, "ssh-ed25519", key) for key in ("AAAA", "BBBB"))


def fields(row: Host, **changes: object) -> dict[str, object]:
    same = {"name": row.name, "namespace_id": row.namespace_id, "address": row.address}
    return same | changes


@pytest.fixture
def host(session: Session) -> Host:
    return factories.host(session)


@pytest.fixture
def services(session: Session, host: Host) -> list[Service]:
    shell = factories.service(session, "Shell", host_id=host.id, kind="ssh", config={})
    machine = factories.service(session, "Machine", host_id=host.id, kind="host_metrics", config={})
    website = factories.service(session, "Website", host_id=host.id)
    return [shell, machine, website]


# --- access


@pytest.mark.parametrize(
    "change",
    [
        {"address": "elsewhere.example"},
        {"ssh": {"user": "webmon", "password": KEEP, "port": 2222}},
    ],
)
def test_a_stored_password_is_not_sent_to_a_server_that_nobody_knows(
    session: Session, host: Host, change: dict[str, object]
) -> None:
    with_password = {"user": "webmon", "password": "hush"}
    update_host(session, host.id, fields(host, ssh=with_password), actor=EDITOR, now=NOW)
    session.commit()
    with pytest.raises(Invalid, match=r"ssh\.password: type it again"):
        update_host(session, host.id, fields(host, **change), actor=EDITOR, now=NOW)
    session.rollback()
    host.host_keys = {"22": {"key": "x"}, "2222": {"key": "x"}}
    update_host(session, host.id, fields(host, **change), actor=EDITOR, now=NOW)


def test_access_is_stored_without_readable_secrets(session: Session) -> None:
    namespace = factories.namespace(session)
    wanted = {"name": "x", "namespace_id": namespace.id, "ssh": SSH | {"password": "hush"}}
    host = create_host(session, wanted, actor=EDITOR, now=NOW)
    assert "hush" not in str(host.ssh) and "PRIVATE" not in str(host.ssh)
    assert crypto.unseal(host.ssh) == SSH | {"password": "hush"}


@pytest.mark.parametrize(
    ("ssh", "field", "reason"),
    [
        ({"user": "webmon"}, "ssh.password", "is required where no private_key is given"),
        ({"user": "webmon", "private_key": "no"}, "ssh.private_key", "the text of a private key"),
        ({"user": "webmon", "password": "x", "port": 0}, "ssh.port", "must be 1 or more"),
        ({"password": "x"}, "ssh.user", "is required"),
        ({"user": "w", "pasword": "x"}, "ssh.pasword", "is not known here"),
    ],
)
def test_access_that_cannot_work_is_refused(
    session: Session, host: Host, ssh: dict[str, object], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        update_host(session, host.id, fields(host, ssh=ssh), actor=None, now=NOW)
    assert (refusal.value.field, reason in refusal.value.message) == (field, True)


def test_access_stays_where_it_is_not_mentioned_and_secrets_that_are_kept_stay(
    session: Session, host: Host
) -> None:
    update_host(session, host.id, fields(host, ssh=SSH), actor=None, now=NOW)
    update_host(session, host.id, fields(host, public=False), actor=None, now=NOW)
    assert crypto.unseal(host.ssh) == SSH
    kept = {"user": "other", "private_key": KEEP, "password": KEEP, "passphrase": KEEP}
    update_host(session, host.id, fields(host, ssh=kept), actor=None, now=NOW)
    assert crypto.unseal(host.ssh) == SSH | {"user": "other"}
    update_host(session, host.id, fields(host, ssh=None), actor=None, now=NOW)
    assert host.ssh is None


def test_another_way_to_the_host_makes_older_findings_worthless(
    session: Session, host: Host, services: list[Service]
) -> None:
    def revisions() -> set[int]:
        return set(session.exec(select(Service.revision).where(Service.host_id == host.id)))

    update_host(session, host.id, fields(host, ssh=SSH), actor=None, now=NOW)
    assert revisions() == {2}
    update_host(session, host.id, fields(host, ssh=SSH, name="Renamed"), actor=None, now=NOW)
    assert (revisions(), host.name) == ({2}, "Renamed")
    update_host(session, host.id, fields(host, address="10.0.0.9"), actor=None, now=NOW + MINUTE)
    assert (revisions(), host.address) == ({3}, "10.0.0.9")
    due = session.exec(select(ServiceState.next_check_at)).all()
    assert set(due) == {NOW + MINUTE}


def test_a_paused_service_stays_paused(session: Session, host: Host) -> None:
    paused = factories.service(session, host_id=host.id, paused=True, next_check_at=None)
    update_host(session, host.id, fields(host, address="10.0.0.9"), actor=None, now=NOW)
    assert session.get_one(ServiceState, paused.id).next_check_at is None


# --- host keys


def look(session: Session, *keys: HostKey | None, at: datetime = NOW) -> None:
    """Claim what is due and find it up, the first ones having shown these keys."""
    due = sorted(claim_due(session, "w", limit=10, now=at))
    found = [
        Finding(
            each.service_id, each.claim, each.revision, at, Outcome(Status.UP, "", 1, host_key=key)
        )
        for each, key in zip_longest(due, keys)
    ]
    record(session, found, now=at)
    session.expire_all()


def test_the_first_key_is_pinned_and_stays(
    session: Session, host: Host, services: list[Service]
) -> None:
    look(session, FIRST, SECOND, None)
    expected = {
        "22": {
            "type": "ssh-ed25519",
            "key": "AAAA",
            "fingerprint": FIRST.fingerprint,
            "first_seen_at": "2026-11-23T10:00:00+00:00",
        }
    }
    assert host.host_keys == expected
    look(session, replace(SECOND, port=2222), SECOND, at=NOW + HOUR)
    assert host.host_keys is not None
    assert host.host_keys["22"] == expected["22"]
    assert host.host_keys["2222"]["key"] == "BBBB"


def test_what_was_seen_before_an_edit_is_not_pinned(
    session: Session, host: Host, services: list[Service]
) -> None:
    due = claim_due(session, "w", limit=10, now=NOW)
    update_host(session, host.id, fields(host, address="10.0.0.9"), actor=None, now=NOW)
    outcome = Outcome(Status.UP, "", 1, host_key=FIRST)
    found = [Finding(each.service_id, each.claim, each.revision, NOW, outcome) for each in due]
    record(session, found, now=NOW)
    session.expire_all()
    assert host.host_keys is None


def test_the_probe_is_told_how_the_host_is_reached_and_others_are_not(
    session: Session, host: Host, services: list[Service]
) -> None:
    update_host(session, host.id, fields(host, ssh=SSH), actor=None, now=NOW)
    look(session, FIRST)
    told = {each.kind: each for each in claim_due(session, "w", limit=10, now=NOW + HOUR)}
    assert crypto.unseal(told["host_metrics"].ssh) == SSH
    assert told["ssh"].host_keys["22"]["key"] == "AAAA"
    assert (told["tcp"].ssh, told["tcp"].host_keys) == (None, None)


def test_an_admin_accepts_the_key_that_was_shown(
    session: Session, host: Host, services: list[Service]
) -> None:
    look(session, FIRST)
    later = NOW + timedelta(seconds=1)
    key = "ecdsa-sha2-nistp256", SECOND.fingerprint
    with pytest.raises(PermissionDenied, match="only an admin"):
        accept_host_key(session, host.id, 22, *key, actor=EDITOR, now=later)
    with pytest.raises(NotFound, match="at port 2222"):
        accept_host_key(session, host.id, 2222, *key, actor=ADMIN, now=later)
    accept_host_key(session, host.id, 22, *key, actor=ADMIN, now=later)
    session.expire_all()
    assert host.host_keys == {
        "22": {
            "type": "ecdsa-sha2-nistp256",
            "fingerprint": SECOND.fingerprint,
            "first_seen_at": "2026-11-23T10:00:01+00:00",
        }
    }
    shell, machine, website = (session.get_one(ServiceState, each.id) for each in services)
    assert shell.next_check_at == machine.next_check_at == later != website.next_check_at


def test_what_was_being_found_by_the_old_key_does_not_count(
    session: Session, host: Host, services: list[Service]
) -> None:
    look(session, FIRST)
    due = claim_due(session, "w", limit=10, now=NOW + HOUR)
    shown = SECOND.type, SECOND.fingerprint
    accept_host_key(session, host.id, 22, *shown, actor=ADMIN, now=NOW + HOUR)
    changed = Outcome(Status.DOWN, "host key changed")
    found = [Finding(each.service_id, each.claim, each.revision, NOW, changed) for each in due]
    record(session, found, now=NOW + HOUR)
    shell = session.get_one(ServiceState, services[0].id)
    session.refresh(shell)
    assert shell.last_status is Status.UP


# --- one connection for all: the same instant


def test_services_over_ssh_are_due_at_the_same_time(
    session: Session, host: Host, services: list[Service]
) -> None:
    look(session, None, None, None)
    shell, machine, website = (session.get_one(ServiceState, each.id) for each in services)
    assert shell.next_check_at == machine.next_check_at != website.next_check_at


def test_after_a_stop_they_are_spread_out_together(
    session: Session, services: list[Service]
) -> None:
    backlog.spread_backlog(session, now=NOW + HOUR)
    session.expire_all()
    shell, machine, website = (session.get_one(ServiceState, each.id) for each in services)
    assert shell.next_check_at == machine.next_check_at != website.next_check_at
    assert {"ssh", "host_metrics", "cron"} == OVER_SSH


# --- the file


FILE = """\
namespaces: [{{slug: iati, name: IATI}}]
hosts:
  - name: Datastore
    namespace: iati
    address: 10.0.0.7
    ssh: {{user: {user}, private_key: "${{file:{key}}}"{more}}}
    services: [{{name: Shell, kind: ssh}}]
"""


def test_the_file_says_how_a_host_is_reached(database: Database, tmp_path) -> None:
    key = tmp_path / "id_ed25519"
    key.write_text(CLIENT_KEY)
    file = tmp_path / "hosts.yaml"

    def apply(user: str = "webmon", more: str = "") -> list[str]:
        file.write_text(FILE.format(user=user, key=key, more=more))
        with database.write() as session:
            return apply_file(session, file, prune=False, now=NOW).lines

    assert "+ host Datastore (iati)" in apply()
    assert apply() == []
    assert apply(user="other", more=", port: 2222, password: hush") == [
        "~ host Datastore (iati): ssh.user webmon → other, ssh.port (default) → 2222, "
        "ssh.password changed"
    ]
    key.write_text(new_key())
    lines = apply(user="other", more=", port: 2222, password: hush")
    assert lines == ["~ host Datastore (iati): ssh.private_key changed"]
    with pytest.raises(FileError, match=r":6: hosts\[0\].ssh.port: must be 65535 or less"):
        apply(more=", port: 70000")
    file.write_text(
        "\n".join(each for each in file.read_text().split("\n") if "ssh: {" not in each)
    )
    with database.write() as session:
        assert apply_file(session, file, prune=False, now=NOW).lines[0].startswith("~ host")
        assert session.exec(select(Host.ssh)).one() is None
