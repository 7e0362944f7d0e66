"""The rows of check results: numbers for all, words and evidence where something was wrong."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from webmon.bulk import as_arrays, unnested, upsert
from webmon.domain.checks.status import OBSERVED, Status
from webmon.domain.history.uptime import silence
from webmon.models import CheckResult, NoData, ServiceState
from webmon.models.columns import table
from webmon.models.history import STATUS_CODES
from webmon.probes.base import Outcome

state = table(ServiceState).c


def result_row(service_id: int, at: datetime, outcome: Outcome) -> dict[str, Any]:
    """A row of `CheckResult`. A success keeps its numbers only; one that could not be made keeps
    the reason."""
    has_failed = outcome.status in (Status.DOWN, Status.DEGRADED)
    phases = outcome.phases
    return {
        "service_id": service_id,
        "at_ms": milliseconds(at),
        "status": STATUS_CODES[outcome.status],
        "response_us": outcome.response_us,
        "dns_us": phases.dns_us,
        "connect_us": phases.connect_us,
        "tls_us": phases.tls_us,
        "first_byte_us": phases.first_byte_us,
        "message": None if outcome.status is Status.UP else outcome.message,
        "evidence": outcome.evidence or None if has_failed else None,
    }


def no_data_row(service_id: int, began_at: datetime, ended_at: datetime) -> dict[str, Any]:
    """A row of `NoData`."""
    return {
        "service_id": service_id,
        "began_at_ms": milliseconds(began_at),
        "ended_at_ms": milliseconds(ended_at),
    }


def milliseconds(at: datetime) -> int:
    """``at`` in milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def full_evidence(outcome: Outcome, issuer: str | None, former: str | None) -> dict[str, Any]:
    """The evidence kept of the last check: phases, facts, the previous certificate issuer.

    ``issuer`` and ``former`` are those of the check before.
    """
    phases = outcome.phases
    kept = {
        "phases": {
            "dns_us": phases.dns_us,
            "connect_us": phases.connect_us,
            "tls_us": phases.tls_us,
            "first_byte_us": phases.first_byte_us,
        },
        **outcome.evidence,
    }
    if issuer is not None and "issuer" in kept:
        former = issuer if issuer != kept["issuer"] else former
        if former:
            kept["former_issuer"] = former
    return kept


def store_results(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store results, each at its millisecond; the states of their services are locked.

    Where the clock went back, a result of the first time may stand there: then the one after it
    is used, so that an hour that is lived twice keeps the results of both.
    """
    if not rows:
        return
    first_try = session.begin_nested()
    if _insert(session, rows, taken=False) == len(rows):
        first_try.commit()
    else:  # nearly never, so that nothing is asked before
        first_try.rollback()
        _insert(session, rows, taken=True)


def _insert(session: Session, rows: Sequence[dict[str, Any]], *, taken: bool) -> int:
    """Insert what can be; returns how many. ``taken`` says that some milliseconds are."""
    results = table(CheckResult)
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        columns = {column.name: column for column in results.c}
        return connection.execute(_insert_arrays(results, taken), as_arrays(columns, rows)).rowcount
    return connection.execute(_insert_each(results, taken), rows).rowcount


def store_no_data(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store gaps without checks."""
    upsert(session, table(NoData), rows)


SILENCE_COLUMNS = ("status", "observed_at", "credit_seconds", "patience_seconds")


def store_silences(session: Session, service_ids: Sequence[int], *, now: datetime) -> None:
    """Store the gaps since the last checks as no data, before services are paused."""
    columns = [state[name] for name in ("service_id", *SILENCE_COLUMNS)]
    rows = []
    for known in session.execute(select(*columns).where(state.service_id.in_(service_ids))):
        if known.observed_at is None or known.status not in OBSERVED:
            continue
        unseen = silence(
            known.observed_at,
            now,
            credit_seconds=known.credit_seconds,
            patience_seconds=known.patience_seconds,
        )
        if unseen is not None:
            rows.append(no_data_row(known.service_id, *unseen))
    if rows:
        store_no_data(session, rows)


def _free_ms(into: Table, new: Mapping[str, ColumnElement[Any]]) -> ColumnElement[int]:
    """The millisecond of a new result; if it is taken, the next one that is free."""
    there, after, at_ms = into.alias().c, into.alias().c, new["at_ms"]
    theirs = there.service_id == new["service_id"]
    taken = select(there.at_ms).where(theirs, there.at_ms == at_ms).exists()
    followed = select(after.at_ms).where(
        after.service_id == there.service_id, after.at_ms == there.at_ms + 1
    )
    last = select(there.at_ms).where(theirs, there.at_ms >= at_ms, ~followed.exists())
    first_end = last.order_by(there.at_ms).limit(1)
    return case((taken, first_end.scalar_subquery() + 1), else_=at_ms)


@cache
def _insert_each(into: Table, taken: bool) -> Any:
    insert = sqlite.insert(into)
    if taken:
        new = {column.name: bindparam(column.name, type_=column.type) for column in into.c}
        insert = insert.values(new | {"at_ms": _free_ms(into, new)})
    return insert.on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@cache
def _insert_arrays(into: Table, taken: bool) -> Any:
    new = unnested({column.name: column for column in into.c})
    values = {**new, "at_ms": _free_ms(into, new)} if taken else new
    insert = postgresql.insert(into).from_select(list(values), select(*values.values()))
    return insert.on_conflict_do_nothing().execution_options(preserve_rowcount=True)


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
