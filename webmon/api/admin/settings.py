"""The form of the settings of the installation."""

import asyncio
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from webmon.api.accounts.auth import LOGIN, Text, Ticked, back
from webmon.api.accounts.profile import done_for
from webmon.commands.accounts.letters import ask_for_test
from webmon.commands.installation.outside_apps import (
    ProviderFields,
    SlackAppFields,
    forget_slack_app,
    save_provider,
    save_slack_app,
)
from webmon.commands.installation.settings import InstallationFields, save_settings
from webmon.errors import ConfirmationNeeded, Invalid, NotFound, PermissionDenied

router = APIRouter(prefix="/auth", tags=["settings"], default_response_class=Response)

SETTINGS = "/admin/settings/"
LONGEST_SHOWN = 20
KNOWN_FIELDS = {
    *InstallationFields.model_fields,
    *SlackAppFields.model_fields,
    *ProviderFields.model_fields,
    "locked",
}


@router.post("/settings", status_code=303)
async def settings(
    request: Request,
    site_name: Text = "",
    accent: Text = "",
    public_address: Text = "",
    connectivity_targets: Text = "",
    raw_retention_days: Text = "",
    hourly_retention_days: Text = "",
    session_days: Text = "",
    second_factor_roles: Ticked = None,
    provider_factor_counts: Text = "",
) -> Response:
    """Change the settings; an empty field means the default."""
    typed: dict[str, Any] = {
        "site_name": site_name,
        "accent": accent,
        "public_address": public_address,
        "connectivity_targets": connectivity_targets,
        "raw_retention_days": raw_retention_days,
        "hourly_retention_days": hourly_retention_days,
        "session_days": session_days,
        "second_factor_roles": second_factor_roles or [],
        "provider_factor_counts": provider_factor_counts,
    }
    fields = {name: value for name, value in typed.items() if value}
    return await do_setting(request, partial(save_settings, fields=fields), "saved", accent=accent)


@router.post("/settings/test-mail", status_code=303)
async def test_mail(request: Request) -> Response:
    """Send a test to who asks."""
    return await do_setting(request, ask_for_test, "test")


@router.post("/settings/slack-app", status_code=303)
async def slack_app(request: Request, name: Text = "", secret: Text = "") -> Response:
    """Add a Slack app, or give one another signing secret."""
    fields = {"name": name, "secret": secret.strip()}
    return await do_setting(request, partial(save_slack_app, fields=fields), "slack_app")


@router.post("/settings/slack-app/remove", status_code=303)
async def remove_slack_app(request: Request, name: Text = "") -> Response:
    """Remove a Slack app."""
    return await do_setting(request, partial(forget_slack_app, name=name), "slack_app_removed")


@router.post("/settings/provider", status_code=303)
async def provider(
    request: Request,
    issuer: Text = "",
    client_id: Text = "",
    client_secret: Text = "",
    groups: Text = "",
    groups_claim: Text = "",
) -> Response:
    """Set the identity provider; without an issuer there is none."""
    typed = {
        "issuer": issuer.strip(),
        "client_id": client_id.strip(),
        "client_secret": client_secret.strip(),
        "groups": groups,
        "groups_claim": groups_claim.strip(),
    }
    fields = {name: value for name, value in typed.items() if value}
    return await do_setting(request, partial(save_provider, fields=fields), "provider")


async def do_setting(
    request: Request, command: Any, what: str, *, otherwise: str = "other", **typed: str
) -> Response:
    """Do it and go back; a value of ``typed`` that was refused goes along, to be explained.
    ``otherwise`` explains what is wrong with no field."""
    try:
        await asyncio.to_thread(done_for, request, command)
    except Invalid as error:
        field = error.field.split(".")[0]
        known = field if field in KNOWN_FIELDS else otherwise
        shown = {known: typed[known][:LONGEST_SHOWN]} if known in typed else {}
        return back(SETTINGS, error=known, **shown)
    except ConfirmationNeeded:
        return back(SETTINGS, error="confirm")
    except NotFound:
        return back(SETTINGS, error=otherwise)
    except PermissionDenied:
        return back(LOGIN)
    return back(SETTINGS, done=what)
