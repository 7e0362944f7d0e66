"""Why bad news is held back at present. The one place that decides this.

Six reasons: it is in planned downtime, and the channel is quiet meanwhile (then good news is held
back too); somebody has muted the service or its host; a critical service of the host is down, so
the other failures follow from it; the channel is public and the service is not; the outage is known
from a backup only, and no check has confirmed it yet; or host or channel have moved to another
namespace since it was told last.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from webmon.commands.notifications.subjects import ELSEWHERE, ChannelRules, Subject, service, state
from webmon.domain.checks.status import Status
from webmon.domain.notifications.rules import Muting, why_muted
from webmon.models import Mute, ServiceState
from webmon.models.columns import table
from webmon.notifiers import NOTIFIERS
from webmon.queries.downtimes.windows import Window, windows_at
from webmon.queries.system.restored import restored_at

mute = table(Mute).c

ONLY_RESTORED = "it was restored, and no check has seen it since"


class Holds:
    """The reasons to hold back news at one moment."""

    def __init__(
        self,
        critical_down: Mapping[int, list[tuple[int, str]]],
        only_restored: Set[int],
        mutings: Sequence[Row[Any]],
        planned: Mapping[int, Sequence[Window]],
        now: datetime,
    ) -> None:
        self._critical_down = critical_down
        self._only_restored = only_restored
        self._mutings = mutings
        self._planned = planned
        self._now = now

    def why(self, channel: ChannelRules, subject: Subject) -> str:
        """Why the channel is not told now that the service has failed; empty if it is told."""
        if because := why_not_theirs(channel, subject):
            return because
        if self.is_only_restored(subject):
            return ONLY_RESTORED
        if because := why_muted(self._mutings_of(subject), self._now):
            return because
        if because := self.why_quiet(channel, subject):
            return because
        for service_id, name in self._critical_down.get(subject.host_id, ()):
            if service_id != subject.service_id and not subject.critical:
                return f"{name} is critical and down"
        return ""

    def why_quiet(self, channel: ChannelRules, subject: Subject) -> str:
        """Why the channel is told nothing of the service, neither bad nor good; empty if it is."""
        kind = NOTIFIERS.get(channel.kind)
        is_quiet = kind is not None and kind.is_quiet_in_downtime
        windows = self._planned.get(subject.service_id, ())
        return next(
            (f"planned downtime: {each.title}" for each in windows if is_quiet or each.silence_all),
            "",
        )

    def is_planned(self, subject: Subject) -> bool:
        """Whether the service is in planned downtime."""
        return bool(self._planned.get(subject.service_id))

    def _mutings_of(self, subject: Subject) -> Iterable[Muting]:
        for each in self._mutings:
            if each.service_id == subject.service_id or each.host_id == subject.host_id:
                yield Muting(each.created_by, each.reason, each.until_at)

    def is_only_restored(self, subject: Subject) -> bool:
        """Whether its status is from a backup, and no check has seen it since."""
        return subject.service_id in self._only_restored


def why_not_theirs(channel: ChannelRules, subject: Subject) -> str:
    """Why the readers of the channel may not know of the service; empty if they may."""
    if not channel.is_for(subject.namespace_id):
        return ELSEWHERE
    kind = NOTIFIERS.get(channel.kind)
    if kind is not None and kind.is_public and not subject.public:
        return "it is not public, but this channel is"
    return ""


def load_holds(session: Session, subjects: Iterable[Subject], now: datetime) -> Holds:
    """The reasons to hold back news about these services."""
    subjects = list(subjects)
    rows = session.execute(
        select(service.host_id, service.id, service.name)
        .join(table(ServiceState), state.service_id == service.id)
        .where(service.host_id.in_({subject.host_id for subject in subjects}))
        .where(service.critical, state.status == Status.DOWN)
        .order_by(service.id)
    )
    critical_down: dict[int, list[tuple[int, str]]] = {}
    for host_id, service_id, name in rows:
        critical_down.setdefault(host_id, []).append((service_id, name))
    service_ids = [each.service_id for each in subjects]
    restored = _only_restored(session, service_ids)
    planned = windows_at(session, now, service_ids)
    return Holds(critical_down, restored, _mutings(session, subjects), planned, now)


def _mutings(session: Session, subjects: Iterable[Subject]) -> Sequence[Row[Any]]:
    hosts = mute.host_id.in_({each.host_id for each in subjects})
    services = mute.service_id.in_({each.service_id for each in subjects})
    return session.execute(
        select(mute.host_id, mute.service_id, mute.created_by, mute.reason, mute.until_at)
        .where(mute.ended_at.is_(None), hosts | services)
        .order_by(mute.id)
    ).all()


def _only_restored(session: Session, service_ids: Iterable[int]) -> Set[int]:
    at = restored_at(session)
    if at is None:
        return frozenset()
    unseen = state.observed_at.is_(None) | (state.observed_at <= at)
    return frozenset(
        session.scalars(
            select(state.service_id).where(
                state.service_id.in_(service_ids),
                state.since <= at,
                unseen | (state.last_status != state.status),
            )
        )
    )
