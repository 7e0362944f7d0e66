"""A revision of hosts, namespaces and channels, as services have one: edits are not overwritten."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = ("host", "namespace", "channel")


def upgrade() -> None:
    for name in TABLES:
        column = sa.Column("revision", sa.Integer(), nullable=False, server_default="1")
        op.add_column(name, column)


def downgrade() -> None:
    for name in TABLES:
        op.drop_column(name, "revision")
