"""Planned downtime, its occurrences and their steps."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _owned(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "downtime",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(60), nullable=False),
        sa.Column("key", sa.String(100), nullable=True),
        sa.Column("namespace_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("message", sa.String(1000), nullable=False),
        sa.Column("whole_namespace", sa.Boolean(), nullable=False),
        sa.Column("starts_local", sa.String(19), nullable=False),
        sa.Column("timezone", sa.String(50), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("rrule", sa.String(), nullable=False),
        sa.Column("announce_before", sa.JSON(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("channels_chosen", sa.Boolean(), nullable=False),
        sa.Column("silence_all", sa.Boolean(), nullable=False),
        sa.Column("finish_when_up", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("occurs_until", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(254), nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        _owned("downtime", "namespace_id", "namespace"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downtime")),
        sa.UniqueConstraint("uid", name=op.f("uq_downtime_uid")),
        sa.UniqueConstraint("key", name=op.f("uq_downtime_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_downtime_namespace_id"), "downtime", ["namespace_id"])
    for part in ("host", "service", "channel"):
        table, column = f"downtime_{part}", f"{part}_id"
        op.create_table(
            table,
            sa.Column("downtime_id", sa.Integer(), nullable=False),
            sa.Column(column, sa.Integer(), nullable=False),
            _owned(table, "downtime_id", "downtime"),
            _owned(table, column, part),
            sa.PrimaryKeyConstraint("downtime_id", column, name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    _create_occurrences()


def _create_occurrences() -> None:
    op.create_table(
        "downtime_occurrence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("downtime_id", sa.Integer(), nullable=False),
        sa.Column("slot_at", MOMENT, nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("title", sa.String(100), nullable=True),
        sa.Column("message", sa.String(1000), nullable=True),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("handled", sa.JSON(), nullable=False),
        sa.Column("known_from", MOMENT, nullable=False),
        sa.Column("next_step_at", MOMENT, nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        _owned("downtime_occurrence", "downtime_id", "downtime"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downtime_occurrence")),
        sa.UniqueConstraint(
            "downtime_id", "slot_at", name=op.f("uq_downtime_occurrence_downtime_id_slot_at")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_downtime_occurrence_ends_at", "downtime_occurrence", ["ends_at", "starts_at"]
    )
    op.create_index(
        op.f("ix_downtime_occurrence_next_step_at"), "downtime_occurrence", ["next_step_at"]
    )
    op.create_table(
        "downtime_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=False),
        sa.Column("by", sa.String(254), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        _owned("downtime_step", "occurrence_id", "downtime_occurrence"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downtime_step")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_downtime_step_occurrence_id", "downtime_step", ["occurrence_id"])


def downgrade() -> None:
    for table in ("step", "occurrence", "channel", "service", "host"):
        op.drop_table(f"downtime_{table}")
    op.drop_table("downtime")
