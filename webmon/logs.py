"""Logging to standard error, as text for people or JSON for machines.

Much that is logged was sent by others: addresses, errors of browsers, exceptions with what they
choked on. So every message is one line, printable, cut and without our cookies, a traceback's
lines cannot be taken for lines of the log, and nobody can fill it.
"""

import json
import logging
import re
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import TypeAlias

from webmon.config import Settings
from webmon.domain.accounts.sessions import COOKIE, DEVICE_COOKIE

OURS = ("webmon", "workers", "pages")
LONGEST_MESSAGE = 2_000
LONGEST_TRACEBACK = 10_000
WINDOW_SECONDS = 60.0
MOST_OF_OURS, MOST_OF_OTHERS = 1_000, 20
"""Records of one line of code in a window. What libraries say is mostly caused from outside."""

CHATTY = (
    "alembic",
    "apscheduler",
    "asyncio",
    "httpcore",
    "httpx",
    "oauthlib",
    "requests_oauthlib",
    "tweepy",
    "urllib3",
)
"""Libraries that write down every step, and with it addresses and keys that are secrets."""


SECRETS = re.compile(rf"({COOKIE}|{DEVICE_COOKIE})=[\w.=-]+")
ExceptionInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class TextFormatter(logging.Formatter):
    """One line a record; the lines of a traceback are set off from the lines of the log."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: ExceptionInfo) -> str:
        lines = _cut(super().formatException(ei), LONGEST_TRACEBACK).splitlines()
        return "\n".join(f"    | {one_line(line)}" for line in lines)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": one_line(record.getMessage()),
        }
        if record.exc_info:
            lines = _cut(self.formatException(record.exc_info), LONGEST_TRACEBACK).splitlines()
            entry["error"] = "\n".join(map(one_line, lines))
        return json.dumps(entry, ensure_ascii=False)


def one_line(text: str) -> str:
    """``text`` on one line, printable, cut, and without the value of our cookies."""
    text = SECRETS.sub(r"\1=(hidden)", _cut(text.strip(), LONGEST_MESSAGE))
    return printable(text)


def printable(text: str) -> str:
    """``text`` without anything that moves a terminal: such characters are written as escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit} more)"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


class Budget:
    """A filter that lets through so many records of one line of code in a while."""

    def __init__(self) -> None:
        self._window = 0.0
        self._seen: dict[tuple[str, int], int] = {}

    def __call__(self, record: logging.LogRecord) -> bool:
        """Whether the record is still within the budget. The last one that is says so."""
        now = time.monotonic()
        if now - self._window > WINDOW_SECONDS:
            self._window = now
            self._seen.clear()
        place = record.pathname, record.lineno
        seen = self._seen[place] = self._seen.get(place, 0) + 1
        most = MOST_OF_OURS if record.name.split(".")[0] in OURS else MOST_OF_OTHERS
        if seen == most:
            record.msg = f"(more like this are left out for a minute) {record.getMessage()}"
            record.args = ()
        return seen <= most


def configure(settings: Settings, process: str) -> None:
    """Log to standard error in the format and from the level that the settings ask for."""
    handler = logging.StreamHandler()
    if settings.log_format == "json":
        handler.setFormatter(JsonFormatter())
    else:
        line = f"%(asctime)s {process:<6} %(levelname)-7s %(message)s"
        handler.setFormatter(TextFormatter(line, "%H:%M:%S"))
    handler.addFilter(Budget())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # That a pass still runs when the next one is due is no news: it does what the next one would.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    logging.getLogger("reflex.app").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """That a tab was closed while something changed is none."""
    return not record.getMessage().startswith("Attempting to send delta to disconnected client")
