"""Watching a site: its URL is enough."""

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import NOW
from webmon import crypto
from webmon.commands.inventory.watch_site import watch_site
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, PermissionDenied
from webmon.models import Host, Namespace, Service, ServiceState

EDITOR = Actor(1, "e@example.org", Role.EDITOR)


def test_on_an_empty_database_the_address_makes_all_that_is_needed(session: Session) -> None:
    host = watch_site(session, " www.example.org ", actor=EDITOR, now=NOW)
    assert (host.name, host.address) == ("example.org", "www.example.org")
    assert session.exec(select(Namespace.slug)).one() == "main"
    website = session.exec(select(Service).where(Service.name == "Website")).one()
    assert website.kind == "http"
    assert website.config == {"url": "https://www.example.org", "follow_redirects": True}
    assert host.public and website.critical
    assert session.get_one(ServiceState, website.id).next_check_at == NOW


def test_the_scheme_port_and_path_are_taken_as_given(session: Session) -> None:
    watch_site(session, "http://127.0.0.1:8080/status?x=1", actor=EDITOR, now=NOW)
    website = session.exec(select(Service)).one()
    assert crypto.unseal(website.config) == {
        "url": "http://127.0.0.1:8080/status",
        "query": "x=1",
        "follow_redirects": True,
    }


def test_the_certificate_is_that_of_the_sites_own_port(session: Session) -> None:
    watch_site(session, "127.0.0.1:8443", actor=EDITOR, now=NOW)
    watch_site(session, "example.org", actor=EDITOR, now=NOW)
    kept = session.exec(select(Service.config).where(Service.kind == "tls").order_by(Service.id))
    assert kept.all() == [{"port": 8443}, {}]


def test_another_page_of_the_same_site_gets_a_name_of_its_own(session: Session) -> None:
    pages = ("example.org", "example.org/data", "http://www.example.org")
    names = [watch_site(session, page, actor=None, now=NOW).name for page in pages]
    assert names == ["example.org", "example.org 2", "example.org 3"]


@pytest.mark.parametrize(
    "again",
    [
        *(
            "example.org",
            "https://example.org/",
            " HTTPS://Example.ORG ",
            "https://example.org:443",
        ),
        "https://example.org/#top",
    ],
)
def test_what_is_watched_already_is_not_watched_twice(session: Session, again: str) -> None:
    watch_site(session, "example.org", actor=None, now=NOW)
    with pytest.raises(Invalid, match=r"url: is watched already: the host example\.org"):
        watch_site(session, again, actor=None, now=NOW)
    assert len(session.exec(select(Host)).all()) == 1


def test_a_site_may_be_kept_from_the_public_page(session: Session) -> None:
    assert not watch_site(session, "a.org", public=False, actor=EDITOR, now=NOW).public


def test_another_namespace_may_watch_the_same(session: Session) -> None:
    for slug in ("iati", "di"):
        namespace = factories.namespace(session, slug)
        watch_site(session, "example.org", namespace_id=namespace.id, actor=None, now=NOW)
    assert len(session.exec(select(Host)).all()) == 2


def test_the_site_goes_to_the_chosen_namespace_or_to_one_of_the_persons_own(
    session: Session,
) -> None:
    factories.namespace(session, "aid")
    own = factories.namespace(session, "di")
    limited = Actor(3, "l@example.org", Role.EDITOR, frozenset({own.id}))
    chosen = watch_site(session, "a.org", namespace_id=own.id, actor=EDITOR, now=NOW)
    derived = watch_site(session, "b.org", actor=limited, now=NOW)
    assert (chosen.namespace_id, derived.namespace_id) == (own.id, own.id)


@pytest.mark.parametrize(
    "url",
    [
        *("", "   ", "ftp://example.org", "javascript:alert(1)", "https://", "two words"),
        *("https://[::1", "https://example.org:99999/", "https://u:p@example.org/", 7, None),
        "https://example.org/" + "a" * 2000,
    ],
)
def test_what_is_no_address_of_a_site_is_refused(session: Session, url: object) -> None:
    with pytest.raises(Invalid):
        watch_site(session, url, actor=None, now=NOW)  # type: ignore[arg-type]
    assert session.exec(select(Host)).all() == []


def test_a_viewer_watches_nothing(session: Session) -> None:
    factories.namespace(session)
    viewer = Actor(2, "v@example.org", Role.VIEWER)
    with pytest.raises(PermissionDenied):
        watch_site(session, "example.org", actor=viewer, now=NOW)
