"""The `slack` notifier against a server with Slack's own checks and answers."""

import pytest

from tests import news as given
from tests.notifiers.slack_server import SlackServer
from tests.notifiers.stand_in import Reply
from webmon.notifiers.base import NotifierError, Receipt, Surroundings
from webmon.notifiers.slack import SlackConfig, send_slack


def config(server: SlackServer, path: str = "") -> SlackConfig:
    return SlackConfig.model_validate({"webhook_url": server.webhook_url + path})


async def refusal(server: SlackServer, surroundings: Surroundings, path: str = "") -> NotifierError:
    with pytest.raises(NotifierError) as refused:
        await send_slack(config(server, path), given.message(), surroundings)
    assert "XXXXXXXX" not in str(refused.value)
    assert server.contents == []
    return refused.value


async def test_a_message_is_taken(surroundings: Surroundings) -> None:
    with SlackServer() as server:
        assert await send_slack(config(server), given.message(), surroundings) == Receipt()
    [content] = server.contents
    assert "DOWN: Datastore – Website" in content["text"]
    assert content["blocks"]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(400, "invalid_payload"), "Slack does not understand the message (invalid_payload)"),
        (Reply(403, "action_prohibited"), "the workspace's admins do not allow this webhook"),
        (Reply(404, "channel_not_found"), "the channel that the webhook writes to does not exist"),
        (Reply(410, "channel_is_archived"), "the channel that the webhook writes to is archived"),
        (Reply(410, "gone"), "Slack answered 410 Gone"),
        (Reply(302, "", {"Location": "https://slack.com"}), "Slack answered 302 Found, a redirect"),
    ],
)
async def test_what_only_an_admin_can_mend(
    reply: Reply, text: str, surroundings: Surroundings
) -> None:
    with SlackServer() as server:
        server.will_answer(reply)
        error = await refusal(server, surroundings)
    assert str(error).startswith(text)
    assert error.permanent


async def test_a_webhook_that_has_been_removed(surroundings: Surroundings) -> None:
    with SlackServer() as server:
        error = await refusal(server, surroundings, path="Z")
    assert str(error) == "the webhook has been removed or switched off in Slack"
    assert error.permanent


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply(429, "rate_limited", {"Retry-After": "42"}), 42),
        (Reply(500, "rollup_error"), None),
        (Reply(503, "no_service"), None),
        (Reply(drop=True), None),
    ],
)
async def test_what_is_tried_again(
    reply: Reply, seconds: float | None, surroundings: Surroundings
) -> None:
    with SlackServer() as server:
        server.will_answer(reply)
        error = await refusal(server, surroundings)
        assert not error.permanent
        assert error.retry_after_seconds == seconds
        await send_slack(config(server), given.message(), surroundings)
    assert len(server.contents) == 1
