"""Logging to standard error, as text for people or JSON for machines."""

import json
import logging
from datetime import UTC, datetime

from webmon.config import Settings

CHATTY = (
    "alembic",
    "apprise",
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


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure(settings: Settings, process: str) -> None:
    """Log to standard error in the format and from the level that the settings ask for."""
    handler = logging.StreamHandler()
    if settings.log_format == "json":
        handler.setFormatter(JsonFormatter())
    else:
        line = f"%(asctime)s {process:<6} %(levelname)-7s %(message)s"
        handler.setFormatter(logging.Formatter(line, "%H:%M:%S"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # That a pass still runs when the next one is due is no news: it does what the next one would.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    logging.getLogger("reflex.app").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """That a tab was closed while something changed is none."""
    return not record.getMessage().startswith("Attempting to send delta to disconnected client")
