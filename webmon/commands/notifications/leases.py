"""Which worker sends to which channel: one at a time, so that the order is kept."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, case, func, select, update
from sqlmodel import Session

from webmon.bulk import insert_new
from webmon.commands.notifications.outbox import row
from webmon.models import Channel, ChannelState
from webmon.models.columns import table

CHANNELS, STATES = table(Channel), table(ChannelState)
channel, state = CHANNELS.c, STATES.c

LEASE = timedelta(seconds=120)
"""After this another worker may send to the channel. Longer than the longest send."""


class Lease(NamedTuple):
    """The right to send to a channel, as long as its claim is the current one."""

    channel_id: int
    claim: int


def claim_channels(
    session: Session,
    worker_id: str,
    *,
    most: int,
    under_way: Collection[int] = (),
    now: datetime,
) -> list[Lease]:
    """Take up to ``most`` channels that have something to send, the longest waiting first.

    A channel that failed waits for its next try. A channel that is being sent to is left alone;
    those that this worker has ``under_way``, even if the clock says that their lease has ended.
    """
    if most <= 0:
        return []
    waiting = session.execute(
        select(row.channel_id)
        .where(row.ready_at <= now, row.channel_id.not_in(under_way))
        .group_by(row.channel_id)
        .order_by(func.min(row.ready_at))
    )
    channel_ids = waiting.scalars().all()
    if not channel_ids:
        return []
    _make_states(session, channel_ids)
    free = (
        select(state.channel_id)
        .where(state.channel_id.in_(channel_ids))
        .where(state.lease_until.is_(None) | (state.lease_until <= now))
        .where(state.next_try_at.is_(None) | (state.next_try_at <= now))
        .order_by(_position(channel_ids))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    claimed = session.execute(
        update(STATES)
        .where(state.channel_id.in_(free))
        .values(worker_id=worker_id, lease_until=now + LEASE, claim=state.claim + 1)
        .returning(state.channel_id, state.claim)
    )
    return [Lease(*each) for each in claimed]


def next_ready_at(session: Session, *, now: datetime, before: datetime) -> datetime | None:
    """When the next notification is ready, if that is between ``now`` and ``before``."""
    coming = select(func.min(row.ready_at)).where(row.ready_at > now, row.ready_at <= before)
    found: datetime | None = session.scalar(coming)
    return found


def _position(channel_ids: Sequence[int]) -> Any:
    return case({each: place for place, each in enumerate(channel_ids)}, value=state.channel_id)


def _make_states(session: Session, channel_ids: Sequence[int]) -> None:
    """A channel gets its state with its first message."""
    known = session.scalars(select(state.channel_id).where(state.channel_id.in_(channel_ids)))
    missing = set(channel_ids) - set(known)
    if missing:
        present = select(channel.id).where(channel.id.in_(missing))
        found = session.scalars(present.with_for_update(read=True, key_share=True))
        insert_new(session, STATES, [{"channel_id": each} for each in found])


def locked(session: Session, lease: Lease) -> Row[Any] | None:
    """The channel and its state, locked, if the lease still holds."""
    return session.execute(
        select(
            STATES,
            channel.namespace_id,
            channel.kind,
            channel.config,
            channel.enabled,
            channel.built_in,
            channel.limited,
            channel.reminder_every_seconds,
        )
        .join(CHANNELS, channel.id == state.channel_id)
        .where(state.channel_id == lease.channel_id, state.claim == lease.claim)
        .where(state.worker_id.is_not(None))
        .with_for_update(of=STATES)
    ).first()


def held(lease: Lease) -> Any:
    return update(STATES).where(state.channel_id == lease.channel_id, state.claim == lease.claim)


def prove(session: Session, lease: Lease, *, now: datetime) -> bool:
    """Whether the lease still holds; it then does so for its whole time again."""
    if locked(session, lease) is None:
        return False
    session.execute(held(lease).values(lease_until=now + LEASE))
    return True


def hand_back(session: Session, lease: Lease) -> None:
    """Give up the right to send to a channel."""
    session.execute(held(lease).values(worker_id=None, lease_until=None))


def retire(session: Session, worker_id: str) -> None:
    """Give up the leases of a worker that has ended."""
    session.execute(
        update(STATES).where(state.worker_id == worker_id).values(worker_id=None, lease_until=None)
    )


def lock_channels(session: Session, channel_ids: Any) -> None:
    """Lock the states of these channels (ids, or a select of them) until the transaction ends.

    Deleting channels begins with this: sending locks the state first, and then the outbox."""
    session.execute(
        select(state.channel_id)
        .where(state.channel_id.in_(channel_ids))
        .order_by(state.channel_id)
        .with_for_update()
    ).all()
