"""What every notifier shares: its config's base class, and what it returns or raises."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict

from webmon.domain.notifications.news import Message
from webmon.threads import in_thread


class NotifierConfig(BaseModel):
    """The settings of one channel kind. Every field has a title: the admin form shows it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @property
    def places(self) -> dict[str, str]:
        """The hosts that it sends to, by the field that names them."""
        return {}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a notifier needs besides its own config and the message."""

    base_url: str
    """Where people reach the product, without a slash at the end."""
    smtp_url: str = field(default="", repr=False)
    x_api_url: str = ""
    slack_app: bool = False
    """Clicks on buttons in Slack come back to us."""
    calendar: bytes = field(default=b"", repr=False)
    """A calendar file that belongs to the message; empty for none."""
    admins: tuple[str, ...] = ()
    """The addresses of the administrators, for the channel that is theirs."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """A mail for those of its recipients whom the mail server has put off (4xx)."""

    recipients: tuple[str, ...]
    mail: str = field(repr=False)
    """As it is sent: in ASCII."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receiver took a message. ``reference`` lets later messages reply to it (a post's id, a
    Message-ID).

    ``note`` says what went wrong nevertheless, such as a recipient that was refused.
    ``had_before``: the receiver had the message from an earlier try, and does not show it twice.
    """

    reference: str = ""
    note: str = ""
    had_before: bool = False
    deferred: Deferred | None = None
    """Who has not got it yet, and is to be tried again alone."""


class NotifierError(Exception):
    """The receiver did not take a message. The text is for an admin, and contains no secret.

    ``permanent``: trying again does not help; the channel's settings are wrong.
    ``retry_after_seconds``: the server has said when to try again.
    ``may_have_arrived``: the message was sent in full, but no answer came.
    """

    def __init__(
        self,
        text: str,
        *,
        permanent: bool = False,
        retry_after_seconds: float | None = None,
        may_have_arrived: bool = False,
    ) -> None:
        super().__init__(text)
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds
        self.may_have_arrived = may_have_arrived


Send = Callable[[Any, Message, Surroundings], Awaitable[Receipt]]
"""(config, message, surroundings): runs on the event loop, and ends within half a minute."""

BlockingSend = Callable[[Any, Message, Surroundings], Receipt]


def blocking(send: BlockingSend) -> Send:
    """A notifier whose library blocks, as a coroutine: each send gets a thread.

    Not in the pool of the checks: commands that hang over SSH would delay messages, and a receiver
    that never ends its answer would keep a thread of the pool. The worker bounds how many channels
    are sent to at once, and so the threads.
    """

    async def send_in_thread(config: Any, message: Message, surroundings: Surroundings) -> Receipt:
        return await in_thread(partial(send, config, message, surroundings), name="send")

    return send_in_thread


def load_nothing() -> None:
    """For a kind whose libraries are loaded in the thread that sends."""


def any_number(_config: Any) -> int | None:
    """The budget of a kind that has none."""
    return None


@dataclass(frozen=True, slots=True)
class NotifierKind:
    """An entry of the registry."""

    title: str
    config: type[NotifierConfig]
    send: Send
    preview: Callable[[Any, Message], str]
    """The text that would be sent, for the admin app; pure."""
    load: Callable[[], None] = load_nothing
    """Loads what reading a config or sending needs on the event loop; blocks up to a second."""
    sends: str = ""
    """What arrives there; for the table in docs/notifications.md."""
    is_addressed: bool = False
    """A channel's config says where to send: only where its namespace may."""
    required: tuple[str, ...] = ()
    """Fields that only the administrators' channel may leave at their defaults."""
    is_quiet_in_downtime: bool = False
    """It gets nothing of what is in planned downtime, until that is over."""
    is_public: bool = False
    """Everybody can read it: no news of the monitor itself, and none of private services."""
    weigh: Callable[[str], int] | None = None
    """Length of a text by the receiver's own rules, if it takes at most ``most_weight``."""
    most_weight: int = 0
    budget: Callable[[Any], int | None] = any_number
    """Messages per calendar month that the config allows; None for any number."""
