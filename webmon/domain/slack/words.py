"""A command as it is written: ``/webmon mute Datastore/Website 2h new disks``."""

import re
from dataclasses import dataclass
from enum import StrEnum

from webmon.domain.slack.times import PLAN, parse_length

QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"})
MOST = 1000


class Name(StrEnum):
    """What can be asked for."""

    STATUS = "status"
    DOWN = "down"
    METRICS = "metrics"
    ACK = "ack"
    MUTE = "mute"
    PLAN = "plan"
    EXTEND = "extend"
    DONE = "done"
    LINK = "link"
    HELP = "help"


HELP = {
    Name.STATUS: "`status [namespace or host]` – how everything is, or a part of it",
    Name.DOWN: "`down` – what is down or in difficulties",
    Name.METRICS: "`metrics` – response time and uptime",
    Name.ACK: "`ack HOST/SERVICE` – take an incident: no more reminders",
    Name.MUTE: "`mute HOST[/SERVICE] 2h [reason]` – tell nothing of it for a while",
    Name.PLAN: '`plan "title" HOST tomorrow 22:00 for 45m` – plan downtime',
    Name.EXTEND: "`extend HOST 30m` – let its downtime last longer",
    Name.DONE: "`done HOST` – end its downtime now",
    Name.LINK: "`link CODE` – link yourself to your account, with the code from your profile",
    Name.HELP: "`help` – this list",
}
CHANGES = frozenset({Name.ACK, Name.MUTE, Name.PLAN, Name.EXTEND, Name.DONE})
"""What only people may do who are linked to an editor or admin."""


@dataclass(frozen=True, slots=True)
class Command:
    """``target`` names a namespace, host, or host/service, as it was written."""

    name: Name
    target: str = ""
    title: str = ""
    when: str = ""
    length: str = ""
    reason: str = ""
    code: str = ""


def read_command(text: str) -> Command:
    """The command.

    Raises:
        ValueError: there is no such command, or something is missing; says how it is written.
    """
    said = " ".join(text[:MOST].translate(QUOTES).split())
    word, _, rest = said.partition(" ")
    try:
        name = Name(word.lower() or "help")
    except ValueError:
        raise ValueError(f"there is no command “{word[:40]}”. Try `help`") from None
    if name is Name.STATUS:
        return Command(name, _bare(rest))
    if name is Name.ACK:
        return Command(name, _needed(name, _bare(rest)))
    if name is Name.LINK:
        return Command(name, code=_needed(name, rest))
    if name is Name.MUTE:
        return _mute(rest)
    if name is Name.PLAN:
        return _plan(rest)
    if name is Name.EXTEND:
        target, _, length = rest.rpartition(" ")
        parse_length(_needed(name, length))
        return Command(name, _bare(target), length=length)
    return Command(name, _bare(rest))


def _needed(name: Name, value: str) -> str:
    if not value:
        raise ValueError(f"something is missing: {HELP[name]}")
    return value


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def _mute(rest: str) -> Command:
    words = rest.split(" ")
    for place in range(1, len(words)):
        if re.fullmatch(r"\d+[dhm]\S*", words[place].lower()):
            parse_length(words[place])
            target, reason = " ".join(words[:place]), " ".join(words[place + 1 :])
            return Command(Name.MUTE, _bare(target), length=words[place], reason=_bare(reason))
    raise ValueError(f"for how long? {HELP[Name.MUTE]}")


def _plan(rest: str) -> Command:
    match = re.fullmatch(r'"(?P<title>[^"]+)" (?P<rest>.+)', rest)
    if match is None:
        raise ValueError(f"begin with the title in quotes: {HELP[Name.PLAN]}")
    lowered = match["rest"].lower()
    for place in range(len(lowered)):
        if lowered[place] != " ":
            continue
        time = PLAN.fullmatch(lowered[place + 1 :])
        if time is not None:
            parse_length(time["length"])
            target = _bare(match["rest"][:place])
            return Command(Name.PLAN, target, match["title"].strip(), time["when"], time["length"])
    raise ValueError(f"I do not know when. {HELP[Name.PLAN]}")
