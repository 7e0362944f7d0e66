"""Until when a service is paused."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_service_paused_until"), "service", ["paused_until"])


def downgrade() -> None:
    op.drop_index(op.f("ix_service_paused_until"), "service")
    op.drop_column("service", "paused_until")
