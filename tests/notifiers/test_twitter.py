"""The `twitter` notifier against a server that verifies signatures and refuses as X does."""

import subprocess
import sys

import pytest

from tests import news as given
from tests.clock import HOUR, NOW
from tests.notifiers import x_server
from tests.notifiers.stand_in import Reply
from tests.notifiers.x_server import XServer, keys_of, problem
from webmon.domain.notifications.news import Event, Message
from webmon.notifiers import twitter
from webmon.notifiers.base import NotifierError, Receipt, Surroundings
from webmon.notifiers.twitter import TwitterConfig, send_twitter


def config(**changes: object) -> TwitterConfig:
    return TwitterConfig.model_validate({**keys_of(), **changes})


def send(server: XServer, told: Message | None = None, **changes: object) -> Receipt:
    surroundings = Surroundings("https://status.example.org", x_api_url=server.url)
    return send_twitter(config(**changes), told or given.message(), surroundings)


def refusal(server: XServer, **changes: object) -> NotifierError:
    with pytest.raises(NotifierError) as refused:
        send(server, **changes)
    assert "secret" not in str(refused.value)
    return refused.value


def test_a_signed_post_is_taken() -> None:
    with XServer() as server:
        receipt = send(server)
    [content] = server.contents
    assert content["text"] == "IATI: Datastore – Website is down. 23 Nov 10:00:00 GMT"
    assert receipt == Receipt(reference=content["id"])


def test_follow_ups_reply_to_the_first_post() -> None:
    up = given.news(Event.UP, NOW + HOUR, down_since=NOW)
    with XServer() as server:
        first = send(server)
        send(server, given.message(up, reply_to=first.reference))
    assert [each["reply_to"] for each in server.contents] == ["", first.reference]


@pytest.mark.parametrize("reference", ["1", "not-a-post"])
def test_where_the_first_post_is_gone_the_follow_up_stands_by_itself(reference: str) -> None:
    with XServer() as server:
        receipt = send(server, given.message(reply_to=reference))
    assert server.attempts == 2
    [content] = server.contents
    assert (content["reply_to"], content["id"]) == ("", receipt.reference)


def test_each_account_has_its_own_keys() -> None:
    with XServer("iati", "di") as server:
        send(server)
        send(server, **keys_of("di"))
    assert [each["account"] for each in server.contents] == ["iati", "di"]


@pytest.mark.parametrize("name", keys_of())
def test_wrong_keys(name: str) -> None:
    with XServer() as server:
        error = refusal(server, **{name: "wrong"})
    assert str(error) == "X does not accept the keys: wrong, or revoked"
    assert error.permanent
    assert server.contents == []


def test_what_was_posted_before_the_answer_was_lost_counts_as_sent() -> None:
    with XServer() as server:
        server.will_answer(Reply(drop=True, taken=True))
        error = refusal(server)
        assert str(error) == "X: the connection was lost"
        assert not error.permanent
        again = Receipt(note="X already has this post", had_before=True)
        assert send(server) == again
    assert len(server.contents) == 1


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (x_server.SUSPENDED, "X has suspended the account"),
        (x_server.LOCKED, "X has locked the account: sign in there to unlock it"),
        (x_server.READ_ONLY, "the keys may not post: give the app permission to write, then"),
        (x_server.NO_CREDITS, "X accepts no more posts: the spending limit is reached"),
        (x_server.USAGE_CAP, "X accepts no more posts: the spending limit is reached"),
        (
            problem(403, "SpendCapReached", "…", f"{x_server.PROBLEMS}/credits"),
            "X accepts no more posts: the spending limit is reached",
        ),
        (x_server.TOO_LONG, "X finds the post too long"),
        (Reply(403, "<html>"), "X does not allow this account to post"),
        (Reply(403, "[]"), "X does not allow this account to post"),
        (Reply(400, '"what?"'), "X answered 400 Bad Request"),
        (Reply(404, ""), "X answered 404 Not Found"),
        (Reply(301, "", {"Location": "https://example.org"}), "X answered 301 Moved Permanently"),
    ],
)
def test_what_only_an_admin_can_mend(reply: Reply, text: str) -> None:
    with XServer() as server:
        server.will_answer(reply)
        error = refusal(server)
    assert str(error).startswith(text)
    assert error.permanent
    assert server.attempts == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, ""),
        Reply(502, "<html>"),
        Reply(503, "null"),
        Reply(drop=True),
        x_server.AUTOMATED,
        problem(429, "Too Many Requests", "…"),
        problem(429, "Too Many Requests", "…", x_rate_limit_reset="soon"),
        problem(429, "Too Many Requests", "…", x_rate_limit_reset="99999999999999999999"),
    ],
)
def test_what_is_tried_again(reply: Reply) -> None:
    with XServer() as server:
        server.will_answer(reply)
        error = refusal(server)
        assert not error.permanent
        assert error.retry_after_seconds is None
        send(server)
    assert len(server.contents) == 1


