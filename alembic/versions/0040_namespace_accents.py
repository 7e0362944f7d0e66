"""The accent colour of a namespace's public page."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("namespace", sa.Column("accent", sa.String(7), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("namespace") as namespace:
        namespace.drop_column("accent")
