"""What is tried before it is saved: judged as if it were saved, and nothing of it is."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import MINUTE, NOW
from tests.probes.test_registry import smallest
from webmon import crypto
from webmon.commands import trials
from webmon.commands.inventory.hosts import create_host
from webmon.commands.inventory.services import create_service
from webmon.commands.inventory.trials import DEFINITION, try_service
from webmon.commands.notifications.trials import try_channel
from webmon.commands.validation import KEEP
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import (
    Activity,
    Channel,
    Heartbeat,
    Host,
    Incident,
    Notification,
    Service,
    ServiceState,
    StatusChange,
    Trial,
)
from webmon.probes import PROBES
from webmon.queries.inventory.definitions import definition_of

ADMIN = Actor(1, "a@example.org", Role.ADMIN)
WHO: dict[str, Any] = {"actor": None, "now": NOW}
SSH = {"user": "webmon", "password": "s3cret"}
STORED = (Activity, Service, ServiceState, Heartbeat, StatusChange, Incident, Notification, Channel)


@pytest.fixture
def host(session: Session) -> Host:
    namespace = factories.namespace(session)
    fields = {"name": "Datastore", "namespace_id": namespace.id, "address": "192.0.2.7"}
    return create_host(session, fields | {"ssh": SSH}, **WHO)


def everything(session: Session) -> list[Any]:
    session.expire_all()
    return [[row.model_dump() for row in session.exec(select(model))] for model in STORED]


def defined(session: Session) -> dict[str, Any]:
    [taken] = trials.take(session, most=8, now=NOW)
    definition: dict[str, Any] = crypto.unseal(taken.definition)
    return definition


@pytest.mark.parametrize("kind", PROBES)
def test_what_is_tried_is_what_would_be_looked_at_after_saving(
    session: Session, host: Host, kind: str
) -> None:
    fields = {"kind": kind, "config": dict(smallest(kind)), "timeout_seconds": 3.0}
    before = everything(session)
    try_service(session, row_id=0, parent_id=host.id, fields={**fields, "name": "x"}, **WHO)
    assert everything(session) == before
    tried = defined(session)
    saved = create_service(session, host.id, {**fields, "name": "x"}, **WHO)
    wanted = crypto.unseal(DEFINITION.dump_python(definition_of(session, saved), mode="json"))
    assert len(tried.pop("name")) and wanted.pop("name") == "x"
    tried.pop("report_to"), wanted.pop("report_to")
    assert tried == wanted


def test_a_stored_secret_counts_and_the_service_stays_as_it_is(
    session: Session, host: Host
) -> None:
    config = {"url": "http://192.0.2.7/", "basic_auth": "anna:s3cret"}
    fields = {"name": "Website", "kind": "http", "config": config}
    service = create_service(session, host.id, fields, **WHO)
    before = everything(session)
    typed = {**fields, "paused": True, "config": config | {"basic_auth": KEEP, "contains": "ok"}}
    try_service(session, row_id=service.id, parent_id=host.id, fields=typed, **WHO)
    assert everything(session) == before
    assert "s3cret" not in json.dumps(session.exec(select(Trial.definition)).one())
    assert defined(session)["config"] == config | {"contains": "ok"}


def test_what_may_not_be_saved_is_not_tried(session: Session, host: Host) -> None:
    namespace_id = host.namespace_id
    limited = Actor(1, "e@example.org", Role.EDITOR, frozenset({namespace_id}))
    stranger = Actor(1, "s@example.org", Role.EDITOR, frozenset({namespace_id + 1}))
    fields = {"name": "", "kind": "http", "config": {"url": "http://127.0.0.1/"}}
    for actor, error in ((limited, Invalid), (stranger, NotFound)):
        with pytest.raises(error):
            try_service(session, row_id=0, parent_id=host.id, fields=fields, actor=actor, now=NOW)
    with pytest.raises(Invalid, match="url"):
        try_service(session, row_id=0, parent_id=host.id, fields=fields | {"config": {}}, **WHO)
    channel = {"kind": "slack", "config": {"webhook_url": "https://a.example"}}
    with pytest.raises(PermissionDenied):
        try_channel(session, row_id=0, fields=channel, actor=limited, now=NOW)
    assert session.exec(select(Trial)).all() == []


def test_a_trial_is_taken_once_and_its_settings_go(session: Session, host: Host) -> None:
    channel = {"kind": "webhook", "config": {"url": "https://a.example/", "secret": "s3cret"}}
    before = everything(session)
    trial_id = try_channel(session, row_id=0, fields=channel, **WHO)
    assert everything(session)[1:] == before[1:], "but for the note that a test was sent"
    [taken] = trials.take(session, most=8, now=NOW)
    assert crypto.unseal(taken.definition)["config"] == channel["config"]
    assert trials.take(session, most=8, now=NOW) == []
    session.expire_all()
    assert session.get_one(Trial, trial_id).definition is None
    trials.answer(session, trial_id, {"status": "up", "message": "The test was sent."})
    trials.take(session, most=0, now=NOW + trials.KEPT - timedelta(seconds=1))
    session.expire_all()
    assert session.get_one(Trial, trial_id).outcome
    trials.take(session, most=0, now=NOW + trials.KEPT)
    assert session.exec(select(Trial)).all() == []


def test_who_tries_again_no_longer_waits_for_the_first(session: Session, host: Host) -> None:
    user = factories.user(session, "a@example.org")
    actor = Actor(user.id, user.email, Role.ADMIN)
    fields = {"kind": "tcp", "config": {"port": 80}}
    for port in (80, 81):
        fields = {"kind": "tcp", "config": {"port": port}}
        try_service(session, row_id=0, parent_id=host.id, fields=fields, actor=actor, now=NOW)
    assert defined(session)["config"] == {"port": 81}


def test_what_no_worker_took_goes_too(session: Session, host: Host) -> None:
    fields = {"kind": "tcp", "config": {"port": 80}}
    try_service(session, row_id=0, parent_id=host.id, fields=fields, **WHO)
    assert trials.take(session, most=8, now=NOW + 10 * MINUTE) == []
    assert session.exec(select(Trial)).all() == []
