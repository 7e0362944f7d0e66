"""What is logged, and what is not."""

import logging
from collections.abc import Iterator

import pytest

from webmon import config, logs


@pytest.fixture
def configured(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure(config.settings(), "web")
    yield
    root.handlers = before[0]
    root.setLevel(before[1])


def test_a_tab_that_was_closed_is_no_news(
    configured: None, capsys: pytest.CaptureFixture[str]
) -> None:
    app = logging.getLogger("reflex.app")
    app.warning("Attempting to send delta to disconnected client %r", "b6f0")
    app.warning("something else")
    told = capsys.readouterr().err
    assert "something else" in told
    assert "disconnected" not in told
