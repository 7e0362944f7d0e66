"""The uptime of days that are over, beside the daily roll-ups, and an index that sums them up.

The worker fills it: day by day from the status changes, within minutes of its start.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SUMS = ["service_id", "day", "answers", "sum_us", "observed_us", "down_us"]


def upgrade() -> None:
    op.add_column("daily", sa.Column("observed_us", sa.BigInteger(), nullable=True))
    op.add_column("daily", sa.Column("down_us", sa.BigInteger(), nullable=True))
    op.create_index("ix_daily_sums", "daily", SUMS)
    settled = sa.Column("settled_day", sa.Integer(), nullable=False, server_default="0")
    op.add_column("service_state", settled)
    with op.batch_alter_table("service_state") as state:
        state.alter_column("settled_day", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("service_state") as state:
        state.drop_column("settled_day")
    op.drop_index("ix_daily_sums", table_name="daily")
    with op.batch_alter_table("daily") as daily:
        daily.drop_column("down_us")
        daily.drop_column("observed_us")
