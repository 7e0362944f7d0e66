"""All kinds against servers that fail at random: told once, or noted as cut off."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import news as given
from tests.clock import MINUTE, NOW
from tests.notifiers.servers import Servers, all_servers
from tests.notifiers.stand_in import Recorder
from webmon.config import ROOT
from webmon.domain.notifications.news import Message
from webmon.notifiers import NOTIFIERS
from webmon.notifiers.base import NotifierError, Surroundings

MESSAGES = 30
MOST_ATTEMPTS = 40


def insist(kind: str, config: dict[str, Any], message: Message, around: Surroundings) -> None:
    """Send until it is taken."""
    notifier = NOTIFIERS[kind]
    for _ in range(MOST_ATTEMPTS):
        try:
            asyncio.run(notifier.send(notifier.config.model_validate(config), message, around))
        except NotifierError as error:
            assert not error.permanent, error
        else:
            return
    raise AssertionError(f"not taken in {MOST_ATTEMPTS} attempts")


IDENTITIES: dict[str, Callable[[Any], str]] = {
    "email": lambda content: str(content["headers"]["message-id"]),
    "twitter": lambda content: str(content["text"]),
    "slack": lambda content: str(content["text"]),
    "webhook": lambda content: str(content["key"]),
}


def recorder(servers: Servers, kind: str) -> Recorder[Any]:
    return servers.all[{"email": "mail", "twitter": "x"}.get(kind, kind)]


@pytest.mark.parametrize("kind", IDENTITIES)
def test_every_message_arrives_once_after_any_failure(kind: str) -> None:
    with all_servers(failure_rate=0.4, seed=5) as servers:
        around = Surroundings(
            "https://status.example.org", servers.mail.url(), x_api_url=servers.x.url
        )
        config = servers.configs.get(kind) or servers.configs["twitter:iati"]
        for number in range(MESSAGES):
            news = given.news(at=NOW + number * MINUTE, host=f"Host {number}")
            insist(kind, config, given.message(news, key=f"incident:{number}"), around)
        server = recorder(servers, kind)
    identity = IDENTITIES[kind]
    told = Counter(identity(taken.content) for taken in server.accepted if not taken.cut)
    cut = Counter(identity(taken.content) for taken in server.accepted if taken.cut)
    assert server.attempts > MESSAGES
    assert cut
    assert set(told) | set(cut) == set(map(identity, server.contents))
    assert len(set(told) | set(cut)) == MESSAGES
    assert max(told.values()) == 1
    if kind == "twitter":  # X refuses the second
        assert not set(told) & set(cut)
    else:
        assert set(told) >= set(cut)


def test_the_same_seed_fails_in_the_same_way() -> None:
    def failures(seed: int) -> list[bool]:
        with all_servers(failure_rate=0.5, seed=seed) as servers:
            return [servers.slack.next_failure() is not None for _ in range(20)]

    assert failures(1) == failures(1) != failures(2)


def test_as_a_process_they_write_down_what_they_accept(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.notifiers.servers", "--record", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--accounts", "iati", "di"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        settings = where["settings"]
        around = Surroundings(
            "", settings["WEBMON_SMTP_URL"], x_api_url=settings["WEBMON_X_API_URL"]
        )
        for name, config in where["configs"].items():
            insist(name.partition(":")[0], config, given.message(), around)
        process.communicate(timeout=20)
    assert process.returncode == 0
    counts = {file.stem: len(file.read_text().splitlines()) for file in tmp_path.iterdir()}
    assert counts == {"mail": 1, "slack": 1, "webhook": 1, "x": 2}
    first = json.loads((tmp_path / "x.jsonl").read_text().splitlines()[0])
    assert (first["content"]["account"], first["cut"]) == ("iati", False)
