"""A message for programs: the JSON that a webhook receives."""

from datetime import UTC, datetime
from typing import Any

from webmon.domain.notifications.messages.links import link_of
from webmon.domain.notifications.messages.wording import headline
from webmon.domain.notifications.news import Message, News


def webhook_payload(message: Message) -> dict[str, Any]:
    """The newest of the news by itself, and all of them, oldest first, under ``news``.

    ``key`` names the message: a receiver that sees it again has got it before.
    """
    return {
        **_fields(message.news[-1], message),
        "key": message.key,
        "text": headline(message),
        "late": message.is_late,
        "news": [_fields(news, message) for news in message.news],
    }


def _fields(news: News, message: Message) -> dict[str, Any]:
    return {
        "event": news.event.value,
        "namespace": news.namespace,
        "host": news.host,
        "service": news.service,
        "status": news.status.value,
        "since": _instant(news.since),
        "down_since": _instant(news.down_since),
        "at": _instant(news.told_at),
        "message": news.message,
        "incident": news.incident or None,
        "planned_downtime": news.planned_downtime,
        "url": link_of(news, message) or None,
    }


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None
