"""Two people edit one thing: the second is told, and nothing is overwritten."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import Session

from tests import factories
from tests.clock import NOW
from webmon.commands.inventory.hosts import create_host, update_host
from webmon.commands.inventory.namespaces import create_namespace, update_namespace
from webmon.commands.inventory.services import create_service, update_service
from webmon.commands.notifications.channels import create_channel, update_channel
from webmon.commands.validation import KEEP
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Conflict

WHO: dict[str, Any] = {"actor": Actor(1, "a@example.org", Role.ADMIN), "now": NOW}
HOOK = {"url": "http://a.example/hook", "secret": "s3cret"}
KEPT = {"url": KEEP, "secret": KEEP}


@dataclass
class Case:
    """A stored thing, how it is saved, and two edits that differ from what is stored."""

    row: Any
    save: Callable[..., Any]
    fields: dict[str, Any]
    first: dict[str, Any]
    second: dict[str, Any]
    differs: list[str]

    def edit(self, session: Session, revision: int | None, **changes: Any) -> Any:
        return self.save(session, self.row.id, self.fields | changes, **WHO, revision=revision)


@pytest.fixture(params=["host", "namespace", "channel", "service"])
def case(request: pytest.FixtureRequest, session: Session) -> Case:
    fields: dict[str, Any]
    if request.param == "namespace":
        fields = {"slug": "iati", "name": "IATI", "timezone": "UTC"}
        row: Any = create_namespace(session, fields, **WHO)
        first, second = {"timezone": "Europe/London"}, {"name": "Aid"}
        return Case(row, update_namespace, fields, first, second, ["name", "timezone"])
    if request.param == "channel":
        fields = {"name": "ops", "kind": "webhook", "config": HOOK}
        row = create_channel(session, fields, **WHO)
        fields = fields | {"config": KEPT}
        first, second = {"events": ["down"]}, {"name": "other"}
        return Case(row, update_channel, fields, first, second, ["name", "events"])
    namespace = factories.namespace(session)
    fields = {"name": "Datastore", "namespace_id": namespace.id, "address": "a.example"}
    row = create_host(session, fields, **WHO)
    if request.param == "host":
        first, second = {"public": False}, {"address": "b.example"}
        return Case(row, update_host, fields, first, second, ["address", "public"])
    host, fields = row, {"name": "Port", "kind": "tcp", "config": {"port": 80}}
    row = create_service(session, host.id, fields, **WHO)
    first, second = {"critical": True}, {"config": {"port": 81}}
    return Case(row, update_service, fields, first, second, ["config", "critical"])


def test_the_second_is_told_what_it_would_undo(session: Session, case: Case) -> None:
    opened = case.row.revision
    case.edit(session, opened, **case.first)
    assert case.row.revision == opened + 1
    with pytest.raises(Conflict, match="someone else changed this") as refusal:
        case.edit(session, opened, **case.second)
    assert refusal.value.fields == case.differs
    for name, value in case.first.items():
        assert getattr(case.row, name) == value
    case.edit(session, opened + 1, **case.first, **case.second)


def test_the_same_save_may_come_twice(session: Session, case: Case) -> None:
    opened = case.row.revision
    case.edit(session, opened, **case.first)
    case.edit(session, opened, **case.first)


def test_who_says_no_revision_overwrites(session: Session, case: Case) -> None:
    case.edit(session, None, **case.first)
    case.edit(session, None, **case.second)


def test_a_save_that_changes_nothing_is_no_edit(session: Session, case: Case) -> None:
    opened = case.row.revision
    case.edit(session, opened)
    grown = case.save is update_service  # its revision also says which outcomes count
    assert case.row.revision == opened + grown
