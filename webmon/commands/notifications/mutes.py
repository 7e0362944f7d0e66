"""Mute a host or a service: for a while its bad news is stored as suppressed, with the reason.

What is still wrong when the mute ends is told then (`follow_ups.tell_unmuted`). The end of an
outage that a channel was told of is told all the same.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field
from sqlalchemy import select, update
from sqlmodel import Session, col

from webmon.commands.accounts.activity import Found, noted
from webmon.commands.locks import lock_services
from webmon.commands.notifications.holds import mute
from webmon.commands.notifications.outbox import hold_back, load_last_words
from webmon.commands.notifications.subjects import service, state
from webmon.commands.validation import Fields, validated
from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.checks.status import Status
from webmon.domain.ids import is_id
from webmon.domain.notifications.messages.wording import one_line
from webmon.domain.notifications.rules import NOT_WELL, Muting, why_muted
from webmon.errors import Invalid, NotFound
from webmon.models import Host, Mute, Service, ServiceState
from webmon.models.columns import table
from webmon.models.notifications import MOST_OF_A_REASON

LONGEST = timedelta(days=366)


class MuteFields(Fields):
    """Why, as one line, and until when; None: until all is well again."""

    reason: Annotated[
        str, BeforeValidator(lambda typed: one_line(typed) if isinstance(typed, str) else typed)
    ] = Field(min_length=1, max_length=MOST_OF_A_REASON)
    until_at: AwareDatetime | None


def _muted(_session: Session, mute: Mute, now: datetime, _id: int) -> Found:
    """What was muted just now; nothing where the same mute was there already."""
    if mute.created_at == now:
        yield _subject_of(mute)


def _unmuted(session: Session, _result: None, now: datetime, mute_id: int) -> Found:
    found = session.get_one(Mute, mute_id)
    if found.ended_at == now:
        yield _subject_of(found)


def _subject_of(mute: Mute) -> tuple[str, int | None]:
    return ("host", mute.host_id) if mute.host_id else ("service", mute.service_id)


@noted("host", "muted", about=_muted, told=("reason", "until_at"))
def mute_host(
    session: Session,
    host_id: int,
    *,
    reason: str,
    until_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> Mute:
    """Tell no bad news of a host until an instant, or until all its services are well.

    Another mute of the same host ends.

    Raises:
        Invalid: no reason; an instant that is past or over a year away; without an instant:
            nothing is wrong.
        NotFound, PermissionDenied.
    """
    found = session.get(Host, host_id) if is_id(host_id) else None
    if found is None:
        raise NotFound("this host does not exist")
    require_theirs(actor, Role.EDITOR, found.namespace_id, "host")
    wanted = _checked(reason, until_at, now)
    return _mute(session, Mute(host_id=host_id, **_columns(wanted, actor, now)))


@noted("service", "muted", about=_muted, told=("reason", "until_at"))
def mute_service(
    session: Session,
    service_id: int,
    *,
    reason: str,
    until_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> Mute:
    """The same for one service."""
    found = session.get(Service, service_id) if is_id(service_id) else None
    if found is None:
        raise NotFound("this service does not exist")
    namespace_id = session.get_one(Host, found.host_id).namespace_id
    require_theirs(actor, Role.EDITOR, namespace_id, "service")
    wanted = _checked(reason, until_at, now)
    return _mute(session, Mute(service_id=service_id, **_columns(wanted, actor, now)))


@noted("host", "unmuted", about=_unmuted)
def end_mute(session: Session, mute_id: int, *, actor: Actor, now: datetime) -> None:
    """End a mute early; one that is over stays as it is.

    Raises:
        NotFound, PermissionDenied.
    """
    found = session.get(Mute, mute_id) if is_id(mute_id) else None
    if found is None:
        raise NotFound("this mute does not exist")
    host_id = found.host_id
    if found.service_id is not None:
        host_id = session.get_one(Service, found.service_id).host_id
    namespace_id = session.get_one(Host, host_id).namespace_id
    require_theirs(actor, Role.EDITOR, namespace_id, "mute")
    if found.ended_at is None:
        found.ended_at, found.ended_by = now, actor.email


GOES_ON = mute.ended_at.is_(None)


def end_over(session: Session, *, now: datetime) -> None:
    """End the mutes whose time is over, and those whose services are well again."""
    current = session.execute(select(*mute).where(GOES_ON)).all()
    for each in current:
        if _muting(each).is_over(frozenset(_statuses(session, each).values()), now):
            over = update(Mute).where(col(Mute.id) == each.id, col(Mute.ended_at).is_(None))
            session.execute(over.values(ended_at=each.until_at or now))


def _checked(reason: str, until_at: datetime | None, now: datetime) -> MuteFields:
    wanted = validated(MuteFields, {"reason": reason, "until_at": until_at})
    if wanted.until_at is not None and not now < wanted.until_at <= now + LONGEST:
        raise Invalid("must lie in the future, at most a year away", "until_at")
    return wanted


def _columns(wanted: MuteFields, actor: Actor, now: datetime) -> dict[str, Any]:
    return {**wanted.model_dump(), "created_at": now, "created_by": actor.email}


def _mute(session: Session, wanted: Mute) -> Mute:
    lock_services(session, list(_statuses(session, wanted)))
    statuses = _statuses(session, wanted)
    if wanted.until_at is None and not NOT_WELL & set(statuses.values()):
        raise Invalid("nothing is wrong at present: choose until when", "until_at")
    same = (
        col(Mute.host_id) == wanted.host_id
        if wanted.host_id is not None
        else col(Mute.service_id) == wanted.service_id
    )
    current = session.scalars(select(Mute).where(same, col(Mute.ended_at).is_(None))).first()
    if current is not None and _muting(current) == _muting(wanted):
        return current
    session.execute(
        update(Mute)
        .where(same, col(Mute.ended_at).is_(None))
        .values(ended_at=wanted.created_at, ended_by=wanted.created_by)
    )
    session.add(wanted)
    session.flush()
    _take_back(session, list(statuses), wanted)
    return wanted


def _muting(stored: Any) -> Muting:
    return Muting(stored.created_by, stored.reason, stored.until_at)


def _statuses(session: Session, stored: Any) -> dict[int, Status]:
    """The services that a mute is about, and their statuses."""
    is_meant = (
        service.host_id == stored.host_id
        if stored.host_id is not None
        else service.id == stored.service_id
    )
    rows = session.execute(
        select(service.id, state.status)
        .join(table(ServiceState), state.service_id == service.id)
        .where(is_meant)
    )
    return {each[0]: Status(each[1]) for each in rows}


def _take_back(session: Session, service_ids: Sequence[int], wanted: Mute) -> None:
    """Bad news that is queued, as for a channel that is down, is not sent either."""
    waiting = [each for stored in load_last_words(session, service_ids).values() for each in stored]
    why = why_muted([_muting(wanted)], wanted.created_at)
    hold_back(session, waiting, why, now=wanted.created_at)
