"""Invitations, links that set a password, names of people, and where they are signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("name", sa.String(100), nullable=False, server_default=""))
    op.add_column(
        "user", sa.Column("invited", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("user", sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("session", sa.Column("address", sa.String(45), nullable=False, server_default=""))
    op.add_column(
        "session", sa.Column("browser", sa.String(300), nullable=False, server_default="")
    )
    op.add_column("session", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "password_link",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_password_link_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_password_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_link_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("password_link")
    with op.batch_alter_table("session") as session:
        for column in ("used_at", "browser", "address"):
            session.drop_column(column)
    with op.batch_alter_table("user", table_kwargs={"sqlite_autoincrement": True}) as user:
        for column in ("last_seen_at", "invited", "name"):
            user.drop_column(column)
