"""Which private networks a namespace looks at, and what people limited to namespaces have set.

Not in batches: SQLite would make these tables again, and lose with the old ones what they own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

LIMITED = ("host", "service", "channel")


def upgrade() -> None:
    networks = sa.Column("networks", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("namespace", networks)
    for name in LIMITED:
        limited = sa.Column("limited", sa.Boolean(), nullable=False, server_default=sa.false())
        op.add_column(name, limited)


def downgrade() -> None:
    for name in LIMITED:
        op.drop_column(name, "limited")
    op.drop_column("namespace", "networks")
