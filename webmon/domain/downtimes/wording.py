"""What channels are told of a step: one line that says it all, then the planner's message. Pure."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from webmon.domain.downtimes.life_cycle import Step
from webmon.domain.history.uptime import Period

MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Told:
    """An occurrence as it is told. ``scope`` are the names that these readers may know.

    ``before`` is its time before a change, ``why`` the reason for its end.
    """

    title: str
    message: str
    scope: tuple[str, ...]
    period: Period
    timezone: str
    before: Period | None = None
    why: str = ""


def text_of(step: Step, told: Told) -> str:
    """The text of a step: ``Planned downtime started: Upgrade (Datastore), Tue 1 Dec 22:00 …``."""
    name = f"{told.title} ({_listed(told.scope)})" if told.scope else told.title
    span = _span(told.period, told.timezone)
    before = _span(told.before, told.timezone) if told.before is not None else ""
    match step:
        case Step.ANNOUNCED:
            line = f"Planned downtime announced: {name}, {span}."
        case Step.REMINDED:
            line = f"Reminder of planned downtime: {name}, {span}."
        case Step.RESCHEDULED:
            line = f"Planned downtime rescheduled: {name}, now {span}, instead of {before}."
        case Step.STARTED:
            line = f"Planned downtime started: {name}, {span}."
        case Step.EXTENDED:
            line = f"Planned downtime extended: {name}, now {span}, instead of {before}."
        case Step.FINISHED:
            line = f"Planned downtime finished: {name}, {span}{told.why}."
        case _:
            line = f"Planned downtime cancelled: {name}, {span}."
    is_news = step in (Step.ANNOUNCED, Step.REMINDED, Step.RESCHEDULED, Step.STARTED)
    return f"{line}\n{told.message}" if told.message and is_news else line


def still_down(services: tuple[str, ...]) -> str:
    """Which services went down in planned downtime and are still down at its end."""
    return f"Still down after planned downtime: {_listed(services)}."


def question(told: Told, services: tuple[str, ...], address: str) -> str:
    """What the owner is asked shortly before the end."""
    be = "is" if len(services) == 1 else "are"
    return (
        f"{told.title} ends at {_time(told.period.ended_at, told.timezone, None)}, and "
        f"{_listed(services)} {be} still down.\n"
        f"Extend it by 30 minutes, or finish it: {address}"
    )


def _listed(names: tuple[str, ...]) -> str:
    shown, more = names[:MOST_NAMES], len(names) - MOST_NAMES
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _span(period: Period, timezone: str) -> str:
    """``Tue 1 Dec 22:00 to 22:45 GMT``."""
    begin, end = (each.astimezone(ZoneInfo(timezone)) for each in period)
    zones = f"{begin:%Z} " if begin.tzname() != end.tzname() else ""
    first = f"{begin:%a} {begin.day} {begin:%b} {_clock(begin)}"
    return f"{first} {zones}to {_time(period.ended_at, timezone, begin)}"


def _time(at: datetime, timezone: str, after: datetime | None) -> str:
    local = at.astimezone(ZoneInfo(timezone))
    day = ""
    if after is not None and local.date() != after.date():
        day = f"{local:%a} {local.day} {local:%b} "
    return f"{day}{_clock(local)} {local:%Z}"


def _clock(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
