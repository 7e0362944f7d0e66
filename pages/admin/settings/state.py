"""The state of the room "Settings".

It only shows: what is typed goes to `webmon.api.admin.settings`.
"""

from collections.abc import Mapping
from datetime import datetime

from webmon.domain.colours import checked_accent
from webmon.queries.installation import SettingsView, admin_settings
from webmon.ui.rooms.room import Listing
from webmon.ui.states.private import PrivateState, ask, show

DONE = {
    "saved": "Saved. Everything follows within half a minute.",
    "slack_app": "Saved. What this app signs is believed from now on.",
    "slack_app_removed": "Removed. What that app signs is refused from now on.",
    "provider": "Saved. It counts at once; try it in another browser.",
    "logo": "Saved. The public page shows it within seconds.",
    "test": "A test is on its way to your own address.",
}
ERRORS = {
    "site_name": "A name must be one line of at most 60 characters.",
    "accent": "That is no colour such as #1b4f8f, or is too pale to be read on the page.",
    "public_address": "Write https://status.example.org, without a path. Its host name must differ "
    "from that of WEBMON_BASE_URL, which has to be set.",
    "connectivity_targets": "Write host:port, separated by commas: 1.1.1.1:53, 9.9.9.9:53.",
    "raw_retention_days": "Single results are kept for 1 to 36500 days.",
    "hourly_retention_days": "Hourly figures are kept for 1 to 36500 days.",
    "session_days": "A session lives for 1 to 365 days.",
    "second_factor_roles": "Set up your own second factor first: you would be shut out.",
    "confirm": "Say again who you are, and save once more.",
    "logo": "A logo is a PNG, JPEG or WebP picture of at most 200 kB.",
    "name": "An app needs a name of one line; there are at most 20.",
    "secret": "A signing secret has at least 8 characters. Slack shows it under Basic Information.",
    "issuer": "The issuer is an https:// address, exactly as the provider writes it.",
    "client_id": "The provider names the client by an id, which is needed.",
    "client_secret": "Type the client's secret: it is kept for this issuer alone.",
    "groups": "Write group=role or group=role:namespace, such as team=editor:iati, with commas.",
    "groups_claim": "The claim that holds the groups is called groups at most providers.",
    "locked": "The environment sets this: change it there, and start Beaconry again.",
    "other": "That could not be saved.",
}


class SettingsState(Listing, PrivateState):
    """One admin's view of the settings in one tab."""

    view: SettingsView = SettingsView()
    done: str = ""
    error: str = ""
    must_confirm: bool = False

    async def _read(self, now: datetime) -> None:  # noqa: ARG002
        show(self, view=await ask(self, admin_settings))

    def _address(self) -> dict[str, object]:
        return {}

    async def _follow(self, address: Mapping[str, str]) -> None:
        done, error = address.get("done", ""), address.get("error", "")
        text = why_refused(address.get("accent", "")) if error == "accent" else ""
        show(self, done=DONE.get(done, ""), error=text or ERRORS.get(error, ""))
        show(self, must_confirm=error == "confirm")


def why_refused(accent: str) -> str:
    """What is wrong with a colour; anybody can write it into the address: it is not repeated."""
    try:
        if accent:
            checked_accent(accent)
    except ValueError as error:
        return f"The accent colour {error}."
    return ""
