"""Answers to requests that a program may repeat."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repeatable_answer",
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"],
            ["api_key.id"],
            name=op.f("fk_repeatable_answer_api_key_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("api_key_id", "name", name=op.f("pk_repeatable_answer")),
    )
    op.create_index(op.f("ix_repeatable_answer_created_at"), "repeatable_answer", ["created_at"])


def downgrade() -> None:
    op.drop_table("repeatable_answer")
