"""Stretches without data, and hourly and daily roll-ups of check results."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "no_data",
        _service("no_data"),
        sa.Column("began_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "began_at_ms", name=op.f("pk_no_data")),
        sqlite_with_rowid=False,
    )
    _create_rollups("hourly", "hour")
    _create_rollups("daily", "day")
    op.add_column(
        "service_state", sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "service_state", sa.Column("hour", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("service_state", sa.Column("hourly", sa.JSON(none_as_null=True), nullable=True))
    op.execute(sa.text("UPDATE service_state SET observed_at = last_checked_at"))
    with op.batch_alter_table("service_state") as state:
        state.alter_column("hour", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("service_state") as state:
        state.drop_column("hourly")
        state.drop_column("hour")
        state.drop_column("observed_at")
    for table in ("daily", "hourly", "no_data"):
        op.drop_table(table)


def _service(table: str) -> sa.Column[int]:
    return sa.Column(
        "service_id",
        sa.Integer(),
        sa.ForeignKey("service.id", name=op.f(f"fk_{table}_service_id"), ondelete="CASCADE"),
        nullable=False,
    )


def _create_rollups(table: str, period: str) -> None:
    counts = ("up", "degraded", "down", "unknown", "answers")
    microseconds = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        table,
        _service(table),
        sa.Column(period, sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.Column("sum_us", sa.BigInteger(), nullable=False),
        sa.Column("min_us", microseconds, nullable=True),
        sa.Column("max_us", microseconds, nullable=True),
        sa.Column("sketch", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", period, name=op.f(f"pk_{table}")),
        sqlite_with_rowid=False,
    )
