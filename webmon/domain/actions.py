"""What can be begun from anywhere by typing its name, and the page that begins it."""

from collections.abc import Sequence
from dataclasses import dataclass

from webmon.domain.accounts.access import Actor, Role

MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Action:
    """Something that ``role`` or more may do; its address is within the admin app."""

    name: str
    address: str
    role: Role = Role.EDITOR
    everywhere: bool = False
    """Only for who is limited to no namespaces."""


ACTIONS = (
    Action("Add a site, by its URL", "/hosts/?new=site"),
    Action("Add a host", "/hosts/?new=host"),
    Action("Add a service", "/hosts/?new=service"),
    Action("Plan downtime", "/downtime/?new=downtime"),
    Action("Add a channel", "/channels/?new=channel", Role.ADMIN),
    Action("Add a namespace", "/namespaces/?new=namespace", everywhere=True),
    Action("Invite a user", "/users/?new=user", Role.ADMIN),
    Action("Your profile", "/profile/", Role.VIEWER),
)

VERBS = {
    "pause": "/service/?id={service}#pause-until",
    "mute": "/{kind}/?id={id}#mute-reason",
    "plan downtime for": "/downtime/?plan={kind}-{id}",
}
"""What can be done with one host or service, and where. A host is not paused as a whole."""


def words_of(text: str) -> list[str]:
    """The words that were typed, in small letters."""
    printable = "".join(each if each.isprintable() else " " for each in text.lower())
    return printable.split()[:MOST_WORDS]


def actions_for(actor: Actor, words: Sequence[str]) -> list[Action]:
    """The actions that ``actor`` may begin and whose names hold all the ``words``."""
    return [
        each
        for each in ACTIONS
        if actor.has(each.role)
        and not (each.everywhere and actor.namespace_ids is not None)
        and all(word in each.name.lower() for word in words)
    ]


def verb_in(actor: Actor, words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The verb that the first words begin (``pau``), and the words behind it; or no verb."""
    for verb in VERBS if actor.has(Role.EDITOR) and words else ():
        first = verb.split()[0]
        if len(words[0]) >= 3 and first.startswith(words[0]):
            rest = words[1:]
            while rest and rest[0] in verb.split()[1:]:
                rest = rest[1:]
            return verb, rest
    return "", words
