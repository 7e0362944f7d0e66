"""What stands in the query of an address is secret wherever the service shows."""

import json
from pathlib import Path

import pytest
from sqlmodel import Session, text

from tests import factories
from tests.clock import NOW
from tests.probes.servers import http, serving
from webmon import probes
from webmon.commands.config_file.apply import apply_file
from webmon.commands.config_file.export import export
from webmon.commands.inventory.services import KEEP, create_service, update_service
from webmon.commands.inventory.watch_site import watch_site
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid
from webmon.models import Service
from webmon.probes.base import Target
from webmon.probes.http_exchange.request import HttpConfig
from webmon.queries.inventory.services import service_form

SECRET = "s3cret-token"
ADMIN = Actor(1, "a@example.org", Role.ADMIN)


def page(url: str, **config: object) -> dict[str, object]:
    return {"name": "Website", "kind": "http", "config": {"url": url, **config}}


@pytest.fixture
def service(session: Session) -> Service:
    host = factories.host(session)
    url = f"http://a.example/x?token={SECRET}&page=2#top"
    return create_service(session, host.id, page(url), actor=ADMIN, now=NOW)


def test_it_is_neither_in_the_database_nor_in_the_form_nor_in_the_file(
    session: Session, service: Service
) -> None:
    [stored] = session.exec(text("SELECT config FROM service")).one()  # type: ignore[call-overload]
    form = service_form(session, service.id, actor=ADMIN)
    for shown in (json.dumps(stored), str(form), export(session, with_secrets=False)):
        assert "http://a.example/x" in shown
        assert SECRET not in shown
    assert "query" in form.secrets
    assert f"token={SECRET}&page=2" in export(session, with_secrets=True)


def test_the_file_is_applied_again_without_a_change(
    session: Session, service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "f.yaml"
    for with_secrets in (False, True):
        file.write_text(export(session, with_secrets=with_secrets))
        assert apply_file(session, file, prune=False, now=NOW).lines == []


def test_it_stays_until_another_one_is_typed(session: Session, service: Service) -> None:
    def query(url: str) -> str:
        changed = page(url, query=KEEP)
        update_service(session, service.id, changed, actor=ADMIN, now=NOW)
        config = probes.read_definition("http", service.config, None)[1]
        assert isinstance(config, HttpConfig)
        return config.full_url.partition("?")[2]

    assert query("http://a.example/y") == f"token={SECRET}&page=2"
    assert query("http://a.example/y?page=3") == "page=3"


def test_no_stored_secret_is_sent_to_a_server_that_somebody_else_chose(
    session: Session, service: Service
) -> None:
    moved = page("http://thief.example/", query=KEEP)
    with pytest.raises(Invalid, match=r"config.query: enter it again"):
        update_service(session, service.id, moved, actor=ADMIN, now=NOW)
    update_service(session, service.id, page("http://b.example/"), actor=ADMIN, now=NOW)


def test_a_site_is_watched_only_once_by_its_whole_address(session: Session) -> None:
    factories.namespace(session)
    watch_site(session, f"http://a.example/?token={SECRET}", actor=ADMIN, now=NOW)
    watch_site(session, "http://a.example/?token=other", actor=ADMIN, now=NOW)
    with pytest.raises(Invalid, match="watched already") as refusal:
        watch_site(session, f"http://a.example/?token={SECRET}", actor=ADMIN, now=NOW)
    assert SECRET not in str(refusal.value)


async def test_a_server_that_repeats_it_does_not_get_it_shown() -> None:
    def echo(request: bytes) -> bytes:
        return http(request.splitlines()[0], "500 Oops")

    async with serving(echo) as server:
        config = HttpConfig.model_validate({"url": server.url(f"/x?token={SECRET}%21&page=2")})
        kind = probes.PROBES["http"]
        outcome = await probes.run(kind, config, Target(""), timeout=5)
    [request] = server.requests
    assert request.startswith(f"GET /x?token={SECRET}%21&page=2 HTTP/1.1".encode())
    assert "GET /x?•••" in outcome.evidence["body"]
    assert SECRET not in f"{outcome} {config!r}"
