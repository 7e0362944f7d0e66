"""People and requests that come from Slack."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slack_person",
        sa.Column("team_id", sa.String(50), nullable=False),
        sa.Column("slack_id", sa.String(50), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_slack_person_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "slack_id", name=op.f("pk_slack_person")),
    )
    op.create_index(op.f("ix_slack_person_user_id"), "slack_person", ["user_id"])
    op.create_table(
        "slack_code",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_slack_code_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_slack_code")),
    )
    op.create_index(op.f("ix_slack_code_user_id"), "slack_code", ["user_id"])
    op.create_table(
        "slack_delivery",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_slack_delivery")),
    )
    op.create_index(op.f("ix_slack_delivery_at"), "slack_delivery", ["at"])
    op.create_table(
        "slack_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_reply")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for name in ("slack_reply", "slack_delivery", "slack_code", "slack_person"):
        op.drop_table(name)
