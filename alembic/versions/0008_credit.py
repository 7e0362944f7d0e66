"""How long the last observation of a service speaks, kept with it: its interval may change."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FILL = """UPDATE service_state SET
 credit_seconds = (SELECT interval_seconds FROM service WHERE service.id = service_id),
 patience_seconds =
  (SELECT interval_seconds + timeout_seconds FROM service WHERE service.id = service_id)"""


def upgrade() -> None:
    for name, kind in (("credit_seconds", sa.Integer()), ("patience_seconds", sa.Float())):
        column = sa.Column(name, kind, nullable=False, server_default="0")
        op.add_column("service_state", column)
    op.execute(sa.text(FILL))
    with op.batch_alter_table("service_state") as state:
        state.alter_column("credit_seconds", server_default=None)
        state.alter_column("patience_seconds", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("service_state") as state:
        state.drop_column("patience_seconds")
        state.drop_column("credit_seconds")
