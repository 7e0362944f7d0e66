"""A new installation watches its own page, from when it is served."""

from datetime import timedelta

from sqlmodel import Session, select

from tests.clock import NOW
from webmon.commands.inventory.first_start import PATIENCE, look_now, watch_ourselves
from webmon.models import Service, ServiceState

PAGE = "http://127.0.0.1:8000/status/"


def test_the_first_look_waits_until_the_page_is_served(session: Session) -> None:
    service_id = watch_ourselves(session, PAGE, now=NOW)
    state = session.get_one(ServiceState, service_id)
    assert state.next_check_at == NOW + PATIENCE
    look_now(session, service_id, now=NOW + timedelta(seconds=9))
    assert state.next_check_at == NOW + timedelta(seconds=9)


def test_it_is_done_once_in_the_life_of_a_database(session: Session) -> None:
    service_id = watch_ourselves(session, PAGE, now=NOW)
    session.delete(session.get_one(Service, service_id))
    session.flush()
    look_now(session, service_id, now=NOW)
    assert watch_ourselves(session, PAGE, now=NOW) is None
    assert session.exec(select(Service)).all() == []
