"""From outside: what people are told while a service of the running product goes down and up."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.notifiers.servers import Servers, all_servers
from tests.product import Product, eventually, running
from tests.test_first_light import web_server

SOON_SECONDS = 15
"""One interval, the confirmation, and five seconds; this machine may be busy."""


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with all_servers("iati", "di") as servers:
        yield servers


@pytest.fixture(scope="module")
def product(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("telling"), **servers.settings) as product:
        yield product


def configuration(servers: Servers, port: int) -> str:
    channels = [
        {"name": "iati-x", "namespace": "iati", "kind": "twitter", "reminder_every": "1m",
         "config": servers.configs["twitter:iati"]},
        {"name": "di-x", "namespace": "di", "kind": "twitter",
         "config": servers.configs["twitter:di"]},
        {"name": "ops-slack", "kind": "slack", "config": servers.configs["slack"]},
        {"name": "hook", "kind": "webhook", "config": servers.configs["webhook"]},
    ]  # fmt: skip
    site = {"name": "Website", "kind": "http", "interval": "2s", "retry": "1s", "timeout": "2s",
            "config": {"url": f"http://127.0.0.1:{port}/"}}  # fmt: skip
    return yaml.safe_dump(
        {
            "namespaces": [{"slug": "iati", "name": "IATI"}, {"slug": "di", "name": "DI"}],
            "channels": channels,
            "hosts": [{"name": "Datastore", "namespace": "iati", "services": [site]}],
        }
    )


def posts(servers: Servers, account: str) -> list[str]:
    return [each["text"] for each in servers.x.contents if each["account"] == account]


def test_each_channel_is_told_once_of_an_outage_and_once_of_its_end(
    product: Product, servers: Servers, tmp_path: Path
) -> None:
    product.webmon("user", "add", "admin@example.org", "--role", "admin", "--password-stdin",
                   text="correct horse battery\n")  # fmt: skip
    file = tmp_path / "watch.yaml"
    with web_server(200) as port:
        file.write_text(configuration(servers, port))
        applied = product.webmon("apply", str(file), "--prune")
        assert applied.returncode == 0, applied.stderr
        eventually(lambda: product.statuses() == {"Datastore": "up"})
    eventually(lambda: servers.mail.contents and servers.slack.contents, SOON_SECONDS)
    eventually(lambda: posts(servers, "iati") and servers.webhook.contents, SOON_SECONDS)
    time.sleep(3)  # nothing may follow
    assert [len(each.contents) for each in servers.all.values()] == [1, 1, 1, 1]
    assert posts(servers, "di") == []
    [mail] = servers.mail.contents
    assert mail["subject"] == "[IATI] DOWN: Datastore – Website"

    with web_server(200, port):
        eventually(lambda: len(servers.webhook.contents) == 2, 2 * SOON_SECONDS)
        eventually(lambda: len(posts(servers, "iati")) == 2, SOON_SECONDS)
        eventually(lambda: len(servers.mail.contents) == 2, SOON_SECONDS)
        time.sleep(3)
    assert [len(each.contents) for each in servers.all.values()] == [2, 2, 2, 2]
    first, second = [each for each in servers.x.contents if each["account"] == "iati"]
    assert second["reply_to"] == first["id"]
