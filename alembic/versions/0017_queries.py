"""The query of an address is a secret of its own."""

import sqlalchemy as sa
from alembic import op

from webmon import crypto

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SERVICE = sa.table(
    "service", sa.column("id", sa.Integer), sa.column("kind"), sa.column("config", sa.JSON)
)


def upgrade() -> None:
    for service_id, config in _of_pages():
        place, _, query = str(config.get("url", "")).partition("#")[0].partition("?")
        if place != config.get("url"):
            secret = {"query": {crypto.SEALED: crypto.vault().encrypt(query)}} if query else {}
            _store(service_id, {**config, "url": place, **secret})


def downgrade() -> None:
    for service_id, config in _of_pages():
        if query := config.pop("query", None):
            _store(service_id, {**config, "url": f"{config['url']}?{crypto.unseal(query)}"})


def _of_pages() -> list[tuple[int, dict]]:
    pages = sa.select(SERVICE.c.id, SERVICE.c.config).where(SERVICE.c.kind == "http")
    return [(service_id, config) for service_id, config in op.get_bind().execute(pages)]


def _store(service_id: int, config: dict) -> None:
    op.execute(SERVICE.update().where(SERVICE.c.id == service_id).values(config=config))
