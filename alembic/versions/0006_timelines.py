"""An index that holds all that a service's timeline is made of."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_status_change_service_at", table_name="status_change")
    op.create_index(
        "ix_status_change_timeline", "status_change", ["service_id", "at", "id", "from_status"]
    )


def downgrade() -> None:
    op.drop_index("ix_status_change_timeline", table_name="status_change")
    op.create_index("ix_status_change_service_at", "status_change", ["service_id", "at"])
