"""Which of the built-in e-mails a person wants. Pure."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from webmon.domain.notifications.news import Event


class MailKind(StrEnum):
    """What people choose about: together, so that a recovery goes where its outage went."""

    OUTAGES = "outages"
    REMINDERS = "reminders"
    DOWNTIMES = "downtimes"


WORDS = {
    MailKind.OUTAGES: "outages and recoveries",
    MailKind.REMINDERS: "reminders",
    MailKind.DOWNTIMES: "planned downtime",
}

KINDS = {
    Event.DOWN: MailKind.OUTAGES,
    Event.UP: MailKind.OUTAGES,
    Event.DEGRADED: MailKind.OUTAGES,
    Event.FLAPPING: MailKind.OUTAGES,
    Event.INCIDENT_UPDATE: MailKind.OUTAGES,
    Event.ACKNOWLEDGED: MailKind.OUTAGES,
    Event.REMINDER: MailKind.REMINDERS,
    Event.DOWNTIME: MailKind.DOWNTIMES,
}
"""Tests, and news about the monitor itself, have no kind: nobody can do without them."""


def is_wanted(events: Iterable[Event], unwanted: Collection[str]) -> bool:
    """Whether a message with these events goes to a person who does without these kinds: as soon as
    one of the events is wanted."""
    return any(KINDS.get(event) not in unwanted for event in events)


def kinds_of(events: Iterable[str]) -> tuple[MailKind, ...]:
    """The kinds that these events belong to, in one order."""
    found = {KINDS[event] for event in map(Event, events) if event in KINDS}
    return tuple(kind for kind in MailKind if kind in found)
