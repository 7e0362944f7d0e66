"""Everything that is served in front of the admin app: API, sign-in, public pages and files."""

from fastapi import FastAPI

from webmon import __version__, frontend
from webmon.api import health, heartbeats, metrics
from webmon.api.accounts import auth, forgotten, oidc, own_address, profile, second_factor
from webmon.api.admin import activity, finding, logos, moving, proxy, series, settings
from webmon.api.files import PrecompressedFiles, single_file
from webmon.api.problems import answer_with_problems
from webmon.api.public import badges, calendar, logo, pages, status, statuspage
from webmon.api.public.kept_snapshots import Snapshots
from webmon.api.rest import docs
from webmon.api.rest import router as rest
from webmon.api.rest.openapi import describe
from webmon.api.slack import router as slack
from webmon.api.unavailable import answer_without_database


def public_app() -> FastAPI:
    """The application that the edge calls for every path outside ``/admin``."""
    snapshots = Snapshots()
    site = frontend.static_dir("public")
    app = FastAPI(
        title="Beaconry",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    answer_without_database(app)
    answer_with_problems(app)
    describe(app)
    for router in (
        # Routes are tried one after the other: what is asked for most comes first.
        status.router(snapshots),
        pages.router(snapshots, site),
        heartbeats.router,
        health.router,
        auth.router,
        profile.router,
        own_address.router,
        forgotten.router,
        oidc.router,
        second_factor.router,
        settings.router,
        docs.router,
        series.router,
        finding.router,
        moving.router,
        logos.router,
        activity.router,
        proxy.router,
        metrics.router(),
        rest.router(),
        slack.routes,
        badges.router(snapshots),
        statuspage.router(),
        calendar.router(),
        logo.router,
    ):
        app.include_router(router)
    app.mount("/assets", PrecompressedFiles(directory=site / "assets", check_dir=False))
    icon = single_file(site / "favicon.svg")
    app.add_api_route("/favicon.svg", icon, methods=["GET", "HEAD"], include_in_schema=False)
    return app
