"""How a host is reached over SSH, and the keys it is known by."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("host", sa.Column("ssh", sa.JSON(), nullable=True))
    op.add_column("host", sa.Column("host_keys", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("host", "host_keys")
    op.drop_column("host", "ssh")
