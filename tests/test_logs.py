"""What is logged, and what is not."""

import logging
from collections.abc import Callable, Iterator

import pytest

from webmon import config, logs


@pytest.fixture
def configure() -> Iterator[Callable[[], None]]:
    """Sets logging up as a process does; to be called in the test, whose output it then joins."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def configure() -> None:
        root.handlers = []  # pytest's would be closed
        logs.configure(config.settings(), "web")

    yield configure
    root.handlers = before[0]
    root.setLevel(before[1])


def test_a_tab_that_was_closed_is_no_news(
    configure: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    configure()
    app = logging.getLogger("reflex.app")
    app.warning("Attempting to send delta to disconnected client %r", "b6f0")
    app.warning("something else")
    told = capsys.readouterr().err
    assert "something else" in told
    assert "disconnected" not in told


FORGED = "boom\n12:00:00 web    ERROR   all is \x1b[31mlost\u202e\r\x85gone\u2028"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_what_others_sent_is_one_printable_line(
    log_format: str,
    configure: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WEBMON_LOG_FORMAT", log_format)
    configure()
    for write in (logging.getLogger("reflex.app").error, logging.getLogger("webmon").warning):
        write("[Reflex Frontend Exception]\n %s\n", FORGED)
    told = capsys.readouterr().err
    lines = told.splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() and "all is" in line for line in lines)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_line_of_a_traceback_can_be_taken_for_one_of_the_log(
    log_format: str,
    configure: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WEBMON_LOG_FORMAT", log_format)
    configure()
    try:
        raise ValueError(FORGED * 10_000)
    except ValueError:
        logging.getLogger("webmon").exception("it failed")
    told = capsys.readouterr().err
    first, *others = told.splitlines()
    assert "it failed" in first
    assert all(line.startswith("    | ") for line in others)
    assert all(line.isprintable() for line in (first, *others))
    assert len(told) < 25_000


def test_a_long_message_is_cut(
    configure: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    configure()
    logging.getLogger("webmon").warning("%s", "x" * 1_000_000)
    told = capsys.readouterr().err
    assert len(told) < 2_200
    assert told.endswith("… (998000 more)\n")


def test_nobody_can_fill_the_log(
    configure: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure()

    def flood() -> list[str]:
        for number in range(1000):
            logging.getLogger("reflex.app").error("frontend exception %d", number)
        return capsys.readouterr().err.splitlines()

    lines = flood()
    assert len(lines) == logs.MOST_OF_OTHERS
    assert "(more like this are left out for a minute) frontend exception 19" in lines[-1]
    assert flood() == []
    logging.getLogger("reflex.app").error("something else")
    assert "something else" in capsys.readouterr().err
    monkeypatch.setattr(logs, "WINDOW_SECONDS", -1.0)
    assert len(flood()) == 1000


def test_five_hundred_services_that_go_down_are_all_named(
    configure: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    configure()
    for number in range(500):
        logging.getLogger("workers.pipeline").warning("service %d is down", number)
    assert len(capsys.readouterr().err.splitlines()) == 500


@pytest.mark.parametrize("cookie", ["webmon_session=AB-c_9", "webmon_device=gAAAAA-_x=="])
def test_no_cookie_of_ours_gets_into_the_log(
    cookie: str, configure: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    configure()
    headers = {"cookie": f"a=b; {cookie}; c=d"}
    log = logging.getLogger("reflex")
    log.error("failed: %s", headers)
    try:
        raise ValueError(headers)
    except ValueError:
        log.exception("failed")
    told = capsys.readouterr().err
    assert told.count("=(hidden); c=d") == 2
    assert cookie.partition("=")[2] not in told
