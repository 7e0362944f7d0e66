"""The id of a planned downtime is its own within its namespace: who may not see another namespace
does not learn which ids it has.
"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("downtime", table_kwargs={"sqlite_autoincrement": True}) as downtime:
        downtime.drop_constraint(op.f("uq_downtime_key"), type_="unique")
        downtime.create_unique_constraint(
            op.f("uq_downtime_namespace_id_key"), ["namespace_id", "key"]
        )


def downgrade() -> None:
    with op.batch_alter_table("downtime", table_kwargs={"sqlite_autoincrement": True}) as downtime:
        downtime.drop_constraint(op.f("uq_downtime_namespace_id_key"), type_="unique")
        downtime.create_unique_constraint(op.f("uq_downtime_key"), ["key"])
