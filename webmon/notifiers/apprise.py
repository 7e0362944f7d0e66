"""The `apprise` notifier: any of the services that the library Apprise speaks to, by its address.

The addresses: https://appriseit.com/services/
"""

import logging
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from webmon.domain.notifications.messages import plain_text, subject
from webmon.domain.notifications.news import Message
from webmon.guard import Watch, present_watch
from webmon.notifiers.base import NotifierConfig, NotifierError, Receipt, Surroundings
from webmon.notifiers.failures import reason

if TYPE_CHECKING:
    import apprise

TIMEOUT_SECONDS = 25.0

# Its log has parts of the addresses, which are secrets. Our own errors say what matters.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


def _known_address(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text.isprintable() or _service(text) is None:
        raise ValueError("must be an address that Apprise knows, such as ntfy://ntfy.sh/topic")
    return SecretStr(text)


class AppriseConfig(NotifierConfig):
    """One address of a service, in Apprise's own form."""

    url: Annotated[SecretStr, AfterValidator(_known_address)] = Field(
        title="Apprise address",
        description="Such as discord://…, msteams://…, ntfy://…: appriseit.com/services",
    )

    @property
    def places(self) -> dict[str, str]:
        """See `NotifierConfig.places`."""
        host = getattr(_service(self.url.get_secret_value()), "host", None)
        return {"url": host} if isinstance(host, str) else {}


def send_apprise(config: AppriseConfig, message: Message, _surroundings: Surroundings) -> Receipt:
    """Hand the message over once.

    Raises:
        NotifierError: the service did not take it. Apprise does not say whether trying again
            helps, so it is never permanent.
    """
    import apprise

    service = _service(config.url.get_secret_value())
    if service is None:
        raise NotifierError("Apprise no longer knows this address", permanent=True)
    if service.protocol == "rsyslog" and (watch := present_watch()) is not None:
        service.host = _pinned(watch, service)
    sender = apprise.Apprise(service, asset=service.asset)
    is_taken = sender.notify(
        title=subject(message),
        body=plain_text(message),
        body_format=apprise.NotifyFormat.TEXT,
        timeout=TIMEOUT_SECONDS,
    )
    if not is_taken:
        raise NotifierError(f"{service.service_name} did not take the message")
    return Receipt()


def _pinned(watch: Watch, service: Any) -> str:
    """Where the one library that leaves names to its sockets is to send."""
    try:
        return watch.pin(service.host, service.port or 514)
    except OSError as error:
        raise NotifierError(f"{service.service_name}: {reason(error)}") from None


def _service(url: str) -> Any:
    """Apprise's object for the address; None if it knows no such service."""
    import apprise

    return apprise.Apprise.instantiate(url, asset=_ways(), suppress_exceptions=True)


def load_apprise() -> None:
    """Load the library with all its services, which takes a second."""
    _service("json://localhost")


def _ways() -> "apprise.AppriseAsset":
    """Apprise's options: it stores nothing, follows no redirect, and leaves texts as they are."""
    import apprise

    return apprise.AppriseAsset(
        app_id="Beaconry",
        app_desc="Beaconry (website monitor)",
        async_mode=False,
        http_redirects=False,
        interpret_escapes=False,
        interpret_emojis=False,
        allow_templates=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )


def preview_apprise(_config: AppriseConfig, message: Message) -> str:
    """Title and text."""
    return f"{subject(message)}\n\n{plain_text(message)}"
