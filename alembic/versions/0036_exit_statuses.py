"""Exit statuses of Windows, which have 32 bits without a sign."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("heartbeat") as heartbeat:
        heartbeat.alter_column("exit_status", existing_type=sa.Integer(), type_=sa.BigInteger())


def downgrade() -> None:
    with op.batch_alter_table("heartbeat") as heartbeat:
        heartbeat.alter_column("exit_status", existing_type=sa.BigInteger(), type_=sa.Integer())
