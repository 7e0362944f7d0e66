"""What is secret about a channel stays out of the log."""

import json
import re
import subprocess
import sys

from tests.notifiers.servers import all_servers
from tests.notifiers.stand_in import Reply
from webmon.config import ROOT

SENDING = """
import asyncio, json, sys
from tests import news as given
from webmon import config, logs
from webmon.notifiers import NOTIFIERS
from webmon.notifiers.base import NotifierError, Surroundings

logs.configure(config.read_settings(log_level="debug"), "worker")
settings, configs = json.loads(sys.stdin.read())
around = Surroundings("", settings["WEBMON_SMTP_URL"], x_api_url=settings["WEBMON_X_API_URL"])
for name, values in configs.items():
    kind = NOTIFIERS[name.partition(":")[0]]
    try:
        asyncio.run(kind.send(kind.config.model_validate(values), given.message(), around))
    except NotifierError:
        assert name == "apprise:refused"
"""


def test_no_secret_is_logged_not_even_while_debugging() -> None:
    with all_servers() as servers:
        apprise = servers.webhook.hook_url.replace("http:", "json:")
        configs = {**servers.configs, "apprise": {"url": f"{apprise}?x=apprise-secret"}}
        configs["apprise:refused"] = {"url": "ntfy://secret.invalid/topic-secret"}
        configs["webhook"] = {**configs["webhook"], "url": f"{servers.webhook.hook_url}?url-secret"}
        servers.webhook.prepare(Reply(), Reply())
        run = subprocess.run(
            [sys.executable, "-c", SENDING],
            input=json.dumps([servers.settings, configs]),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert run.returncode == 0, run.stderr
    assert not re.search("secret|XXXXXXXX|-token", run.stderr)
