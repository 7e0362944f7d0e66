"""The state of the room "Profile".

It only shows: what is typed goes to `webmon.api.accounts.profile`.
"""

from collections.abc import Mapping
from datetime import datetime

from webmon.queries.own_profile import ProfileView, own_profile
from webmon.ui.rooms.room import Listing
from webmon.ui.states.private import PrivateState, ask, session_hash, show

DONE = {
    "profile": "Saved.",
    "mails": "Saved: it counts from the next message on.",
    "password": "Your password is changed. You are signed out everywhere else.",
    "sessions": "Signed out there.",
    "email": "Your address is changed. You sign in with it from now on.",
    "email_asked": "A link is on its way to the new address. It counts once you have opened it.",
    "email_kept": "Your address stays as it is.",
    "factor_removed": "You sign in by your password alone now.",
}
ERRORS = {
    "name": "A name must be one line of at most 100 characters.",
    "timezone": "There is no such timezone. Choose one of the list, such as Europe/London.",
    "theme": "Choose one of the themes.",
    "profile": "That could not be saved.",
    "mails": "There is no such kind of e-mail.",
    "email": "That is no other e-mail address, such as anna@example.org.",
    "email_taken": "Somebody else has this address here.",
    "confirm": "Say again who you are, and then do this once more.",
    "sessions": "That session has ended already, or is the one that you are using.",
    "current": "That is not your current password. Nothing was changed.",
    "code": "That code is wrong, or was used already. Nothing was changed.",
    "required": "Your role needs a second factor to sign in.",
    "throttled": "Too many attempts. Wait a few minutes and try again.",
    "password_short": "The new password needs at least 15 characters.",
    "password_short_with_factor": "The new password needs at least 8 characters.",
    "password_long": "The new password may have at most 1000 characters.",
    "password_common": "Many people have this password. Choose one that nobody guesses.",
    "password_mismatch": "The two new passwords differ.",
}


class ProfileState(Listing, PrivateState):
    """One person's view of their own profile in one tab."""

    view: ProfileView = ProfileView()
    done: str = ""
    error: str = ""
    must_confirm: bool = False

    async def _read(self, now: datetime) -> None:
        show(self, view=await ask(self, own_profile, session_hash(self), now=now))

    def _address(self) -> dict[str, object]:
        return {}

    async def _follow(self, address: Mapping[str, str]) -> None:
        done, error = address.get("done", ""), address.get("error", "")
        show(self, done=DONE.get(done, ""), error=ERRORS.get(error, ""))
        show(self, must_confirm=error == "confirm")