def test_x_says_when_to_try_again() -> None:
    with XServer() as server:
        server.will_answer(x_server.rate_limited(90))
        error = refusal(server)
    assert str(error) == "X accepts no more posts for the moment"
    assert error.retry_after_seconds is not None
    assert 80 < error.retry_after_seconds <= 90


def test_a_proxy_in_front_of_x_may_say_when_to_try_again() -> None:
    with XServer() as server:
        server.will_answer(Reply(429, "{}", {"Retry-After": "120"}))
        assert refusal(server).retry_after_seconds == 120


def test_the_limit_of_a_day_counts_where_it_is_the_one_that_is_used_up() -> None:
    day = x_server.rate_limited(3000).headers["x-rate-limit-reset"]
    headers = {
        "x-rate-limit-remaining": "88",
        "x-rate-limit-reset": "1",
        "x-user-limit-24hour-remaining": "0",
        "x-user-limit-24hour-reset": day,
    }
    with XServer() as server:
        server.will_answer(Reply(429, "{}", headers))
        wait = refusal(server).retry_after_seconds
    assert wait is not None
    assert 2900 < wait <= 3000


def test_a_slow_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twitter, "TIMEOUT_SECONDS", 0.2)
    with XServer() as server:
        server.will_answer(Reply(delay_seconds=0.6))
        error = refusal(server)
    assert str(error) == "X did not answer within 0.2 s"
    assert not error.permanent
    assert error.may_have_arrived


def test_an_answer_that_is_lost() -> None:
    with XServer() as server:
        server.will_answer(Reply(drop=True))
        error = refusal(server)
    assert str(error) == "X: the connection was lost"
    assert error.may_have_arrived


def test_nobody_listens() -> None:
    with XServer() as server:
        url = server.url
    with pytest.raises(NotifierError, match="X: cannot be reached") as refused:
        send_twitter(config(), given.message(), Surroundings("", x_api_url=url))
    assert not refused.value.permanent
    assert not refused.value.may_have_arrived


def test_an_answer_without_an_id_is_taken_all_the_same() -> None:
    with XServer() as server:
        server.will_answer(Reply(201, "[]"))
        assert send(server) == Receipt()


def test_an_address_only_where_it_is_asked_for() -> None:
    with XServer() as server:
        send(server, with_url=True)
        send(server)
    assert ["https://" in each["text"] for each in server.contents] == [True, False]


def test_the_longest_message_is_taken() -> None:
    many = [given.news(host="数据" * 25, service=f"{number} " * 30) for number in range(50)]
    with XServer() as server:
        send(server, given.message(*many))
    assert len(server.contents) == 1


def test_keys_without_spaces_around_them() -> None:
    read = config(consumer_key=" consumer\n")
    assert read.consumer_key.get_secret_value() == "consumer"
    with pytest.raises(ValueError, match="must be letters and digits"):
        config(consumer_key=" ")


def test_the_client_is_not_loaded_before_it_is_needed() -> None:
    heavy = "{'tweepy', 'apprise', 'slack_sdk', 'requests'}"
    program = f"import sys, webmon.notifiers; print({heavy} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert shown.stdout == b"set()\n"
