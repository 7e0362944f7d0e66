"""Days and stretches without data outlive their service for a while too, as results do: to delete
and to keep them with it takes seconds where there are many.
"""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TABLES = ("daily", "no_data", "host_metric_day")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, table_kwargs={"sqlite_with_rowid": False}) as changed:
            changed.drop_constraint(op.f(f"fk_{table}_service_id"), type_="foreignkey")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DELETE FROM {table} WHERE service_id NOT IN (SELECT id FROM service)")
        with op.batch_alter_table(table, table_kwargs={"sqlite_with_rowid": False}) as changed:
            changed.create_foreign_key(
                op.f(f"fk_{table}_service_id"),
                "service",
                ["service_id"],
                ["id"],
                ondelete="CASCADE",
            )
