"""Planned downtime on the public page: beside the status, at the host, and in its list."""

from tests import factories
from tests.clock import HOUR, NOW
from tests.downtimes import plan
from tests.outbox import iati, site
from webmon.api.public.board_html import board_html
from webmon.domain.checks.status import Status
from webmon.models import Host, Service
from webmon.queries.public.snapshot import narrowed, public_status

__all__ = ["iati", "site"]


def seen(database, at=NOW):
    with database.read() as session:
        return public_status(session, now=at, namespace=None)


def page(database, namespace="", at=NOW):
    return board_html(seen(database, at), namespace, now=NOW)


def test_it_is_shown_from_the_moment_of_planning_until_a_day_after(database, site):
    plan(database, site, NOW + 48 * HOUR, title="Upgrade <b>", message="Short breaks.")
    view = seen(database)
    assert [(each.title, each.state, each.hosts) for each in view.downtimes] == [
        ("Upgrade <b>", "scheduled", ("Datastore",))
    ]
    assert not view.hosts[0].planned_downtime
    html = page(database)
    assert "Planned downtime to come" in html and "Upgrade &lt;b&gt;" in html
    assert 'class="coming">Planned downtime: Upgrade' in html, "at the affected host"
    assert "Short breaks." in html
    going_on = seen(database, NOW + 48.5 * HOUR)
    assert going_on.downtimes[0].state == "started"
    assert going_on.hosts[0].planned_downtime and going_on.hosts[0].services[0].planned_downtime
    html = page(database, at=NOW + 48.5 * HOUR)
    assert "Planned downtime now" in html and 'class="coming"' not in html
    after = seen(database, NOW + 50 * HOUR)
    assert after.downtimes[0].state == "finished" and not after.hosts[0].planned_downtime
    assert "last 24 hours" in page(database, at=NOW + 50 * HOUR)
    assert seen(database, NOW + 73.5 * HOUR).downtimes == ()


def test_the_status_stands_beside_it(database, site):
    plan(database, site, NOW - HOUR / 2)
    with database.write() as session:
        host_id = session.get_one(Service, site).host_id
        factories.service(session, "Other", host_id=host_id, status=Status.DOWN)
    view = seen(database)
    assert view.hosts[0].planned_downtime
    assert view.hosts[0].services[0].status is Status.DOWN
    assert '<span class="beside">down, </span>planned downtime' in page(database)


def test_one_service_in_downtime_leaves_its_host(database, site):
    with database.write() as session:
        host_id = session.get_one(Service, site).host_id
        factories.service(session, "Other", host_id=host_id, status=Status.UP)
    plan(database, site, NOW - HOUR / 2, host_ids=[], service_ids=[site])
    [host] = seen(database).hosts
    assert not host.planned_downtime
    assert {each.name: each.planned_downtime for each in host.services} == {
        "Other": False, "Website": True,
    }  # fmt: skip


def test_what_is_private_stays_private(database, site):
    with database.write() as session:
        other = factories.namespace(session, "di")
        hidden = factories.host(session, "Secret", namespace_id=other.id, public=False)
        private = factories.service(session, "Vault", host_id=hidden.id).id
    plan(database, private, NOW + HOUR, title="Hush")
    plan(database, site, NOW + HOUR, title="Said")
    assert [each.title for each in seen(database).downtimes] == ["Said"]
    assert "Hush" not in page(database) and "Secret" not in page(database)
    with database.write() as session:
        session.get_one(Host, hidden.id).public = True
    assert [each.title for each in narrowed(seen(database), "iati").downtimes] == ["Said"]
    assert "Hush" not in page(database, "iati") and "Hush" in page(database, "di")
