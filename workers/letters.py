"""Send the letters that are due, one after the other."""

import logging
from functools import partial

from webmon import clock, config
from webmon.commands.accounts import letters
from webmon.commands.accounts.letters import DueLetter
from webmon.domain.notifications.messages.letters import (
    address_letter,
    invitation_letter,
    moved_letter,
    password_letter,
    test_letter,
)
from webmon.notifiers.base import NotifierError, Surroundings
from webmon.notifiers.letters import send_letter
from webmon.threads import in_thread
from workers.deliver import Transaction

log = logging.getLogger(__name__)


async def send_letters(in_database: Transaction) -> None:
    """Send what is due; what the mail server does not take is tried again for an hour."""
    due = await in_database(lambda session: letters.claim_letters(session, now=clock.utcnow()))
    for letter_id in due:
        write = partial(letters.write_letter, letter_id=letter_id, now=clock.utcnow())
        letter = await in_database(write)
        if letter is not None:
            await _send(in_database, letter)


async def _send(in_database: Transaction, letter: DueLetter) -> None:
    settings = config.settings()
    surroundings = Surroundings(settings.public_url, settings.smtp_url.get_secret_value())
    subject, text = _contents(letter, settings.public_url)
    send = partial(send_letter, letter.email, subject, text, surroundings, now=clock.utcnow())
    error, is_final = "", False
    try:
        await in_thread(send, name="letter")
    except NotifierError as problem:
        error, is_final = str(problem), problem.permanent
        log.warning("a letter was not sent: %s", problem)
    note = partial(letters.note_sent, letter_id=letter.id, error=error, is_final=is_final)
    await in_database(lambda session: note(session, now=clock.utcnow()))


def _contents(letter: DueLetter, base_url: str) -> tuple[str, str]:
    match letter.occasion.value:
        case "password":
            return password_letter(base_url, letter.token)
        case "invitation":
            return invitation_letter(base_url, letter.token)
        case "address":
            return address_letter(base_url, letter.token, letter.account)
        case "moved":
            return moved_letter(base_url, letter.account)
    return test_letter(base_url)
