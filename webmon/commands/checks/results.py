"""The rows of check results: numbers for all, words and evidence where something was wrong."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from webmon.bulk import as_arrays, unnested, upsert
from webmon.domain.status import OBSERVED, Status
from webmon.domain.uptime import silence
from webmon.models import CheckResult, NoData, Service, ServiceState
from webmon.models.columns import table
from webmon.models.history import STATUS_CODES
from webmon.probes.base import Outcome

state = table(ServiceState).c


def result_row(service_id: int, at: datetime, outcome: Outcome) -> dict[str, Any]:
    """A row of `CheckResult`: ordinary successes keep their numbers only, and where we could not
    look, the reason."""
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
    """What is kept of the last check: phases, evidence, and the previous issuer of the certificate.

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

    Another result may be there already, where the clock went back. Then the next free millisecond
    has to do: an hour that is lived twice keeps the results of both.
    """
    while rows:
        missing = len(rows) - _insert_new(session, rows)
        if not missing:
            return
        rows = [row | {"at_ms": row["at_ms"] + 1} for row in _kept_out(session, rows)[:missing]]


TOLD = ("status", "response_us", "dns_us", "connect_us", "tls_us", "first_byte_us", "message")


def _kept_out(session: Session, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, first those in whose place something else stands, then those that may be there.

    (A savepoint would tell them apart for certain, and cost every batch twice its time.)
    """
    result = table(CheckResult).c
    keys = [(row["service_id"], row["at_ms"]) for row in rows]
    found = session.execute(
        select(result.service_id, result.at_ms, *(result[name] for name in TOLD)).where(
            tuple_(result.service_id, result.at_ms).in_(keys)
        )
    )
    present = {(each[0], each[1]): tuple(each[2:]) for each in found}
    return sorted(
        rows,
        key=lambda row: (
            present[row["service_id"], row["at_ms"]] == tuple(row[name] for name in TOLD)
        ),
    )


def _insert_new(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Insert those of the rows whose key is free; returns how many."""
    results = table(CheckResult)
    done: Any
    if session.get_bind().dialect.name == "postgresql":
        columns = {column.name: column for column in results.c}
        done = session.execute(_insert_arrays(results), as_arrays(columns, rows))
    else:
        done = session.connection().execute(_insert_each(results), rows)
    return int(done.rowcount)


def store_no_data(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store the time in which nobody looked."""
    upsert(session, table(NoData), rows)


SILENCE_COLUMNS = ("status", "observed_at", "credit_seconds", "patience_seconds")


def store_silence(session: Session, service: Service, *, now: datetime) -> None:
    """Store as no data that nobody has looked for too long, before a service is left alone."""
    columns = [state[name] for name in SILENCE_COLUMNS]
    known = session.execute(select(*columns).where(state.service_id == service.id)).one()
    if known.observed_at is None or known.status not in OBSERVED:
        return
    unseen = silence(
        known.observed_at,
        now,
        credit_seconds=known.credit_seconds,
        patience_seconds=known.patience_seconds,
    )
    if unseen is not None:
        store_no_data(session, [no_data_row(service.id, *unseen)])


@cache
def _insert_each(into: Table) -> Any:
    return sqlite.insert(into).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@cache
def _insert_arrays(into: Table) -> Any:
    new = unnested({column.name: column for column in into.c})
    insert = postgresql.insert(into).from_select(list(new), select(*new.values()))
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
