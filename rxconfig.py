"""Which of the two Reflex builds; nothing else."""

import reflex as rx

from webmon import config as settings
from webmon import shared_states
from webmon.ui.plain_elements import PlainElementsPlugin
from webmon.ui.portable import SameOriginPlugin

PUBLIC = settings.frontend() == "public"
REDIS_URL = shared_states.address()

config = rx.Config(
    app_name="webmon",
    app_module_import="webmon.site" if PUBLIC else "webmon.webmon",
    frontend_path="" if PUBLIC else "/admin",
    backend_path="" if PUBLIC else "/admin",
    plugins=[PlainElementsPlugin(), *([] if PUBLIC else [SameOriginPlugin()])],
    disable_plugins=[rx.plugins.SitemapPlugin],
    # The same packages for both, because they share the committed lock files in reflex.lock.
    frontend_packages=["sonner@2.0.8", "recharts@3.10.1"],
    state_manager_mode="redis" if REDIS_URL else "memory",
    redis_url=REDIS_URL or None,
    redis_token_expiration=15 * 60,  # seconds unused; for states in memory too
    cors_allowed_origins=[],
    show_built_with_reflex=False,
    telemetry_enabled=False,
)
