"""A mail server, and the worker's part of a letter."""

import pytest

from tests.notifiers.mail_server import MailServer
from webmon import config
from webmon.db import Database
from workers.letters import send_letters
from workers.pipeline import Pipeline


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch):
    with MailServer() as server:
        monkeypatch.setenv("WEBMON_SMTP_URL", server.url())
        monkeypatch.setenv("WEBMON_BASE_URL", "https://status.example.org")
        config.settings.cache_clear()
        yield server


@pytest.fixture
async def work(database: Database):
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    yield lambda: send_letters(pipeline.in_database)
    await pipeline.stop(0)
