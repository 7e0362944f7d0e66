"""The `apprise` notifier, by the service of Apprise's that posts JSON."""

import json
import logging

import pytest
from pydantic import ValidationError

from tests import news as given
from tests.notifiers.stand_in import Reply, Request, StandIn
from webmon.notifiers.apprise import AppriseConfig, send_apprise
from webmon.notifiers.base import NotifierError, Receipt, Surroundings


class JsonServer(StandIn):
    """Takes any JSON."""

    def judged(self, request: Request) -> tuple[Reply, object]:
        return Reply(), json.loads(request.body)

    @property
    def address(self) -> str:
        return self.url.replace("http://", "json://") + "/hidden"


def config(server: JsonServer) -> AppriseConfig:
    return AppriseConfig.model_validate({"url": server.address})


def test_title_and_text_are_handed_over(surroundings: Surroundings) -> None:
    told = given.message(given.news(host="{{ host }} \\n <b>:tada:"))
    with JsonServer() as server:
        assert send_apprise(config(server), told, surroundings) == Receipt()
    [content] = server.contents
    assert content["title"] == "[IATI] DOWN: {{ host }} \\n <b>:tada: – Website"
    assert content["message"].startswith("{{ host }} \\n <b>:tada: – Website is down since 10:00.")


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(404), Reply(drop=True), Reply(307, "", {"Location": "/elsewhere"})]
)
def test_what_is_not_taken_is_tried_again(
    reply: Reply, surroundings: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "webmon")
    with JsonServer() as server:
        server.will_answer(reply)
        with pytest.raises(NotifierError) as refused:
            send_apprise(config(server), given.message(), surroundings)
        assert (str(refused.value), refused.value.permanent) == (
            "JSON did not take the message",
            False,
        )
        assert server.contents == []
        send_apprise(config(server), given.message(), surroundings)
    assert len(server.contents) == 1
    assert "hidden" not in caplog.text


@pytest.mark.parametrize(
    "url", ["", "hidden", "nosuch://hidden", "discord://hidden", "json://hidden\nx", "http://[hid"]
)
def test_only_what_apprise_knows(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValidationError, match="must be an address that Apprise knows"):
        AppriseConfig.model_validate({"url": url})
    assert "hid" not in caplog.text
