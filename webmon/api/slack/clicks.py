"""What a click on a button does; the answer is queued for the worker to post."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from webmon import clock, db
from webmon.api.slack.replies import AWAY, linked, refusal
from webmon.commands.slack import changes, links
from webmon.commands.slack.replies import queue_reply
from webmon.domain.accounts.access import Actor
from webmon.domain.slack.blocks import ACKNOWLEDGE, CONFIRM, MUTE, PLAN, answer, escaped
from webmon.domain.slack.words import HELP, Name
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.origin import Way, comes_by

log = logging.getLogger(__name__)
HOUR = timedelta(hours=1)


def do(payload: Mapping[str, Any], signature: str) -> None:
    """Do what the first button in ``payload`` says, once; queue the answer."""
    now = clock.utcnow()
    action, value = _clicked(payload)
    if not action:
        return
    comes_by(Way.SLACK)
    url = payload.get("response_url")
    try:
        with db.write() as session:
            if not links.is_new(session, signature, now=now):
                return
            who = linked(session, _id(payload, "team"), _id(payload, "user"))
            said = answer([_done(session, action, value, who, now)])
    except (Invalid, NotFound, PermissionDenied) as error:
        said = refusal(getattr(error, "message", str(error)))
    except (KeyError, TypeError, ValueError, OverflowError):
        said = refusal("this button is of another version")
    except db.Collision:  # the same delivery is under way, and answers
        return
    except db.DatabaseError as error:
        log.warning("Slack waits for the database: %s", db.reason(error))
        said = refusal(AWAY)
    if isinstance(url, str) and url.startswith(("https://", "http://")):
        body = said | {"replace_original": action == CONFIRM and said["text"].startswith("Planned")}
        with db.write() as session:
            queue_reply(session, url, body, now=now)


def _clicked(payload: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else {}
    if payload.get("type") != "block_actions" or not isinstance(first, dict):
        return "", {}
    try:
        value = json.loads(str(first.get("value") or "{}"))
    except (ValueError, RecursionError):
        value = {}
    action = str(first.get("action_id") or "")
    known = action in (ACKNOWLEDGE, MUTE, PLAN, CONFIRM)
    return (action if known else ""), value if isinstance(value, dict) else {}


def _id(payload: Mapping[str, Any], what: str) -> str:
    found = payload.get(what)
    return str(found.get("id", "")) if isinstance(found, dict) else ""


def _done(
    session: db.Session, action: str, value: Mapping[str, Any], who: Actor, now: datetime
) -> str:
    if action == CONFIRM:
        return changes.plan(session, value, actor=who, now=now)
    targets = changes.of_services(session, value["services"], who)
    if action == ACKNOWLEDGE:
        return changes.take_all(session, targets, actor=who, now=now)
    if action == MUTE:
        return changes.mute_all(session, targets, HOUR, changes.FROM_SLACK, actor=who, now=now)
    host = targets[0].host if targets else "HOST"
    written = HELP[Name.PLAN].partition(" – ")[0].strip("`").replace("HOST", escaped(host))
    return f"Write it with the time: `/webmon {written}`"
