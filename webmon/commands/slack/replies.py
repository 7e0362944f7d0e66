"""Answers to clicks: stored by the web process, posted by the worker."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from webmon.crypto import vault
from webmon.models import SlackReply

KEPT = timedelta(minutes=25)
"""Slack takes an answer for half an hour."""
AT_ONCE = 20


def queue_reply(session: Session, url: str, body: dict[str, Any], *, now: datetime) -> None:
    """Let the worker post ``body`` to ``url``."""
    session.add(SlackReply(url=vault().encrypt(url), body=body, created_at=now))
    session.flush()


def take_replies(session: Session, *, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """The answers that wait, oldest first, which then are somebody's to post: at most once."""
    session.execute(delete(SlackReply).where(col(SlackReply.created_at) < now - KEPT))
    oldest = select(SlackReply.id).order_by(col(SlackReply.id)).limit(AT_ONCE)
    rows = session.execute(
        delete(SlackReply)
        .where(col(SlackReply.id).in_(list(session.exec(oldest))))
        .returning(col(SlackReply.url), col(SlackReply.body))
    ).all()
    return [(vault().decrypt(url), body) for url, body in rows]
