"""The JSON of a webhook."""

from tests import news as given
from tests.clock import MINUTE, NOW
from webmon.domain.notifications.messages import webhook_payload
from webmon.domain.notifications.news import Event

DOCUMENTED = {
    "event",
    "namespace",
    "host",
    "service",
    "status",
    "since",
    "message",
    "incident",
    "planned_downtime",
    "url",
}


def test_every_documented_field_is_there() -> None:
    payload = webhook_payload(given.message())
    assert payload.keys() >= DOCUMENTED
    assert all(each.keys() >= DOCUMENTED for each in payload["news"])


def test_the_newest_stands_first_and_all_are_told() -> None:
    up = given.news(Event.UP, NOW + MINUTE, down_since=NOW, planned_downtime=True)
    payload = webhook_payload(given.message(given.news(), up))
    assert (payload["event"], payload["status"], payload["planned_downtime"]) == ("up", "up", True)
    assert (payload["since"], payload["down_since"]) == (
        "2026-11-23T10:01:00Z",
        "2026-11-23T10:00:00Z",
    )
    assert [each["event"] for each in payload["news"]] == ["down", "up"]


def test_an_update_is_an_event_of_its_incident() -> None:
    told = given.news(Event.INCIDENT_UPDATE, NOW + MINUTE, since=NOW, message="The disk is full")
    payload = webhook_payload(given.message(told))
    assert (payload["event"], payload["message"]) == ("incident_update", "The disk is full")
    assert (payload["status"], payload["since"], payload["incident"]) == (
        "down",
        "2026-11-23T10:00:00Z",
        17,
    )


def test_what_does_not_apply_is_null() -> None:
    told = given.news(Event.TEST, since=None, down_since=None, incident=0)
    payload = webhook_payload(given.message(told))
    assert (payload["since"], payload["incident"]) == (None, None)
