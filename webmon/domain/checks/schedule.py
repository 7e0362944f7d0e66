"""When a service is checked. Pure: instants in, instants out.

Every service has its own place within its interval, worked out from its id, so that services
are spread evenly, keep their rhythm over restarts, and never gather into a burst.
"""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# Multiples of the golden ratio's fraction, modulo 1, lie as evenly as any sequence can however
# many are taken (Knuth, TAOCP vol. 3, 6.4): neighbouring ids land far apart.
GOLDEN = 0.6180339887498949


def phase(service_id: int) -> float:
    """The place of a service within its interval, 0 ≤ phase < 1."""
    return (service_id * GOLDEN) % 1.0


def next_slot(service_id: int, interval_seconds: float, after: datetime) -> datetime:
    """The first instant of the service's own rhythm that lies after ``after``.

    In whole microseconds: a slot rounded to them would seem to lie before itself, and come twice.
    """
    interval = round(interval_seconds * 1_000_000)
    offset = round(phase(service_id) * interval)
    slots = ((after - EPOCH) // MICROSECOND - offset) // interval + 1
    return EPOCH + timedelta(microseconds=offset + slots * interval)


def next_check_at(
    service_id: int,
    now: datetime,
    *,
    interval_seconds: float,
    retry_seconds: float,
    confirm: bool,
) -> datetime:
    """When to look again: at the next slot, or sooner where a change waits for confirmation."""
    slot = next_slot(service_id, interval_seconds, now)
    if confirm:
        return min(slot, now + timedelta(seconds=retry_seconds))
    return slot


def spread(service_id: int, now: datetime, window_seconds: float) -> datetime:
    """An instant within the coming window, for one of many services that are due at once."""
    return now + timedelta(seconds=phase(service_id) * window_seconds)
