"""News as JSON, the payload of a notification, and back. Fields at their defaults are left out."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from webmon.domain.notifications.news import News

_NEWS = TypeAdapter(News)


def payload_of(news: News) -> dict[str, Any]:
    """``news`` as JSON-ready values."""
    payload: dict[str, Any] = _NEWS.dump_python(news, mode="json", exclude_defaults=True)
    return payload


def news_from(payload: Mapping[str, Any]) -> News:
    """The news that `payload_of` turned into JSON."""
    return _NEWS.validate_python(payload)
