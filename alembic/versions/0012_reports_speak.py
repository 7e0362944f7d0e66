"""What was reported to a heartbeat speaks until the next report is due, not for an interval."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SECONDS = {
    "sqlite": "CAST((julianday(next_check_at) - julianday(observed_at)) * 86400 AS INTEGER) + 1",
    "postgresql": "CAST(EXTRACT(EPOCH FROM next_check_at - observed_at) AS INTEGER) + 1",
}
HEARTBEATS = "service_id IN (SELECT id FROM service WHERE kind = 'heartbeat')"


def upgrade() -> None:
    seconds = SECONDS[op.get_bind().dialect.name]
    op.execute(
        f"UPDATE service_state SET credit_seconds = {seconds}"
        f" WHERE {HEARTBEATS} AND {seconds} > credit_seconds"
    )


def downgrade() -> None:
    interval = "(SELECT interval_seconds FROM service WHERE service.id = service_id)"
    op.execute(f"UPDATE service_state SET credit_seconds = {interval} WHERE {HEARTBEATS}")
