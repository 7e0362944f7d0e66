"""Do a request once, however often it comes: the same key gets the same answer for 24 hours."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col

from webmon.bulk import insert_new
from webmon.errors import Invalid
from webmon.models import RepeatableAnswer
from webmon.models.columns import table

KEPT = timedelta(hours=24)
LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, and the resource as it was shown."""

    status: int
    content: dict[str, Any]
    repeated: bool = False


def once(
    session: Session,
    api_key_id: int,
    name: str,
    digest: str,
    work: Callable[[], Answer],
    *,
    now: datetime,
) -> Answer:
    """The answer that was given to the request with that name, else that of ``work``.

    Its row is written first: of two at once, the second waits for the end of the first.

    Raises:
        Invalid: the name was used for another request; or what ``work`` raises, and then the next
            try is a first one again.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isascii() or not name.isprintable():
        message = f"must be 1 to {LONGEST_NAME} characters of ASCII"
        raise Invalid(message, "Idempotency-Key")
    session.execute(delete(RepeatableAnswer).where(col(RepeatableAnswer.created_at) <= now - KEPT))
    row = {
        "api_key_id": api_key_id,
        "name": name,
        "digest": digest,
        "status": 0,
        "answer": {},
        "created_at": now,
    }
    insert_new(session, table(RepeatableAnswer), [row])
    stored = session.get_one(RepeatableAnswer, (api_key_id, name), populate_existing=True)
    if stored.status:  # not ours: that is set at the end only
        if stored.digest != digest:
            raise Invalid("was used for another request within 24 hours", "Idempotency-Key")
        return Answer(stored.status, stored.answer, repeated=True)
    answer = work()
    stored = session.get_one(RepeatableAnswer, (api_key_id, name))  # ``work`` may expire it
    stored.status, stored.answer = answer.status, answer.content
    session.flush()
    return answer
