"""One send: what is stored is read, libraries are loaded, and every failure is an answer."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from tests import news as given
from tests.notifiers.mail_server import MailServer
from tests.notifiers.webhook_server import WebhookServer
from webmon import notifiers
from webmon.config import ROOT
from webmon.notifiers.base import (
    NotifierConfig,
    NotifierError,
    NotifierKind,
    Receipt,
    Send,
    Surroundings,
    blocking,
)


def kind_that(send: Send) -> NotifierKind:
    return NotifierKind("Stand-in", NotifierConfig, send, lambda _config, _message: "")


async def answer_of(send: Send) -> Receipt | NotifierError:
    return await notifiers.run(kind_that(send), NotifierConfig(), given.message(), Surroundings(""))


@pytest.mark.parametrize(
    ("kind", "config", "text"),
    [
        ("pigeon", {}, "unknown kind of channel: pigeon"),
        ("webhook", {}, "the channel's configuration cannot be used: url: is required"),
        ("webhook", {"url": "hidden"}, "the channel's configuration cannot be used: url: must be"),
    ],
)
def test_what_is_stored_and_cannot_be_used_is_a_matter_of_the_settings(
    kind: str, config: dict[str, str], text: str
) -> None:
    with pytest.raises(NotifierError) as refused:
        notifiers.read_definition(kind, config)
    assert str(refused.value).startswith(text)
    assert refused.value.permanent
    assert "hidden" not in str(refused.value)


def test_a_library_that_is_missing_may_be_there_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    notifiers.prepare("apprise")
    with pytest.raises(NotifierError, match="what sends to this kind cannot be loaded") as refused:
        notifiers.read_definition("apprise", {"url": "json://example.org"})
    assert not refused.value.permanent


async def test_a_receipt_is_the_answer() -> None:
    async def send(*_: object) -> Receipt:
        return Receipt("ref-1")

    assert await answer_of(send) == Receipt("ref-1")


async def test_a_refusal_is_an_answer() -> None:
    error = NotifierError("busy", retry_after_seconds=7)

    async def send(*_: object) -> Receipt:
        raise error

    assert await answer_of(send) is error


async def test_a_fault_of_the_notifier_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    async def send(*_: object) -> Receipt:
        raise RuntimeError("s3cret")

    error = await answer_of(send)
    assert isinstance(error, NotifierError)
    assert (str(error), error.permanent) == ("sending failed: RuntimeError", False)
    assert "the notifier Stand-in failed" in caplog.text


@pytest.mark.parametrize("hangs_in_a_thread", [False, True])
async def test_a_send_that_does_not_end_is_cut_off_and_may_have_arrived(
    monkeypatch: pytest.MonkeyPatch, hangs_in_a_thread: bool
) -> None:
    monkeypatch.setattr(notifiers, "LONGEST_SEND_SECONDS", 0.1)
    release = threading.Event()

    async def hang(*_: object) -> Receipt:
        await asyncio.Event().wait()
        return Receipt()

    def block(*_: object) -> Receipt:
        release.wait(10)
        return Receipt()

    error = await answer_of(blocking(block) if hangs_in_a_thread else hang)
    release.set()
    assert isinstance(error, NotifierError)
    assert (str(error), error.may_have_arrived) == ("no answer within 0.1 s", True)


@pytest.fixture
def slow_mail_server() -> Iterator[MailServer]:
    with MailServer(delay_seconds=0.5) as server:
        yield server


async def test_a_library_that_blocks_does_not_hold_up_the_event_loop(
    slow_mail_server: MailServer,
) -> None:
    kind, config = notifiers.read_definition("email", {"to": ["ops@example.org"]})
    around = Surroundings("", smtp_url=slow_mail_server.url())
    sending = asyncio.create_task(notifiers.run(kind, config, given.message(), around))
    turns = 0
    while not sending.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert isinstance(await sending, Receipt)
    assert turns >= 5


async def test_webhooks_are_sent_side_by_side_and_without_threads() -> None:
    with WebhookServer(delay_seconds=0.3) as server:
        kind, config = notifiers.read_definition("webhook", {"url": server.hook_url})
        before = {each.name for each in threading.enumerate()}
        began = time.monotonic()
        sends = [
            asyncio.create_task(notifiers.run(kind, config, given.message(), Surroundings("")))
            for _ in range(20)
        ]
        await asyncio.sleep(0.1)
        assert "send" not in {each.name for each in threading.enumerate()} - before
        assert await asyncio.gather(*sends) == [Receipt()] * 20
        assert time.monotonic() - began < 20 * 0.3


LOADING = """
import asyncio, sys
from tests import news as given
from tests.notifiers.webhook_server import WebhookServer
from webmon import notifiers
from webmon.notifiers.base import Surroundings

with WebhookServer() as server:
    configs = {
        "apprise": {"url": "json://example.org"},
        "slack": {"webhook_url": server.hook_url},
        "webhook": {"url": server.hook_url},
    }
    for name, config in configs.items():
        notifiers.prepare(name)
        before = set(sys.modules)
        kind, config = notifiers.read_definition(name, config)
        if name != "apprise":
            sending = notifiers.run(kind, config, given.message(), Surroundings(""))
            print(name, asyncio.run(sending), file=sys.stderr)
        print(*set(sys.modules) - before)
"""


def test_what_runs_on_the_event_loop_loads_no_library_there() -> None:
    run = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
