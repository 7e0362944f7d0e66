"""Response times of the last 24 hours beside each state, so that lists can be sorted by them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    microseconds = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("service_state", sa.Column("day_average_us", sa.Float(), nullable=True))
    op.add_column("service_state", sa.Column("day_p95_us", microseconds, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("service_state") as state:
        state.drop_column("day_p95_us")
        state.drop_column("day_average_us")
