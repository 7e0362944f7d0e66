"""Who is signed in by an identity provider."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("user", table_kwargs={"sqlite_autoincrement": True}) as user:
        user.add_column(sa.Column("provider_subject", sa.String(64), nullable=True))
        user.create_unique_constraint(op.f("uq_user_provider_subject"), ["provider_subject"])


def downgrade() -> None:
    with op.batch_alter_table("user", table_kwargs={"sqlite_autoincrement": True}) as user:
        user.drop_constraint(op.f("uq_user_provider_subject"), type_="unique")
        user.drop_column("provider_subject")
