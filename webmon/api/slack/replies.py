"""What a command is answered."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from webmon import clock, db
from webmon.commands.slack import changes, links
from webmon.domain.accounts.access import Actor
from webmon.domain.slack.blocks import CONFIRM, answer, button, escaped
from webmon.domain.slack.words import CHANGES, HELP, Command, Name, read_command
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.origin import Way, comes_by
from webmon.queries import slack as queries

log = logging.getLogger(__name__)

TOO_SLOW = answer(["That takes too long at the moment. Please try again."])
NOT_LINKED = (
    "This is for editors and admins. Link yourself first: get a code in your profile, then "
    "`/webmon link CODE`."
)
DONE_BEFORE = "That was done already."
AWAY = "The database does not answer at the moment. Please try again."
Change = Callable[..., str]
DONE_BY: dict[Name, Change] = {
    Name.ACK: changes.take,
    Name.MUTE: changes.mute,
    Name.EXTEND: changes.lengthen,
    Name.DONE: changes.end,
}


def answer_to(form: Mapping[str, str], signature: str) -> dict[str, Any]:
    """The answer to the command in ``form``, as Slack shows it."""
    team, slack_id = form.get("team_id", ""), form.get("user_id", "")
    now = clock.utcnow()
    try:
        command = read_command(form.get("text", ""))
        if command.name is Name.HELP:
            return answer(["*/webmon*", *HELP.values()])
        if command.name in CHANGES or command.name is Name.LINK:
            return _change(command, team, slack_id, signature, now)
        return answer(_look(command, team, slack_id, now))
    except ValueError as error:
        return refusal(str(error))
    except (Invalid, NotFound, PermissionDenied) as error:
        return refusal(getattr(error, "message", str(error)))
    except db.Collision:  # the same delivery is under way
        return answer([DONE_BEFORE])
    except db.DatabaseError as error:
        log.warning("Slack waits for the database: %s", db.reason(error))
        return refusal(AWAY)


def refusal(text: str) -> dict[str, Any]:
    """Why something was not done."""
    shown = escaped(text)
    return answer([f"⚠️ {shown[:1].upper()}{shown[1:]}"])


def _look(command: Command, team: str, slack_id: str, now: datetime) -> list[str]:
    with db.read() as session:
        scope = queries.seen_by(session, team, slack_id)
        if command.name is Name.STATUS:
            return queries.status_lines(session, scope, command.target, now=now)
        if command.name is Name.DOWN:
            return queries.down_lines(session, scope, now=now)
        return queries.metrics_lines(session, scope, now=now)


def _change(
    command: Command, team: str, slack_id: str, signature: str, now: datetime
) -> dict[str, Any]:
    comes_by(Way.SLACK)
    with db.write() as session:
        if not links.is_new(session, signature, now=now):
            return answer([DONE_BEFORE])
        if command.name is Name.LINK:
            email = links.link(session, command.code, team, slack_id, now=now)
            return answer([f"You are linked to {escaped(email)}."])
        who = linked(session, team, slack_id)
        if command.name is Name.PLAN:
            return _proposal(changes.propose(session, command, actor=who, now=now))
        return answer([f"✅ {DONE_BY[command.name](session, command, actor=who, now=now)}"])


def linked(session: db.Session, team: str, slack_id: str) -> Actor:
    """Who writes.

    Raises:
        PermissionDenied: nobody that is linked to an account.
    """
    who = queries.person(session, team, slack_id)
    if who is None:
        raise PermissionDenied(NOT_LINKED)
    return who


def _proposal(found: changes.Proposal) -> dict[str, Any]:
    confirm = button("Plan it", CONFIRM, found.value, primary=True)
    return answer(["Plan this downtime?", *found.lines], buttons=[confirm])
