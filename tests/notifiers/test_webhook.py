"""The `webhook` notifier against a receiver that checks the signature."""

import pytest

from tests import news as given
from tests.clock import MINUTE, NOW
from tests.notifiers.stand_in import Reply
from tests.notifiers.webhook_server import WebhookServer
from webmon.domain.notifications.news import Event
from webmon.notifiers.base import NotifierError, Receipt, Surroundings
from webmon.notifiers.webhook import WebhookConfig, send_webhook


def config(server: WebhookServer, secret: str = "s3cret") -> WebhookConfig:
    return WebhookConfig.model_validate({"url": server.hook_url, "secret": secret})


async def test_a_signed_message_is_taken(surroundings: Surroundings) -> None:
    with WebhookServer("s3cret") as server:
        assert await send_webhook(config(server), given.message(), surroundings) == Receipt()
    [content] = server.contents
    assert {name: content[name] for name in ("event", "namespace", "host", "service")} == {
        "event": "down",
        "namespace": "iati",
        "host": "Datastore",
        "service": "Website",
    }
    assert (content["status"], content["since"]) == ("down", "2026-11-23T10:00:00Z")
    assert content["message"] == "connection refused by 10.0.0.7:443"
    assert (content["incident"], content["planned_downtime"]) == (17, False)
    assert content["key"] == content["idempotency_key"] == "incident:17/3"


async def test_all_news_of_a_message_are_told(surroundings: Surroundings) -> None:
    told = given.message(
        given.news(), given.news(Event.UP, NOW + MINUTE, down_since=NOW, message="")
    )
    with WebhookServer("s3cret") as server:
        await send_webhook(config(server), told, surroundings)
    [content] = server.contents
    assert content["event"] == "up"
    assert [each["event"] for each in content["news"]] == ["down", "up"]


async def test_the_wrong_secret_is_a_matter_of_the_settings(surroundings: Surroundings) -> None:
    with WebhookServer("another") as server, pytest.raises(NotifierError) as refused:
        await send_webhook(config(server), given.message(), surroundings)
    assert str(refused.value) == "the receiver answered 401 Unauthorized"
    assert refused.value.permanent
    assert server.contents == []


async def test_without_a_secret_nothing_is_signed(surroundings: Surroundings) -> None:
    with WebhookServer() as server:
        await send_webhook(config(server, secret=" "), given.message(), surroundings)
    assert len(server.contents) == 1


async def test_a_receiver_says_when_to_try_again(surroundings: Surroundings) -> None:
    with WebhookServer("s3cret") as server:
        server.will_answer(Reply(503, "", {"Retry-After": "30"}))
        with pytest.raises(NotifierError) as refused:
            await send_webhook(config(server), given.message(), surroundings)
        assert not refused.value.permanent
        assert refused.value.retry_after_seconds == 30
        await send_webhook(config(server), given.message(), surroundings)
    assert len(server.contents) == 1


@pytest.mark.parametrize("url", ["ftp://example.org", "example.org", "http://", "", "http://a b"])
def test_only_addresses_on_the_web(url: str) -> None:
    with pytest.raises(ValueError, match="must be an http:// or https:// address"):
        WebhookConfig.model_validate({"url": url})
