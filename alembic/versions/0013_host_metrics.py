"""Disks, load and memory of machines over time, by hour and by day."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    hour = sa.Column("service_id", sa.Integer(), autoincrement=False, nullable=False)
    _create("host_metric_hour", "hour", hour)
    name = op.f("fk_host_metric_day_service_id")
    owner = sa.ForeignKey("service.id", name=name, ondelete="CASCADE")
    _create("host_metric_day", "day", sa.Column("service_id", sa.Integer(), owner, nullable=False))


def downgrade() -> None:
    op.drop_table("host_metric_day")
    op.drop_table("host_metric_hour")


def _create(table: str, period: str, service: sa.Column[int]) -> None:
    numbers = ("sum", "min", "max", "last")
    op.create_table(
        table,
        service,
        sa.Column(period, sa.Integer(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in numbers),
        sa.PrimaryKeyConstraint("service_id", period, "series", name=op.f(f"pk_{table}")),
        sqlite_with_rowid=False,
    )
