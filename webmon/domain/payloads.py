"""News as JSON, the payload of a notification, and back. What is at its default is left out."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from webmon.domain.news import News

_NEWS = TypeAdapter(News)


def payload_of(news: News) -> dict[str, Any]:
    """``news`` as values that JSON knows."""
    payload: dict[str, Any] = _NEWS.dump_python(news, mode="json", exclude_defaults=True)
    return payload


def news_from(payload: Mapping[str, Any]) -> News:
    """What `payload_of` made into JSON."""
    return _NEWS.validate_python(payload)
