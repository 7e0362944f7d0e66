"""The outbox as it is used, the state of channels, and the administrators' own channel."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DELIVERY = sa.Enum(
    "queued", "sent", "failed", "suppressed", name="delivery", native_enum=False, length=20
)
INSTANT = sa.DateTime(timezone=True)
NEVER_REUSED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    with op.batch_alter_table("channel", table_kwargs=NEVER_REUSED) as channel:
        channel.add_column(
            sa.Column("built_in", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("channel", table_kwargs=NEVER_REUSED) as channel:
        channel.alter_column("built_in", server_default=None)
    op.create_table(
        "channel_state",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.String(100), nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_try_at", INSTANT, nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("last_error_at", INSTANT, nullable=True),
        sa.Column("stopped_at", INSTANT, nullable=True),
        sa.Column("message_key", sa.String(40), nullable=False),
        sa.Column("composed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channel.id"],
            name=op.f("fk_channel_state_channel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_channel_state")),
    )
    op.drop_table("notification")  # nothing has been written there yet
    _create_notification(
        sa.Column("namespace_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("service_id", sa.Integer(), nullable=True),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("ready_at", INSTANT, nullable=True),
        sa.Column("told_with", sa.Integer(), nullable=True),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("is_muted", sa.Boolean(), nullable=False),
        sa.Column("remind_at", INSTANT, nullable=True),
    )
    _create_indexes()
    _add_administrators()


def downgrade() -> None:
    op.drop_table("notification")
    op.drop_table("channel_state")
    op.execute(sa.text("DELETE FROM channel WHERE built_in"))
    with op.batch_alter_table("channel", table_kwargs=NEVER_REUSED) as channel:
        channel.drop_column("built_in")
    _create_notification(
        sa.Column("next_attempt_at", INSTANT, nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
    )
    op.create_index(
        "ix_notification_next_attempt_at", "notification", ["next_attempt_at"], unique=False
    )


def _create_notification(*columns: sa.Column) -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(60), nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("delivery", DELIVERY, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channel.id"],
            name=op.f("fk_notification_channel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint(
            "cause",
            "channel_id",
            "event",
            "sequence",
            name=op.f("uq_notification_cause_channel_id_event_sequence"),
        ),
        sqlite_autoincrement=True,
    )


def _create_indexes() -> None:
    _create_index("queued", ["channel_id", "ready_at"], "ready_at IS NOT NULL")
    _create_index("remind_at", ["remind_at"], "remind_at IS NOT NULL")
    op.create_index(
        "ix_notification_open",
        "notification",
        ["service_id"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    _create_index("channel", ["channel_id", "id"])
    _create_index("sent", ["channel_id", "sent_at"])
    _create_index("incident_id", ["incident_id"])


def _create_index(name: str, columns: list[str], where: str = "") -> None:
    condition = sa.text(where) if where else None
    op.create_index(
        f"ix_notification_{name}",
        "notification",
        columns,
        unique=False,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _add_administrators() -> None:
    """The name is free: until now nothing has made channels."""
    channel = sa.table(
        "channel",
        sa.column("name", sa.String()),
        sa.column("kind", sa.String()),
        sa.column("config", sa.JSON()),
        sa.column("events", sa.JSON()),
        sa.column("reminder_every_seconds", sa.Integer()),
        sa.column("enabled", sa.Boolean()),
        sa.column("built_in", sa.Boolean()),
        sa.column("created_at", INSTANT),
    )
    administrators = {
        "name": "Administrators",
        "kind": "email",
        "config": {},
        "events": ["down", "up", "reminder", "downtime"],
        "reminder_every_seconds": 4 * 3600,
        "enabled": True,
        "built_in": True,
        "created_at": datetime.now(UTC),
    }
    op.bulk_insert(channel, [administrators])
