"""Who changed what, and a revision of people, as other rows have one."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

WAYS = ("app", "cli", "file", "api_key", "slack", "monitor")


def upgrade() -> None:
    op.add_column("user", sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
    op.create_table(
        "activity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("way", sa.Enum(*WAYS, name="way", native_enum=False, length=20), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(300), nullable=False),
        sa.Column("verb", sa.String(60), nullable=False),
        sa.Column("thing", sa.String(20), nullable=False),
        sa.Column("thing_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("namespace_id", sa.Integer(), nullable=True),
        sa.Column("other_namespace_id", sa.Integer(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_activity_thing", "activity", ["thing", "thing_id", "id"])
    op.create_index("ix_activity_namespace", "activity", ["namespace_id", "id"])


def downgrade() -> None:
    op.drop_table("activity")
    with op.batch_alter_table("user", table_kwargs={"sqlite_autoincrement": True}) as user:
        user.drop_column("revision")
