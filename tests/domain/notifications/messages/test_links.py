"""Each line of a message leads to what it is about, in the admin app."""

import json
from typing import Any

import pytest

from tests import news as given
from webmon.domain.notifications.messages import (
    html,
    plain_text,
    post,
    slack_payload,
    webhook_payload,
)
from webmon.domain.notifications.news import Event

ADMIN = "https://status.example.org/admin"


@pytest.mark.parametrize(
    ("event", "fields", "path"),
    [
        (Event.DOWN, {"incident": 17, "service_id": 3}, "/incidents/?incident=17"),
        (Event.UP, {"incident": 17}, "/incidents/?incident=17"),
        (Event.DEGRADED, {"incident": 0, "service_id": 3}, "/service/?id=3"),
        (Event.DOWNTIME, {"incident": 0, "occurrence": 5}, "/downtime/?time=5"),
        (Event.DOWNTIME, {"incident": 0}, "/downtime/"),
        (Event.MONITOR, {"incident": 0, "service_id": 0}, "/"),
    ],
)
def test_mail_slack_and_webhook_lead_there(event: Event, fields: dict[str, Any], path: str) -> None:
    message = given.message(given.news(event, **fields), admin_url=ADMIN)
    link = ADMIN + path
    assert f"\n  {link}\n" in plain_text(message)
    assert f'<a href="{link}">Look at it</a>' in html(message)
    assert f"<{link}|Look at it>" in json.dumps(slack_payload(message))
    assert webhook_payload(message)["url"] == link
    assert ADMIN not in post(message, with_url=True)


def test_a_test_and_who_has_no_address_get_no_link() -> None:
    for message in (
        given.message(given.news(Event.TEST), admin_url=ADMIN),
        given.message(given.news(incident=17), admin_url="javascript:x"),
        given.message(given.news(incident=17)),
    ):
        assert webhook_payload(message)["url"] is None
        assert "Look at it" not in html(message) + json.dumps(slack_payload(message))
