"""What somebody finds by typing, of what they may see and do."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from tests import factories
from tests.clock import NOW
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.models import Incident
from webmon.queries.inventory.finding import MOST_FOUND, find

ADMIN = Actor(1, "a@example.org", Role.ADMIN)


def names(session: Session, text: str, actor: Actor = ADMIN) -> list[str]:
    return [each.name for each in find(session, text, actor=actor)]


@pytest.fixture
def spaces(session: Session) -> dict[str, int]:
    """Two namespaces with a host each; the web page of IATI's is down."""
    ids = {}
    for slug, host_name, status in (("iati", "Datastore", "down"), ("di", "Data Hub", "up")):
        space = factories.namespace(session, slug)
        host = factories.host(session, host_name, namespace_id=space.id, address=f"{slug}.example")
        web = factories.service(session, "Website", host_id=host.id, status=Status(status))
        factories.service(session, "Nightly import", host_id=host.id, status=Status.PAUSED)
        ids |= {slug: space.id, f"{slug} host": host.id, f"{slug} web": web.id}
    session.add(Incident(service_id=ids["iati web"], opened_at=NOW, message="refused"))
    session.flush()
    return ids


def test_hosts_come_before_services_and_open_incidents(
    session: Session, spaces: dict[str, int]
) -> None:
    found = find(session, "data", actor=ADMIN)
    assert [(each.kind, each.name) for each in found] == [
        ("host", "Data Hub"),
        ("host", "Datastore"),
        ("incident", "Datastore / Website"),
    ]
    assert [each.status for each in found] == ["up", "down", "down"]
    assert found[1].address == f"/host/?id={spaces['iati host']}"


def test_several_words_name_a_service_of_a_host(session: Session, spaces: dict[str, int]) -> None:
    found = find(session, "  WEB datastore ", actor=ADMIN)
    assert [(each.kind, each.name, each.detail) for each in found] == [
        ("service", "Website", "Datastore · IATI"),
        ("incident", "Datastore / Website", "refused"),
    ]
    assert found[0].address == f"/service/?id={spaces['iati web']}"
    assert names(session, "di.example") == ["Data Hub"]
    assert names(session, "%") == names(session, "nothing\0of this") == []


def test_without_a_text_there_is_what_is_open_and_what_can_be_begun(
    session: Session, spaces: dict[str, int]
) -> None:
    found = names(session, "")
    assert found[:2] == ["Datastore / Website", "Add a site, by its URL"]
    assert {"Plan downtime", "Add a channel", "Invite a user", "Your profile"} <= set(found)
    assert names(session, "", Actor(1, "v@example.org", Role.VIEWER)) == [
        "Datastore / Website",
        "Your profile",
    ]


def test_a_verb_is_offered_for_what_it_can_be_done_with(
    session: Session, spaces: dict[str, int]
) -> None:
    pauses = ["Pause Data Hub / Website", "Pause Datastore / Website"]
    assert names(session, "pause website") == names(session, "pau data") == pauses
    assert names(session, "plan downtime for datast")[0] == "Plan downtime for Datastore"
    muted = find(session, "mute", actor=ADMIN)
    assert muted[0].address == f"/host/?id={spaces['di host']}#mute-reason"
    assert names(session, "pause website", Actor(1, "v@example.org", Role.VIEWER)) == []


def test_nothing_of_another_namespace_is_found(session: Session, spaces: dict[str, int]) -> None:
    editor = Actor(1, "e@example.org", Role.EDITOR, frozenset({spaces["di"]}))
    for text in ("data", "website", "refused", "iati", "mute", "pause", ""):
        assert not [each for each in names(session, text, editor) if "Datastore" in each], text
    assert "Add a namespace" not in names(session, "", editor)
    assert names(session, "data", editor) == ["Data Hub"]


def test_no_more_is_found_than_somebody_reads(session: Session) -> None:
    space = factories.namespace(session, "many").id
    for number in range(MOST_FOUND + 5):
        host = factories.host(session, f"Many {number:02}", namespace_id=space)
        service = factories.service(session, "Many ports", host_id=host.id)
        at = NOW - timedelta(minutes=number)
        session.add(Incident(service_id=service.id, opened_at=at, message="Many"))
    session.flush()
    assert len(names(session, "many")) == len(names(session, "mute many")) == MOST_FOUND
