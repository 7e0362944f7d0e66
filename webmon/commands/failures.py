"""Of many failures in a row the last ones keep their evidence; older ones keep message and numbers.

Every failure is stored with its evidence, which is then taken from an older one.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlmodel import Session

from webmon.bulk import as_arrays, unnested
from webmon.models import CheckResult
from webmon.models.columns import table

RESULTS = table(CheckResult)
KEY = {"service_id": RESULTS.c.service_id, "at_ms": RESULTS.c.at_ms}

LAST_FAILURES = 5
"""So many of a run keep their evidence."""


def _forget(service_id: ColumnElement[int], at_ms: ColumnElement[int]) -> Any:
    """Take the evidence from the newest failure that is no longer one of the last at ``at_ms``."""
    result = RESULTS.alias().c
    older = (
        select(result.at_ms)
        .where(result.service_id == service_id, result.at_ms <= at_ms)
        .where(result.evidence.is_not(None))
        .order_by(result.at_ms.desc())
        .offset(LAST_FAILURES)
        .limit(1)
        .scalar_subquery()
    )
    theirs = (KEY["service_id"] == service_id) & (KEY["at_ms"] == older)
    return update(RESULTS).where(theirs).values(evidence=None)


FORGET_EACH = _forget(bindparam("key", type_=KEY["at_ms"].type), bindparam("at"))
FORGET_ARRAYS = _forget(*unnested(KEY).values())


def forget_older_evidence(session: Session, failures: Sequence[dict[str, Any]]) -> None:
    """These results are stored, and each follows on more than `LAST_FAILURES` failures."""
    if not failures:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(FORGET_ARRAYS, as_arrays(KEY, failures))
    else:
        each = [{"key": row["service_id"], "at": row["at_ms"]} for row in failures]
        session.connection().execute(FORGET_EACH, each)
