"""Heartbeats, and room for the run times of long jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WITH_RESPONSE = ("check_result", "service_state")


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("expected_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("exit_status", sa.Integer(), nullable=True),
        sa.Column("run_seconds", sa.Float(), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_heartbeat_service_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_heartbeat")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_heartbeat_token_hash")),
    )
    _alter_response(sa.BigInteger())


def downgrade() -> None:
    _alter_response(sa.Integer())
    op.drop_table("heartbeat")


def _alter_response(kind: sa.types.TypeEngine[int]) -> None:
    """SQLite's integers have 64 bits as they are."""
    if op.get_bind().dialect.name == "postgresql":
        for table in WITH_RESPONSE:
            op.alter_column(table, "response_us", type_=kind)
