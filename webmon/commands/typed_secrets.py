"""Before a secret is stored or used otherwise, the person says again who they are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webmon import crypto
from webmon.domain.accounts.access import Actor, require_confirmed


def require_confirmed_for_secrets(
    wanted: Mapping[str, Any] | None,
    stored: Mapping[str, Any] | None,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Let a config through that holds no secret, or is the same as what is stored. Both are sealed.

    Raises:
        ConfirmationNeeded: it holds one, and the person has not proved lately who they are.
    """
    if not wanted or not any(crypto.secret_paths(wanted)):
        return
    if crypto.unseal(stored) != crypto.unseal(wanted):
        require_confirmed(actor, now=now)
