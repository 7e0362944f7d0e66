"""Run migrations, one process at a time.

SQLite: the write lock is taken before the version is read (`BEGIN IMMEDIATE`). PostgreSQL: an
advisory lock, which ends with the transaction. A second process finds the work done.
"""

from alembic import context
from sqlalchemy import Connection, text
from sqlmodel import AutoString, UTCDateTime

from webmon import db
from webmon.models import metadata

LOCK = 7_274_911  # any number that other programs on the same server are unlikely to use


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write SQLModel's own column types as what they are in the database."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String({item.length or ''})"
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_server_default=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with db.current().writer() as own_connection:
        run(own_connection)
