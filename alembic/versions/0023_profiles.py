"""How people want the admin app to look to them."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("timezone", sa.String(64), nullable=False, server_default=""))
    op.add_column("user", sa.Column("theme", sa.String(10), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("user", table_kwargs={"sqlite_autoincrement": True}) as user:
        for column in ("theme", "timezone"):
            user.drop_column(column)
