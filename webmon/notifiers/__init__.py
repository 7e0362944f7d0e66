"""The registry of channel kinds, and `run`, which never raises.

A new kind is one file (a pydantic config, one function that sends and one that previews) and one
line here.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from webmon import crypto
from webmon.domain.checks.networks import ANYWHERE, Reach
from webmon.domain.notifications.messages import MOST_WEIGHT, weighted_length
from webmon.domain.notifications.news import Message
from webmon.errors import Invalid, what_is_wrong
from webmon.guard import Place, guarded
from webmon.notifiers import transport
from webmon.notifiers.apprise import AppriseConfig, load_apprise, preview_apprise, send_apprise
from webmon.notifiers.base import (
    NotifierConfig,
    NotifierError,
    NotifierKind,
    Receipt,
    Surroundings,
    blocking,
)
from webmon.notifiers.email import EmailConfig, preview_email, send_email
from webmon.notifiers.slack import SlackConfig, preview_slack, send_slack
from webmon.notifiers.twitter import TwitterConfig, preview_twitter, send_twitter
from webmon.notifiers.webhook import WebhookConfig, preview_webhook, send_webhook
from webmon.proxies import of_environment

log = logging.getLogger(__name__)

LONGEST_SEND_SECONDS = 60.0
"""A notifier ends by itself within half a minute. One that takes longer than this has failed.
Shorter than the lease of a channel (`commands.notifications.leases`)."""

NOTIFIERS: dict[str, NotifierKind] = {
    "email": NotifierKind(
        "E-mail",
        EmailConfig,
        blocking(send_email),
        preview_email,
        sends="one mail to all recipients, as text and HTML; follow-ups as replies",
        required=("to",),
    ),
    "slack": NotifierKind(
        "Slack",
        SlackConfig,
        send_slack,
        preview_slack,
        load=transport.load,
        sends="a message to the channel of an incoming webhook",
        is_quiet_in_downtime=True,
        is_addressed=True,
    ),
    "twitter": NotifierKind(
        "X (Twitter)",
        TwitterConfig,
        blocking(send_twitter),
        preview_twitter,
        sends="a post of at most 280 characters, follow-ups as replies",
        is_public=True,
        is_quiet_in_downtime=True,
        weigh=weighted_length,
        most_weight=MOST_WEIGHT,
        budget=lambda config: config.monthly_budget,
    ),
    "webhook": NotifierKind(
        "Webhook",
        WebhookConfig,
        send_webhook,
        preview_webhook,
        load=transport.load,
        sends="JSON to a program, signed with the secret",
        is_addressed=True,
    ),
    "apprise": NotifierKind(
        "Another service (Apprise)",
        AppriseConfig,
        blocking(send_apprise),
        preview_apprise,
        load=load_apprise,
        sends="title and text to any of the services that Apprise knows",
        is_addressed=True,
    ),
}


def prepare(kind: str) -> None:
    """Load the libraries that a kind needs on the event loop. Takes up to a second the first time.

    A library that is missing is reported by `read_definition` or `run`.
    """
    if kind in NOTIFIERS:
        with suppress(ImportError):
            NOTIFIERS[kind].load()


Definition = tuple[NotifierKind, NotifierConfig]
"""What sends to a channel, and the channel's settings with the secrets in the clear."""


def read_definition(kind: str, config: Any) -> Definition:
    """From what is stored of a channel; ``config`` is sealed.

    Raises:
        NotifierError: the kind is not known, or the config cannot be used.
    """
    known = NOTIFIERS.get(kind)
    if known is None:
        raise NotifierError(f"unknown kind of channel: {kind}", permanent=True)
    try:
        return known, known.config.model_validate(crypto.unseal(config))
    except (ValidationError, Invalid) as error:
        text = f"the channel's configuration cannot be used: {what_is_wrong(error)}"
        raise NotifierError(text, permanent=True) from None
    except ImportError as error:
        raise NotifierError(f"what sends to this kind cannot be loaded: {error}") from None


async def run(
    kind: NotifierKind,
    config: NotifierConfig,
    message: Message,
    surroundings: Surroundings,
    reach: Reach = ANYWHERE,
) -> Receipt | NotifierError:
    """Send once, for at most `LONGEST_SEND_SECONDS`. Every failure is returned as an error.

    What the config names is connected to only within ``reach``.
    """
    if not kind.is_addressed:
        return await _sent(kind, config, message, surroundings)
    with guarded(reach, await _proxies()) as watch:
        answer = await _sent(kind, config, message, surroundings)
    if watch.refused and isinstance(answer, NotifierError):
        return NotifierError(f"not sent: {watch.refused}", permanent=watch.is_final)
    return answer


async def _proxies() -> frozenset[Place]:
    """Where the proxies of the environment are: who runs this program has chosen them."""
    routes, found = of_environment(), set[Place]()
    for host, port in routes.places if routes is not None else ():
        with suppress(OSError):
            rows = await asyncio.get_running_loop().getaddrinfo(host, port)
            found |= {(str(row[4][0]), port) for row in rows}
    return frozenset(found)


async def _sent(
    kind: NotifierKind, config: NotifierConfig, message: Message, surroundings: Surroundings
) -> Receipt | NotifierError:
    try:
        async with asyncio.timeout(LONGEST_SEND_SECONDS):
            return await kind.send(config, message, surroundings)
    except NotifierError as error:
        return error
    except TimeoutError:
        text = f"no answer within {LONGEST_SEND_SECONDS:g} s"
        return NotifierError(text, may_have_arrived=True)
    except Exception as error:
        # The one place where a notifier's own fault is caught: it must not lose the message.
        log.exception("the notifier %s failed", kind.title)
        return NotifierError(f"sending failed: {type(error).__name__}")
