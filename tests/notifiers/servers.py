"""All the servers that stand in for the real ones, in this process or in one of their own.

    python -m tests.notifiers.servers --failure-rate 0.2 --seed 7 --record FOLDER

prints where they are as one line of JSON, writes what each accepts to ``FOLDER/<name>.jsonl`` (one
line each, ``cut`` where the sender never learned of it), and ends with its standard input.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.notifiers.mail_server import MailServer
from tests.notifiers.slack_server import SlackServer
from tests.notifiers.stand_in import Recorder
from tests.notifiers.webhook_server import WebhookServer
from tests.notifiers.x_server import XServer, keys_of

WEBHOOK_SECRET = "webhook-secret"


@dataclass(frozen=True)
class Servers:
    """One of each; X has several accounts."""

    mail: MailServer
    x: XServer
    slack: SlackServer
    webhook: WebhookServer
    accounts: tuple[str, ...]

    @property
    def all(self) -> dict[str, Recorder[Any]]:
        return {"mail": self.mail, "x": self.x, "slack": self.slack, "webhook": self.webhook}

    @property
    def settings(self) -> dict[str, str]:
        """What the product's environment has to say."""
        return {"WEBMON_SMTP_URL": self.mail.url(), "WEBMON_X_API_URL": self.x.url}

    @property
    def configs(self) -> dict[str, dict[str, Any]]:
        """The config of a channel of each kind; for X, of each account: ``twitter:iati``."""
        posts = {f"twitter:{account}": keys_of(account) for account in self.accounts}
        return {
            "email": {"to": ["ops@example.org"]},
            "slack": {"webhook_url": self.slack.webhook_url},
            "webhook": {"url": self.webhook.hook_url, "secret": WEBHOOK_SECRET},
            **posts,
        }


@contextmanager
def all_servers(*accounts: str, **options: Any) -> Iterator[Servers]:
    """All of them; ``options``: ``failure_rate``, ``seed``, ``delay_seconds``."""
    accounts = accounts or ("iati",)
    with (
        MailServer(**options) as mail,
        XServer(*accounts, **options) as x,
        SlackServer(**options) as slack,
        WebhookServer(WEBHOOK_SECRET, **options) as webhook,
    ):
        yield Servers(mail, x, slack, webhook, accounts)


def main() -> None:
    """Run them until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--failure-rate", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--delay-seconds", type=float, default=0.0)
    parser.add_argument("--accounts", nargs="*", default=["iati"])
    parser.add_argument("--record", type=Path)
    given = vars(parser.parse_args())
    folder, accounts = given.pop("record"), given.pop("accounts")
    with ExitStack() as stack:
        servers = stack.enter_context(all_servers(*accounts, **given))
        for name, server in servers.all.items() if folder else ():
            file = folder / f"{name}.jsonl"
            server.record = stack.enter_context(file.open("w", encoding="utf-8"))
        where = {"settings": servers.settings, "configs": servers.configs}
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
