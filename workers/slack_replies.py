"""Post the answers to clicks on Slack's buttons: once, because one that comes late is no use."""

import json
import logging

from pydantic import SecretStr

from webmon import clock
from webmon.commands.slack.replies import take_replies
from webmon.notifiers.base import NotifierError
from webmon.notifiers.transport import post
from workers.pipeline import Pipeline

log = logging.getLogger(__name__)


async def post_replies(pipeline: Pipeline) -> None:
    """One pass over what waits."""
    waiting = await pipeline.in_database(lambda session: take_replies(session, now=clock.utcnow()))
    for url, body in waiting:
        content = json.dumps(body, ensure_ascii=False).encode()
        try:
            answer = await post(SecretStr(url), content, {})
        except (NotifierError, OSError) as error:
            log.warning("an answer to Slack did not get through: %s", error)
            continue
        if answer.status >= 300:
            log.warning("Slack has refused an answer with status %s", answer.status)
