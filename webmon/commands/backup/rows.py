"""Copy the rows of one database into another, of either kind, with the same schema."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Integer, Table, delete, insert, select, text

from webmon.models import metadata

HISTORY = frozenset(
    {
        *("check_result", "no_data", "hourly", "daily", "status_change"),
        *("host_metric_hour", "host_metric_day"),
        *("incident", "incident_update", "notification", "channel_state", "service_state"),
        *("mute", "downtime_step"),
        *("repeatable_answer", "slack_code", "slack_delivery", "slack_reply"),
        *(
            "activity",
            "session",
            "password_link",
            "address_change",
            "letter",
            "deferred_mail",
            "login_attempts",
            "trial",
            "deleted",
            "worker",
        ),
    }
)
"""The tables of what was seen, told and done: what ``--config-only`` leaves out."""

CONFIGURATION = frozenset(
    {
        *("namespace", "host", "service", "heartbeat", "channel", "setting", "logo"),
        *("second_factor", "recovery_code", "slack_person"),
        *("user", "user_namespace", "api_key", "api_key_namespace"),
        *("downtime", "downtime_host", "downtime_service", "downtime_channel"),
        "downtime_occurrence",
    }
)

AT_ONCE = 1_000


def copy_rows(source: Connection, target: Connection, *, config_only: bool = False) -> None:
    """Replace all rows of ``target`` by those of ``source``, in the transactions of both.

    With ``config_only`` the tables of `HISTORY` end empty.
    """
    tables = metadata.sorted_tables
    for each in reversed(tables):
        target.execute(delete(each))
    for each in tables:
        if not config_only or each.name in CONFIGURATION:
            _copy_table(source, target, each)
    _set_counters(target, _counters(source, tables))


def _copy_table(source: Connection, target: Connection, rows: Table) -> None:
    found = source.execution_options(yield_per=AT_ONCE).execute(select(rows))
    for part in found.mappings().partitions():
        target.execute(insert(rows), [dict(each) for each in part])


def _counters(connection: Connection, tables: Iterable[Table]) -> dict[str, int]:
    """The last id that each table has given away: it is not given again."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        return {each.name: int(each.seq) for each in found}
    last = {}
    for name in _with_counter(tables):
        counter = connection.scalar(_COUNTER, {"name": f'"{name}"'})
        question = text(f"SELECT last_value FROM {counter} WHERE is_called")
        last[name] = connection.scalar(question) or 0
    return last


def _set_counters(connection: Connection, last: dict[str, int]) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    for name, value in last.items():
        if not value:
            continue
        if is_sqlite:
            found = {"name": name, "value": value}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), found)
            connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :value)"), found)
        else:
            counter = connection.scalar(_COUNTER, {"name": f'"{name}"'})
            connection.execute(
                text("SELECT setval(:counter, :value)").bindparams(counter=counter, value=value)
            )


_COUNTER = text("SELECT pg_get_serial_sequence(:name, 'id')")


def _with_counter(tables: Iterable[Table]) -> Sequence[str]:
    """The names of the tables whose ids are never given again."""
    return [
        each.name
        for each in tables
        if each.dialect_options["sqlite"]["autoincrement"] and isinstance(each.c.id.type, Integer)
    ]
