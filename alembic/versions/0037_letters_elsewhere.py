"""Letters to another address than the present one, and who wants another address."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("letter", sa.Column("address", sa.String(254), nullable=False, server_default=""))
    op.create_table(
        "address_change",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_address_change_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_address_change")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_address_change_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("address_change")
    with op.batch_alter_table("letter") as letter:
        letter.drop_column("address")
